using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.Kinds.Network;

/// <summary>What a Service must be (kubernetes pkg/apis/core/validation, ValidateService).</summary>
internal static class ServiceRules
{
    /// <summary>Checks a Service.</summary>
    public static void Validate(JsonObject doc, ServiceRanges ranges, FieldErrors errors)
    {
        JsonObject spec = doc.Ensure("spec");
        string type = spec.Text("type"), address = spec.Text("clusterIP");
        PodSpecRules.OneOf(spec, "type", "spec", errors, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        PodSpecRules.OneOf(spec, "sessionAffinity", "spec", errors, "ClientIP", "None");
        PodSpecRules.OneOf(spec, "internalTrafficPolicy", "spec", errors, "Cluster", "Local");
        PodSpecRules.OneOf(spec, "externalTrafficPolicy", "spec", errors, "Cluster", "Local");
        PodSpecRules.OneOf(spec, "trafficDistribution", "spec", errors, "PreferClose");
        if (spec.Number("sessionAffinityConfig.clientIP.timeoutSeconds") is long timeout and (<= 0 or > 86_400))
            errors.Invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", timeout, "must be greater than 0 and less than 86400");
        if (!spec.Objects("ports").Any() && address != "None" && type != "ExternalName")
            errors.Required("spec.ports");
        Address(type, address, ranges, errors);
        Ports(spec, type, ranges, errors);
        if (spec.Number("healthCheckNodePort") is long health and not 0)
            HealthCheck(spec, health, ranges, errors);
        MetadataRules.Labels(spec.Object("selector"), "spec.selector", errors);
        int index = 0;
        foreach (string external in spec.Texts("externalIPs"))
        {
            string at = $"spec.externalIPs[{index++}]";
            if (!AddressRules.IsAddress(external))
                errors.Invalid(at, external, AddressRules.AddressRule);
        }

        if (type == "ExternalName")
            ExternalName(spec.Text("externalName"), errors);
    }

    private static void Address(string type, string address, ServiceRanges ranges, FieldErrors errors)
    {
        if (type == "ExternalName")
        {
            if (address.Length > 0)
                errors.Forbidden("spec.clusterIPs", "may not be set when `type` is 'ExternalName'");
            return;
        }

        if (address.Length == 0 || (address == "None" && type == "ClusterIP"))
            return;
        if (address == "None")
            errors.Invalid("spec.clusterIPs[0]", address, $"may not be set to 'None' for {type} services");
        else if (!AddressRules.IsAddress(address) || !Ipv4Address.TryParse(address, out Ipv4Address parsed))
            errors.Invalid("spec.clusterIPs[0]", address, AddressRules.AddressRule);
        else if (!ranges.Addresses.Contains(parsed) || parsed == ranges.Addresses.Network || parsed == ranges.Addresses.Broadcast)
            errors.Invalid("spec.clusterIPs", new GoSyntax.Strings([address]), $"failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. The range of valid IPs is {ranges.Addresses}");
    }

    private static void Ports(JsonObject spec, string type, ServiceRanges ranges, FieldErrors errors)
    {
        JsonObject[] ports = [.. spec.Objects("ports")];
        var names = new HashSet<string>(StringComparer.Ordinal);
        var numbers = new HashSet<(string, long)>();
        var nodePorts = new HashSet<(string, long)>();
        for (int i = 0; i < ports.Length; i++)
        {
            JsonObject port = ports[i];
            string at = $"spec.ports[{i}]", name = port.Text("name");
            long number = port.Number("port") ?? 0;
            if (name.Length == 0 && ports.Length > 1)
                errors.Required($"{at}.name");
            else if (name.Length > 0 && !ObjectNames.IsLabel(name))
                errors.Invalid($"{at}.name", name, ObjectNames.LabelRule);
            else if (name.Length > 0 && !names.Add(name))
                errors.Duplicate($"{at}.name", name);
            if (!PortRules.IsPort(number))
                errors.Invalid($"{at}.port", number, PortRules.Range);
            PodSpecRules.OneOf(port, "protocol", at, errors, "SCTP", "TCP", "UDP");
            PortRules.NumberOrName(port["targetPort"], $"{at}.targetPort", errors);
            if (!numbers.Add((port.Text("protocol"), number)))
                errors.Duplicate(at, $"{port.Text("protocol")}/{number}");
            NodePort(port, at, type, nodePorts, ranges, errors);
        }
    }

    private static void NodePort(JsonObject port, string at, string type, HashSet<(string, long)> seen, ServiceRanges ranges, FieldErrors errors)
    {
        if (port.Number("nodePort") is not (long number and not 0))
            return;
        if (type is not ("NodePort" or "LoadBalancer"))
            errors.Forbidden($"{at}.nodePort", $"may not be used when `type` is '{type}'");
        else if (number < ranges.FirstNodePort || number > ranges.LastNodePort)
            errors.Invalid($"{at}.nodePort", number, $"provided port is not in the valid range. The range of valid ports is {ranges.FirstNodePort}-{ranges.LastNodePort}");
        else if (!seen.Add((port.Text("protocol"), number)))
            errors.Duplicate($"{at}.nodePort", number);
    }

    private static void HealthCheck(JsonObject spec, long number, ServiceRanges ranges, FieldErrors errors)
    {
        if (!ServiceKind.NeedsHealthCheck(spec))
            errors.Invalid("spec.healthCheckNodePort", number, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
        else if (number < ranges.FirstNodePort || number > ranges.LastNodePort)
            errors.Invalid("spec.healthCheckNodePort", number, $"provided port is not in the valid range. The range of valid ports is {ranges.FirstNodePort}-{ranges.LastNodePort}");
    }

    private static void ExternalName(string name, FieldErrors errors)
    {
        string host = name.TrimEnd('.');
        if (host.Length == 0)
            errors.Required("spec.externalName");
        else if (!ObjectNames.IsSubdomain(host))
            errors.Invalid("spec.externalName", host, ObjectNames.SubdomainRule);
    }
}
