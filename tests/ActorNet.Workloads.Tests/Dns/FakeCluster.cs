using ActorNet.Packets;
using ActorNet.Workloads.Dns.Server;
using k8s.Models;

namespace ActorNet.Workloads.Tests.Dns;

/// <summary>A cluster as a DNS server sees it: Services with endpoints in namespaces default and prod.</summary>
internal sealed class FakeCluster : IClusterView
{
    private readonly List<V1Service> _services = [];
    private readonly List<V1EndpointSlice> _slices = [];

    public uint Serial => 1764429000;

    public IReadOnlyList<Ipv4Address> OwnAddresses => [Ipv4Address.Parse("10.244.0.2")];

    public IEnumerable<V1Service> Services => _services;

    public IEnumerable<V1EndpointSlice> Slices => _slices;

    public static Corefile File { get; } = Corefile.Read("Corefile", """
        .:53 {
            errors
            health
            ready
            kubernetes cluster.local in-addr.arpa ip6.arpa {
               pods insecure
               ttl 30
            }
            template IN ANY . {
               rcode NXDOMAIN
            }
        }
        """);

    /// <summary>The cluster that the tests ask about.</summary>
    public static FakeCluster Create()
    {
        var cluster = new FakeCluster();
        cluster.Add("web", "10.96.0.20", [("http", 80, "TCP"), ("dns", 53, "UDP")], ("10.244.1.5", null, true));
        cluster.Add("db", "None", [("sql", 5432, "TCP")], ("10.244.1.7", "db-0", true), ("10.244.2.8", null, true), ("10.244.2.9", "db-2", false));
        cluster.Add("none", "None", [("a", 1, "TCP")]);
        cluster.Add("many", "None", [("a", 1, "TCP")], [.. Enumerable.Range(1, 60).Select(i => ($"10.244.3.{i}", (string?)null, true))]);
        cluster._services.Add(new V1Service { Metadata = Meta("ext"), Spec = new V1ServiceSpec { Type = "ExternalName", ExternalName = "example.com" } });
        cluster._services.Add(new V1Service { Metadata = Meta("alias"), Spec = new V1ServiceSpec { Type = "ExternalName", ExternalName = "web.default.svc.cluster.local" } });
        return cluster;
    }

    public bool HasNamespace(string name) => name.ToLowerInvariant() is "default" or "prod";

    public V1Service? FindService(string space, string name) =>
        _services.FirstOrDefault(each => each.Metadata.NamespaceProperty.Equals(space, StringComparison.OrdinalIgnoreCase) && each.Metadata.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    public IReadOnlyList<V1EndpointSlice> SlicesOf(string space, string name) =>
        [.. _slices.Where(each => each.Metadata.NamespaceProperty.Equals(space, StringComparison.OrdinalIgnoreCase) && each.Metadata.Labels["kubernetes.io/service-name"].Equals(name, StringComparison.OrdinalIgnoreCase))];

    private static V1ObjectMeta Meta(string name) => new() { Name = name, NamespaceProperty = "default" };

    private void Add(string name, string address, (string Name, int Port, string Protocol)[] ports, params (string Address, string? Host, bool Ready)[] endpoints)
    {
        _services.Add(new V1Service
        {
            Metadata = Meta(name),
            Spec = new V1ServiceSpec { ClusterIP = address, Ports = [.. ports.Select(static each => new V1ServicePort { Name = each.Name, Port = each.Port, Protocol = each.Protocol })] },
        });
        if (endpoints.Length == 0)
            return;
        V1ObjectMeta meta = Meta(name + "-x");
        meta.Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = name };
        _slices.Add(new V1EndpointSlice
        {
            Metadata = meta,
            AddressType = "IPv4",
            Endpoints = [.. endpoints.Select(static each => new V1Endpoint { Addresses = [each.Address], Hostname = each.Host, Conditions = new V1EndpointConditions { Ready = each.Ready } })],
            Ports = [.. ports.Select(static each => new Discoveryv1EndpointPort { Name = each.Name, Port = each.Port, Protocol = each.Protocol })],
        });
    }
}
