using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;

namespace ActorNet.Kubernetes.Kinds;

/// <summary>What a pod's spec means where it is silent (kubernetes pkg/apis/core/v1/defaults.go).</summary>
internal static class PodSpecDefaults
{
    /// <summary>Fills in a spec, of a pod or a template.</summary>
    public static void Apply(JsonObject spec)
    {
        spec.Default("restartPolicy", "Always");
        spec.Default("dnsPolicy", "ClusterFirst");
        spec.Default("schedulerName", "default-scheduler");
        if (spec["terminationGracePeriodSeconds"] is null)
            spec["terminationGracePeriodSeconds"] = 30L;
        if (spec["securityContext"] is null)
            spec["securityContext"] = new JsonObject();
        // The deprecated name follows the other one, both ways.
        if (spec.Text("serviceAccountName") is { Length: > 0 } account)
            spec["serviceAccount"] = account;
        else if (spec.Text("serviceAccount") is { Length: > 0 } old)
            spec["serviceAccountName"] = old;
        bool hostNetwork = spec.Flag("hostNetwork");
        foreach (string list in new[] { "initContainers", "containers", "ephemeralContainers" })
        {
            foreach (JsonObject container in spec.Objects(list))
                Container(container, hostNetwork);
        }

        foreach (JsonObject volume in spec.Objects("volumes"))
            Volume(volume);
    }

    private static void Container(JsonObject container, bool hostNetwork)
    {
        container.Default("imagePullPolicy", IsLatest(container.Text("image")) ? "Always" : "IfNotPresent");
        container.Default("terminationMessagePath", "/dev/termination-log");
        container.Default("terminationMessagePolicy", "File");
        foreach (JsonObject port in container.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (hostNetwork && (port.Number("hostPort") ?? 0) == 0)
                port["hostPort"] = (int)(port.Number("containerPort") ?? 0);
        }

        foreach (JsonObject env in container.Objects("env"))
            env.Object("valueFrom.fieldRef")?.Default("apiVersion", "v1");
        foreach (string probe in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Object(probe) is { } settings)
                Probe(settings);
        }

        foreach (string hook in new[] { "lifecycle.postStart", "lifecycle.preStop" })
        {
            if (container.Object(hook) is { } handler)
                Handler(handler);
        }

        RequestsFromLimits(container);
    }

    private static void RequestsFromLimits(JsonObject container)
    {
        if (container.Object("resources.limits") is not { } limits)
            return;
        JsonObject requests = container.Ensure("resources.requests");
        foreach ((string name, JsonNode? value) in limits)
        {
            if (requests[name] is null)
                requests[name] = value?.DeepClone();
        }
    }

    private static void Probe(JsonObject probe)
    {
        foreach ((string name, int value) in new[] { ("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3) })
        {
            if ((probe.Number(name) ?? 0) == 0)
                probe[name] = value;
        }

        Handler(probe);
        if (probe.Object("grpc") is { } grpc && grpc["service"] is null)
            grpc["service"] = "";
    }

    private static void Handler(JsonObject handler)
    {
        if (handler.Object("httpGet") is not { } get)
            return;
        get.Default("path", "/");
        get.Default("scheme", "HTTP");
    }

    private static void Volume(JsonObject volume)
    {
        string[] sources = [.. volume.Select(each => each.Key).Where(name => name != "name")];
        if (sources.Length == 0)
            volume["emptyDir"] = new JsonObject();
        foreach (string source in new[] { "secret", "configMap", "downwardAPI", "projected" })
        {
            if (volume.Object(source) is { } files && files["defaultMode"] is null)
                files["defaultMode"] = 0b110_100_100;
        }

        foreach (JsonObject item in volume.Objects("downwardAPI.items"))
            item.Object("fieldRef")?.Default("apiVersion", "v1");
        if (volume.Object("hostPath") is { } path && path["type"] is null)
            path["type"] = "";
    }

    // The tag stands behind the last colon of the last path element; a digest is never the latest.
    private static bool IsLatest(string image)
    {
        if (image.Contains('@', StringComparison.Ordinal))
            return false;
        string name = image[(image.LastIndexOf('/') + 1)..];
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || name[(colon + 1)..] == "latest";
    }
}
