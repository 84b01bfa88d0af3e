using System.Collections.Immutable;
using ActorNet.Packets;
using ActorNet.Workloads.Dns.Wire;
using k8s.Models;

namespace ActorNet.Workloads.Dns.Server;

/// <summary>What the zone says of a name and a type.</summary>
/// <param name="Exists">Whether the name exists.</param>
/// <param name="Answers">Records, possibly none.</param>
/// <param name="Additional">Addresses of what the answers name.</param>
internal sealed record ZoneAnswer(bool Exists, ImmutableArray<DnsRecord> Answers, ImmutableArray<DnsRecord> Additional)
{
    public static ZoneAnswer NoName { get; } = new(false, [], []);

    public static ZoneAnswer NoData { get; } = new(true, [], []);
}

/// <summary>
/// The records of a cluster (kubernetes/dns docs/specification.md 1.1.0; coredns plugin/kubernetes: parse.go, kubernetes.go, reverse.go, and
/// plugin/backend_lookup.go). Nothing is kept: a question is answered from the view of the moment.
/// </summary>
/// <param name="options">The zone and its settings.</param>
/// <param name="view">What there is.</param>
internal sealed class ClusterRecords(KubernetesZone options, IClusterView view)
{
    private const string Version = "1.1.0";

    // plugin/backend_lookup.go: a chain of more names is no use to anybody.
    private const int MaxChain = 8;

    private static readonly DnsName ReverseZone = DnsName.Parse("in-addr.arpa");

    private DnsName Zone => options.Zone;

    private uint Ttl => options.Ttl;

    /// <summary>The zone's beginning, for answers without records.</summary>
    /// <param name="zone">The zone.</param>
    /// <param name="serial">Its serial number: the time, in seconds.</param>
    public DnsRecord Authority(DnsName zone, uint serial) => new(zone, DnsType.SOA, Ttl,
        new DnsData.Authority(new DnsName("ns", "dns").With(zone), new DnsName("hostmaster").With(zone), serial, 7200, 1800, 86400, Ttl));

    /// <summary>Answers a question about a name of the zone.</summary>
    /// <param name="name">The name.</param>
    /// <param name="type">What is asked.</param>
    public ZoneAnswer Answer(DnsName name, DnsType type)
    {
        if (name.IsIn(ReverseZone))
            return Reverse(name, type);
        ReadOnlySpan<string> labels = name.Labels[..(name.Count - Zone.Count)];
        if (labels.Length == 0)
            return OfApex(type);
        if (labels is [var only] && Is(only, "dns-version"))
            return type == DnsType.TXT ? new ZoneAnswer(true, [new DnsRecord(name, DnsType.TXT, Ttl, new DnsData.Text([Version]))], []) : ZoneAnswer.NoData;
        // ns.dns.ZONE is what the NS record names.
        if (labels is ["ns" or "NS", "dns" or "DNS"])
            return type == DnsType.A ? new ZoneAnswer(true, [.. view.OwnAddresses.Select(each => DnsRecord.OfAddress(name, each, Ttl))], []) : ZoneAnswer.NoData;
        return Named(name, labels, type, 0);
    }

    private ZoneAnswer OfApex(DnsType type) => type switch
    {
        DnsType.SOA => new ZoneAnswer(true, [Authority(Zone, view.Serial)], []),
        DnsType.NS => new ZoneAnswer(true, [new DnsRecord(Zone, DnsType.NS, Ttl, new DnsData.Target(new DnsName("ns", "dns").With(Zone)))],
            [.. view.OwnAddresses.Select(each => DnsRecord.OfAddress(new DnsName("ns", "dns").With(Zone), each, Ttl))]),
        _ => ZoneAnswer.NoData,
    };

    // [[endpoint | port.protocol].service].namespace.(svc|pod)
    private ZoneAnswer Named(DnsName name, ReadOnlySpan<string> labels, DnsType type, int depth)
    {
        bool isPod = Is(labels[^1], "pod");
        if (!isPod && !Is(labels[^1], "svc"))
            return ZoneAnswer.NoName;
        if (labels.Length == 1)
            return ZoneAnswer.NoData;
        string space = labels[^2];
        if (!view.HasNamespace(space))
            return ZoneAnswer.NoName;
        if (labels.Length == 2)
            return ZoneAnswer.NoData;
        if (isPod)
            return OfPod(name, labels, type);
        (string endpoint, string port, string protocol) = ("", "", "");
        if (labels.Length == 4)
            endpoint = labels[0];
        else if (labels.Length == 5)
            (port, protocol) = (labels[0].TrimStart('_'), labels[1].TrimStart('_'));
        else if (labels.Length > 5)
            return ZoneAnswer.NoName;
        if (view.FindService(space, labels[^3]) is not { } service)
            return ZoneAnswer.NoName;
        if (service.Spec.Type == "ExternalName")
            return endpoint.Length > 0 ? ZoneAnswer.NoName : OfExternalName(name, service, type, depth);
        List<Target> targets = Targets(service, endpoint, port, protocol);
        return targets.Count == 0 ? ZoneAnswer.NoName : Of(name, targets, type);
    }

    private ZoneAnswer Of(DnsName name, List<Target> targets, DnsType type) => type switch
    {
        DnsType.A or DnsType.ANY => new ZoneAnswer(true, [.. targets.Select(static each => each.Address).Distinct().Select(each => DnsRecord.OfAddress(name, each, Ttl))], []),
        DnsType.SRV => OfPorts(name, targets),
        _ => ZoneAnswer.NoData,
    };

    // plugin/backend_lookup.go SRV: one weight for all, the addresses of the targets beside them.
    private ZoneAnswer OfPorts(DnsName name, List<Target> targets)
    {
        ushort weight = (ushort)Math.Max(1, 100 / targets.Count);
        var ports = targets.Where(static each => each.Port > 0).Select(each => (each.Host, each.Port)).Distinct();
        var hosts = targets.Select(static each => (each.Host, each.Address)).Distinct();
        return new ZoneAnswer(true,
            [.. ports.Select(each => new DnsRecord(name, DnsType.SRV, Ttl, new DnsData.Service(0, weight, each.Port, each.Host)))],
            [.. hosts.Select(each => DnsRecord.OfAddress(each.Host, each.Address, Ttl))]);
    }

    private List<Target> Targets(V1Service service, string endpoint, string port, string protocol)
    {
        var targets = new List<Target>();
        var own = DnsName.Parse($"{service.Metadata.Name}.{service.Metadata.NamespaceProperty}.svc").With(Zone);
        bool isHeadless = service.Spec.ClusterIP is "None";
        if (!isHeadless && endpoint.Length == 0)
        {
            foreach (V1ServicePort each in service.Spec.Ports ?? [])
            {
                if (Fits(port, each.Name) && Fits(protocol, each.Protocol ?? "TCP") && Ipv4Address.TryParse(service.Spec.ClusterIP ?? "", out Ipv4Address address))
                    targets.Add(new Target(own, address, (ushort)each.Port));
            }

            return targets;
        }

        foreach ((V1Endpoint each, Ipv4Address address, Discoveryv1EndpointPort at) in Endpoints(service))
        {
            string host = HostOf(each, address);
            if ((endpoint.Length == 0 || Is(endpoint, host)) && Fits(port, at.Name) && Fits(protocol, at.Protocol ?? "TCP"))
                targets.Add(new Target(new DnsName(host).With(own), address, (ushort)(at.Port ?? 0)));
        }

        return targets;
    }

    // A Service may want its endpoints told before they are ready.
    private IEnumerable<(V1Endpoint Endpoint, Ipv4Address Address, Discoveryv1EndpointPort Port)> Endpoints(V1Service service)
    {
        foreach (V1EndpointSlice slice in view.SlicesOf(service.Metadata.NamespaceProperty, service.Metadata.Name))
        {
            // A headless Service may have no ports at all.
            IEnumerable<Discoveryv1EndpointPort> ports = slice.Ports is { Count: > 0 } some ? some : [new Discoveryv1EndpointPort { Name = "", Protocol = "TCP" }];
            foreach (V1Endpoint each in (slice.Endpoints ?? []).Where(each => each.Conditions?.Ready != false || service.Spec.PublishNotReadyAddresses == true))
            {
                foreach (string text in each.Addresses ?? [])
                {
                    if (!Ipv4Address.TryParse(text, out Ipv4Address address))
                        continue;
                    foreach (Discoveryv1EndpointPort port in ports)
                        yield return (each, address, port);
                }
            }
        }
    }

    private ZoneAnswer OfExternalName(DnsName name, V1Service service, DnsType type, int depth)
    {
        if (!DnsName.TryParse(service.Spec.ExternalName ?? "", out DnsName target) || target.Equals(name))
            return ZoneAnswer.NoData;
        if (type is not (DnsType.A or DnsType.AAAA or DnsType.CNAME or DnsType.ANY))
            return ZoneAnswer.NoData;
        var alias = new DnsRecord(name, DnsType.CNAME, Ttl, new DnsData.Target(target));
        // Within the zone the chain goes on; what is outside, the client asks itself.
        if (type == DnsType.CNAME || !target.IsIn(Zone) || depth == MaxChain)
            return new ZoneAnswer(true, [alias], []);
        ReadOnlySpan<string> labels = target.Labels[..(target.Count - Zone.Count)];
        ZoneAnswer next = labels.Length == 0 ? ZoneAnswer.NoData : Named(target, labels, type, depth + 1);
        return next.Answers.IsEmpty ? ZoneAnswer.NoData : new ZoneAnswer(true, [alias, .. next.Answers], next.Additional);
    }

    // pods insecure: an address written with dashes is answered, whether or not there is such a pod.
    private ZoneAnswer OfPod(DnsName name, ReadOnlySpan<string> labels, DnsType type)
    {
        if (options.Pods == PodMode.Disabled || labels.Length != 3 || labels[0].Count(static c => c == '-') != 3 || !Ipv4Address.TryParse(labels[0].Replace('-', '.'), out Ipv4Address address))
            return ZoneAnswer.NoName;
        return type is DnsType.A or DnsType.ANY ? new ZoneAnswer(true, [DnsRecord.OfAddress(name, address, Ttl)], []) : ZoneAnswer.NoData;
    }

    // Cluster addresses first, then every endpoint that has the address.
    private ZoneAnswer Reverse(DnsName name, DnsType type)
    {
        ReadOnlySpan<string> labels = name.Labels;
        if (labels.Length != 6 || !Ipv4Address.TryParse($"{labels[3]}.{labels[2]}.{labels[1]}.{labels[0]}", out Ipv4Address address))
            return labels.Length < 6 ? ZoneAnswer.NoData : ZoneAnswer.NoName;
        string text = address.ToString();
        DnsName[] names = [.. view.Services.Where(each => each.Spec.ClusterIP == text).Select(OwnName)];
        if (names.Length == 0)
        {
            names = [.. view.Slices.SelectMany(slice => (slice.Endpoints ?? []).Where(each => each.Addresses?.Contains(text) == true).Select(each => (slice, each)))
                .Select(each => (Service: view.FindService(each.slice.Metadata.NamespaceProperty, ServiceOf(each.slice)), each.each))
                .Where(static each => each.Service is not null)
                .Select(each => new DnsName(HostOf(each.each, address)).With(OwnName(each.Service!))).Distinct()];
        }

        if (names.Length == 0)
            return ZoneAnswer.NoName;
        return type is DnsType.PTR or DnsType.ANY ? new ZoneAnswer(true, [.. names.Select(each => new DnsRecord(name, DnsType.PTR, Ttl, new DnsData.Target(each)))], []) : ZoneAnswer.NoData;
    }

    private DnsName OwnName(V1Service service) => DnsName.Parse($"{service.Metadata.Name}.{service.Metadata.NamespaceProperty}.svc").With(Zone);

    private static string ServiceOf(V1EndpointSlice slice) => slice.Metadata.Labels?.TryGetValue("kubernetes.io/service-name", out string? name) == true ? name : "";

    // endpointHostname: its hostname, else its address with dashes.
    private static string HostOf(V1Endpoint endpoint, Ipv4Address address) => endpoint.Hostname is { Length: > 0 } host ? host : address.ToString().Replace('.', '-');

    private static bool Fits(string asked, string? found) => asked.Length == 0 || Is(asked, found ?? "");

    private static bool Is(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private readonly record struct Target(DnsName Host, Ipv4Address Address, ushort Port);
}
