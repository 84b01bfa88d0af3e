using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;
using k8s.Models;

namespace ActorNet.Kubernetes.Kinds;

/// <summary>What a pod's spec must be (kubernetes pkg/apis/core/validation/validation.go).</summary>
internal static class PodSpecRules
{
    private const string EnvironmentRule = "a valid environment variable name must consist only of printable ASCII characters other than '='";

    /// <summary>Checks a spec, of a pod or a template.</summary>
    public static void Validate(JsonObject spec, string path, FieldErrors errors)
    {
        HashSet<string> volumes = Volumes(spec, path, errors);
        var names = new HashSet<string>(StringComparer.Ordinal);
        if (!spec.Objects("containers").Any())
            errors.Required($"{path}.containers");
        foreach (string list in new[] { "containers", "initContainers", "ephemeralContainers" })
        {
            int index = 0;
            foreach (JsonObject container in spec.Objects(list))
                Container(container, $"{path}.{list}[{index++}]", names, volumes, errors);
        }

        OneOf(spec, "restartPolicy", path, errors, "Always", "OnFailure", "Never");
        OneOf(spec, "dnsPolicy", path, errors, "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None");
        if (spec.Number("activeDeadlineSeconds") is long deadline and (< 1 or > int.MaxValue))
            errors.Invalid($"{path}.activeDeadlineSeconds", deadline, "must be between 1 and 2147483647, inclusive");
        if (spec.Number("terminationGracePeriodSeconds") is long grace and < 0)
            errors.Invalid($"{path}.terminationGracePeriodSeconds", grace, "must be greater than or equal to 0");
        if (spec.Text("nodeName") is { Length: > 0 } node && !ObjectNames.IsSubdomain(node))
            errors.Invalid($"{path}.nodeName", node, ObjectNames.SubdomainRule);
        if (spec.Text("serviceAccountName") is { Length: > 0 } account && !ObjectNames.IsSubdomain(account))
            errors.Invalid($"{path}.serviceAccountName", account, ObjectNames.SubdomainRule);
        MetadataRules.Labels(spec.Object("nodeSelector"), $"{path}.nodeSelector", errors);
        Tolerations(spec, path, errors);
        if (spec.Text("hostname") is { Length: > 0 } host && !ObjectNames.IsLabel(host))
            errors.Invalid($"{path}.hostname", host, ObjectNames.LabelRule);
    }

    private static HashSet<string> Volumes(JsonObject spec, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int index = 0;
        foreach (JsonObject volume in spec.Objects("volumes"))
        {
            string at = $"{path}.volumes[{index++}]", name = volume.Text("name");
            if (name.Length == 0)
                errors.Required($"{at}.name");
            else if (!ObjectNames.IsLabel(name))
                errors.Invalid($"{at}.name", name, ObjectNames.LabelRule);
            else if (!names.Add(name))
                errors.Duplicate($"{at}.name", name);
            string[] sources = [.. volume.Select(each => each.Key).Where(key => key != "name")];
            if (sources.Length > 1)
                errors.Forbidden($"{at}.{sources[1]}", "may not specify more than 1 volume type");
            if (volume.Object("configMap") is { } map && map.Text("name").Length == 0)
                errors.Required($"{at}.configMap.name");
            if (volume.Object("secret") is { } secret && secret.Text("secretName").Length == 0)
                errors.Required($"{at}.secret.secretName");
        }

        return names;
    }

    private static void Container(JsonObject container, string path, HashSet<string> names, HashSet<string> volumes, FieldErrors errors)
    {
        string name = container.Text("name"), image = container.Text("image");
        if (name.Length == 0)
            errors.Required($"{path}.name");
        else if (!ObjectNames.IsLabel(name))
            errors.Invalid($"{path}.name", name, ObjectNames.LabelRule);
        else if (!names.Add(name))
            errors.Duplicate($"{path}.name", name);
        if (image.Length == 0)
            errors.Required($"{path}.image");
        else if (image.Trim().Length != image.Length)
            errors.Invalid($"{path}.image", image, "must not have leading or trailing whitespace");
        OneOf(container, "imagePullPolicy", path, errors, "Always", "IfNotPresent", "Never");
        Ports(container, path, errors);
        Environment(container, path, errors);
        Mounts(container, path, volumes, errors);
        Resources(container, $"{path}.resources", errors);
        foreach (string probe in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Object(probe) is { } settings)
                Probe(settings, $"{path}.{probe}", probe, errors);
        }
    }

    private static void Ports(JsonObject container, string path, FieldErrors errors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int index = 0;
        foreach (JsonObject port in container.Objects("ports"))
        {
            string at = $"{path}.ports[{index++}]", name = port.Text("name");
            long number = port.Number("containerPort") ?? 0, host = port.Number("hostPort") ?? 0;
            if (name.Length > 0 && !ObjectNames.IsPortName(name))
                errors.Invalid($"{at}.name", name, PortRules.NameProblem(name));
            else if (name.Length > 0 && !names.Add(name))
                errors.Duplicate($"{at}.name", name);
            if (number == 0)
                errors.Required($"{at}.containerPort");
            else if (!PortRules.IsPort(number))
                errors.Invalid($"{at}.containerPort", number, PortRules.Range);
            if (host != 0 && !PortRules.IsPort(host))
                errors.Invalid($"{at}.hostPort", host, PortRules.Range);
            OneOf(port, "protocol", at, errors, "SCTP", "TCP", "UDP");
        }
    }

    private static void Environment(JsonObject container, string path, FieldErrors errors)
    {
        int index = 0;
        foreach (JsonObject env in container.Objects("env"))
        {
            string at = $"{path}.env[{index++}]", name = env.Text("name");
            if (name.Length == 0)
                errors.Required($"{at}.name");
            else if (name.Any(c => c is < ' ' or > '~' or '='))
                errors.Invalid($"{at}.name", name, EnvironmentRule);
            if (env.Object("valueFrom") is { } from)
            {
                if (env.Text("value").Length > 0)
                    errors.Invalid($"{at}.valueFrom", "", "may not be specified when `value` is not empty");
                else if (from.Count == 0)
                    errors.Invalid($"{at}.valueFrom", "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`");
                else if (from.Count > 1)
                    errors.Invalid($"{at}.valueFrom", "", "may not have more than one field specified at a time");
            }
        }
    }

    private static void Mounts(JsonObject container, string path, HashSet<string> volumes, FieldErrors errors)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        int index = 0;
        foreach (JsonObject mount in container.Objects("volumeMounts"))
        {
            string at = $"{path}.volumeMounts[{index++}]", name = mount.Text("name"), target = mount.Text("mountPath");
            if (name.Length == 0)
                errors.Required($"{at}.name");
            else if (!volumes.Contains(name))
                errors.NotFound($"{at}.name", name);
            if (target.Length == 0)
                errors.Required($"{at}.mountPath");
            else if (!paths.Add(target))
                errors.Invalid($"{at}.mountPath", target, "must be unique");
        }
    }

    private static void Resources(JsonObject container, string path, FieldErrors errors)
    {
        JsonObject limits = container.Object("resources.limits") ?? [], requests = container.Object("resources.requests") ?? [];
        foreach ((string list, JsonObject quantities) in new[] { ("limits", limits), ("requests", requests) })
        {
            foreach ((string name, _) in quantities)
            {
                if (quantities.Text(name) is { } text && Amount(text) < 0)
                    errors.Invalid($"{path}.{list}[{name}]", text, "must be greater than or equal to 0");
            }
        }

        foreach ((string name, _) in requests)
        {
            if (limits[name] is not null && Amount(requests[name]!.GetValue<string>()) > Amount(limits[name]!.GetValue<string>()))
                errors.Invalid($"{path}.requests", requests[name]!.GetValue<string>(), $"must be less than or equal to {name} limit of {limits[name]!.GetValue<string>()}");
        }
    }

    private static decimal Amount(string quantity) => new ResourceQuantity(quantity).ToDecimal();

    private static void Probe(JsonObject probe, string path, string name, FieldErrors errors)
    {
        string[] handlers = ["exec", "httpGet", "tcpSocket", "grpc"];
        int found = handlers.Count(each => probe[each] is not null);
        if (found == 0)
            errors.Required(path, "must specify a handler type");
        else if (found > 1)
            errors.Forbidden($"{path}.{handlers.Last(each => probe[each] is not null)}", "may not specify more than 1 handler type");
        foreach (string field in new[] { "initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold" })
        {
            if (probe.Number(field) is long value and < 0)
                errors.Invalid($"{path}.{field}", value, "must be greater than or equal to 0");
        }

        if (name != "readinessProbe" && probe.Number("successThreshold") is long threshold and not 1)
            errors.Invalid($"{path}.successThreshold", threshold, "must be 1");
        if (probe.Object("httpGet") is { } get)
        {
            OneOf(get, "scheme", $"{path}.httpGet", errors, "HTTP", "HTTPS");
            PortRules.NumberOrName(get["port"], $"{path}.httpGet.port", errors);
        }

        if (probe.Object("tcpSocket") is { } socket)
            PortRules.NumberOrName(socket["port"], $"{path}.tcpSocket.port", errors);
        if (probe.Object("exec") is { } exec && !exec.Texts("command").Any())
            errors.Required($"{path}.exec.command");
    }

    private static void Tolerations(JsonObject spec, string path, FieldErrors errors)
    {
        int index = 0;
        foreach (JsonObject toleration in spec.Objects("tolerations"))
        {
            string at = $"{path}.tolerations[{index++}]";
            OneOf(toleration, "operator", at, errors, "Equal", "Exists");
            OneOf(toleration, "effect", at, errors, "NoSchedule", "PreferNoSchedule", "NoExecute");
            if (toleration.Text("key").Length == 0 && toleration.Text("operator") != "Exists")
                errors.Invalid($"{at}.operator", toleration.Text("operator"), "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
        }
    }

    /// <summary>Checks a field that knows a few values; absent and empty pass.</summary>
    internal static void OneOf(JsonObject doc, string field, string path, FieldErrors errors, params string[] values)
    {
        if (doc.Text(field) is { Length: > 0 } value && !values.Contains(value))
            errors.NotSupported($"{path}.{field}", value, [.. values.Order(StringComparer.Ordinal)]);
    }
}
