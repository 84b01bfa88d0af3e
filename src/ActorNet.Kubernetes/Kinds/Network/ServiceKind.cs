using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.Kinds.Network;

/// <summary>Where Services get their addresses and ports.</summary>
/// <param name="Addresses">The range of cluster IPs (--service-cluster-ip-range).</param>
/// <param name="FirstNodePort">The first node port (--service-node-port-range).</param>
/// <param name="LastNodePort">The last one.</param>
public sealed record ServiceRanges(Ipv4Prefix Addresses, int FirstNodePort = 30_000, int LastNodePort = 32_767)
{
    /// <summary>kubeadm's: 10.96.0.0/12 and 30000-32767.</summary>
    public static ServiceRanges Default { get; } = new(Ipv4Prefix.Parse("10.96.0.0/12"));
}

/// <summary>Services (kubernetes pkg/registry/core/service).</summary>
/// <param name="ranges">Where addresses and ports come from.</param>
public sealed class ServiceKind(ServiceRanges ranges) : KindDescriptor("", "v1", "Service", "services")
{
    private const string Addresses = "serviceips", NodePorts = "servicenodeports";

    private static readonly IReadOnlyDictionary<string, Func<JsonObject, string>> Selectable = new Dictionary<string, Func<JsonObject, string>>
    {
        ["spec.clusterIP"] = doc => doc.Text("spec.clusterIP"),
        ["spec.type"] = doc => doc.Text("spec.type"),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["svc"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool HasStatus => true;

    /// <inheritdoc/>
    public override bool AllowsCreateOnUpdate => true;

    /// <inheritdoc/>
    public override bool ReturnsDeletedObject => true;

    /// <inheritdoc/>
    public override NameRule Names => NameRule.Label1035;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<JsonObject, string>> SelectableFields => Selectable;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClaimPools => [Addresses, NodePorts];

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Field("Type", "spec.type"),
        Column.Field("Cluster-IP", "spec.clusterIP", "<none>"),
        Column.Text("External-IP", ExternalAddresses),
        Column.Text("Port(s)", Ports),
        Column.Age,
        Column.Text("Selector", doc => Column.MapText(doc, "spec.selector"), 1),
    ];

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        JsonObject spec = doc.Ensure("spec");
        spec.Default("type", "ClusterIP");
        spec.Default("sessionAffinity", "None");
        if (spec.Text("sessionAffinity") == "ClientIP" && spec.Number("sessionAffinityConfig.clientIP.timeoutSeconds") is null)
            spec.Ensure("sessionAffinityConfig.clientIP")["timeoutSeconds"] = 10_800;
        string type = spec.Text("type");
        foreach (JsonObject port in spec.Objects("ports"))
        {
            port.Default("protocol", "TCP");
            if (port["targetPort"] is not JsonValue target || target.ToString() is "" or "0")
                port["targetPort"] = (int)(port.Number("port") ?? 0);
        }

        if (type == "ExternalName")
            return;
        spec.Default("internalTrafficPolicy", "Cluster");
        spec.Default("ipFamilyPolicy", "SingleStack");
        if (!spec.Texts("ipFamilies").Any())
            spec["ipFamilies"] = new JsonArray("IPv4");
        if (type is "NodePort" or "LoadBalancer")
            spec.Default("externalTrafficPolicy", "Cluster");
        if (type == "LoadBalancer" && spec["allocateLoadBalancerNodePorts"] is null)
            spec["allocateLoadBalancerNodePorts"] = true;
        SyncAddresses(spec);
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject doc) => doc["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() };

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject doc, JsonObject old)
    {
        JsonObject spec = doc.Ensure("spec"), before = old.Ensure("spec");
        string type = spec.Text("type"), was = before.Text("type");
        // A client that leaves the allocated fields out keeps them (patchAllocatedValues).
        if (type != "ExternalName" && was != "ExternalName" && spec.Text("clusterIP").Length == 0 && before.Text("clusterIP").Length > 0)
        {
            spec["clusterIP"] = before.Text("clusterIP");
            spec["clusterIPs"] = before["clusterIPs"]?.DeepClone();
        }

        if (NeedsNodePorts(spec) && NeedsNodePorts(before))
        {
            foreach (JsonObject port in spec.Objects("ports").Where(port => (port.Number("nodePort") ?? 0) == 0))
            {
                JsonObject? same = before.Objects("ports").FirstOrDefault(each => PortKey(each) == PortKey(port));
                if (same?.Number("nodePort") is long number and not 0)
                    port["nodePort"] = (int)number;
            }
        }

        if (NeedsHealthCheck(spec) && NeedsHealthCheck(before) && (spec.Number("healthCheckNodePort") ?? 0) == 0 && before.Number("healthCheckNodePort") is long health and not 0)
            spec["healthCheckNodePort"] = (int)health;
        // A change of type drops what the new type has no use for, unless the client changed it too (dropTypeDependentFields).
        if (was != "ExternalName" && type == "ExternalName" && spec.Text("clusterIP") == before.Text("clusterIP"))
            Drop(spec, "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy");
        if (NeedsNodePorts(before) && !NeedsNodePorts(spec))
        {
            foreach (JsonObject port in spec.Objects("ports"))
                port.Remove("nodePort");
        }

        if (NeedsHealthCheck(before) && !NeedsHealthCheck(spec) && spec.Number("healthCheckNodePort") == before.Number("healthCheckNodePort"))
            Drop(spec, "healthCheckNodePort");
        if (type is not ("NodePort" or "LoadBalancer"))
            Drop(spec, "externalTrafficPolicy", "healthCheckNodePort");
        if (type != "LoadBalancer")
            Drop(spec, "allocateLoadBalancerNodePorts", "loadBalancerClass");
        Default(doc);
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors) => ServiceRules.Validate(doc, ranges, errors);

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        if (old.Text("spec.type") == "ExternalName" || doc.Text("spec.type") == "ExternalName")
            return;
        if (old.Text("spec.clusterIP") is { Length: > 0 } before && before != doc.Text("spec.clusterIP"))
            errors.Invalid("spec.clusterIPs[0]", new GoSyntax.Strings([doc.Text("spec.clusterIP")]), "may not change once set");
    }

    /// <inheritdoc/>
    public override IEnumerable<Claim> Claims(JsonObject doc)
    {
        string address = doc.Text("spec.clusterIP");
        if (address is not ("" or "None"))
            yield return AddressClaim(address);
        int index = -1;
        foreach (JsonObject port in doc.Objects("spec.ports"))
        {
            index++;
            if (port.Number("nodePort") is long number and not 0)
                yield return PortClaim(number, port.Text("protocol"), index);
        }

        if (doc.Number("spec.healthCheckNodePort") is long health and not 0)
            yield return HealthClaim(health);
    }

    /// <inheritdoc/>
    public override void Allocate(JsonObject doc, JsonObject? old, Func<Claim, bool> taken, ulong seed)
    {
        JsonObject spec = doc.Ensure("spec");
        if (spec.Text("type") != "ExternalName" && spec.Text("clusterIP").Length == 0)
        {
            spec["clusterIP"] = FreeAddress(taken, seed) ?? throw ApiErrors.Internal("failed to allocate a serviceIP: range is full");
            SyncAddresses(spec);
        }

        var chosen = new HashSet<string>(Claims(doc).Where(static claim => claim.Pool == NodePorts).Select(static claim => claim.Key));
        if (NeedsNodePorts(spec))
        {
            foreach (JsonObject port in spec.Objects("ports").Where(port => port.Number("nodePort") is null or 0))
                port["nodePort"] = FreePort(port.Text("protocol"), taken, chosen, seed) ?? throw ApiErrors.Internal("failed to allocate a nodePort: range is full");
        }

        if (NeedsHealthCheck(spec) && spec.Number("healthCheckNodePort") is null or 0)
            spec["healthCheckNodePort"] = FreePort("TCP", taken, chosen, seed) ?? throw ApiErrors.Internal("failed to allocate a HealthCheck NodePort: range is full");
    }

    /// <summary>Whether kube-proxy answers a load balancer's question for local endpoints (pkg/api/service/util.go NeedsHealthCheck).</summary>
    internal static bool NeedsHealthCheck(JsonObject spec) => spec.Text("type") == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";

    private static Claim AddressClaim(string address) =>
        new(Addresses, address, "spec.clusterIPs", new GoSyntax.Strings([address]), $"failed to allocate IP {address}: provided IP is already allocated");

    private static Claim PortClaim(long number, string protocol, int index = 0) =>
        new(NodePorts, PortKey(number, protocol), $"spec.ports[{index}].nodePort", number, "provided port is already allocated");

    private static Claim HealthClaim(long number) =>
        new(NodePorts, PortKey(number, "TCP"), "spec.healthCheckNodePort", number, "provided port is already allocated");

    private static string PortKey(long number, string protocol) => string.Create(CultureInfo.InvariantCulture, $"{number}-{protocol}");

    private static (string, long) PortKey(JsonObject port) => (port.Text("protocol"), port.Number("port") ?? 0);

    private static bool NeedsNodePorts(JsonObject spec) =>
        spec.Text("type") == "NodePort" || (spec.Text("type") == "LoadBalancer" && (spec["allocateLoadBalancerNodePorts"] is null || spec.Flag("allocateLoadBalancerNodePorts")));

    private static void SyncAddresses(JsonObject spec)
    {
        string address = spec.Text("clusterIP");
        if (address.Length > 0 && !spec.Texts("clusterIPs").Any())
            spec["clusterIPs"] = new JsonArray(address);
        else if (address.Length == 0 && spec.Texts("clusterIPs").FirstOrDefault() is { Length: > 0 } first)
            spec["clusterIP"] = first;
    }

    private static void Drop(JsonObject spec, params string[] fields)
    {
        foreach (string field in fields)
            spec.Remove(field);
    }

    // The lower part of the range is left to addresses that people choose (KEP-3070): at most 256, at least 16.
    private string? FreeAddress(Func<Claim, bool> taken, ulong seed)
    {
        uint size = (uint)(1UL << (32 - ranges.Addresses.Length)) - 2;
        uint low = Math.Min(size, Math.Clamp(size / 16, 16, 256));
        uint first = ranges.Addresses.Network.Value + 1;
        return Search(size - low, i => new Ipv4Address(first + low + i).ToString()) ?? Search(low, i => new Ipv4Address(first + i).ToString());

        string? Search(uint count, Func<uint, string> at)
        {
            for (uint i = 0; i < count; i++)
            {
                string address = at((uint)((seed + i) % count));
                if (!taken(AddressClaim(address)))
                    return address;
            }

            return null;
        }
    }

    // The lower part is left to ports that people choose (KEP-3668): at most 128, at least 16, none of a range that is shorter than that.
    private int? FreePort(string protocol, Func<Claim, bool> taken, HashSet<string> chosen, ulong seed)
    {
        int size = ranges.LastNodePort - ranges.FirstNodePort + 1;
        int low = size < 16 ? 0 : Math.Clamp(size / 32, 16, 128);
        return Search(ranges.FirstNodePort + low, size - low) ?? Search(ranges.FirstNodePort, low);

        int? Search(int first, int count)
        {
            for (int i = 0; i < count; i++)
            {
                int port = first + (int)((seed + (ulong)i) % (ulong)count);
                if (!taken(PortClaim(port, protocol)) && chosen.Add(PortKey(port, protocol)))
                    return port;
            }

            return null;
        }
    }

    private static string ExternalAddresses(JsonObject doc)
    {
        string[] external = [.. doc.Texts("spec.externalIPs")];
        switch (doc.Text("spec.type"))
        {
            case "ExternalName":
                return doc.Text("spec.externalName");
            case "LoadBalancer":
                string[] balanced = [.. doc.Objects("status.loadBalancer.ingress").Select(each => each.Text("ip") is { Length: > 0 } ip ? ip : each.Text("hostname")), .. external];
                return balanced.Length == 0 ? "<pending>" : string.Join(',', balanced);
            default:
                return external.Length == 0 ? "<none>" : string.Join(',', external);
        }
    }

    private static string Ports(JsonObject doc)
    {
        IEnumerable<string> ports = doc.Objects("spec.ports").Select(port => port.Number("nodePort") is long node and not 0
            ? $"{port.Number("port")}:{node}/{port.Text("protocol")}"
            : $"{port.Number("port")}/{port.Text("protocol")}");
        string text = string.Join(',', ports);
        return text.Length == 0 ? "<none>" : text;
    }
}
