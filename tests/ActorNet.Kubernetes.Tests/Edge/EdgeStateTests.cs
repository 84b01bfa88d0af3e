using ActorNet.Kubernetes.Edge;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Edge;

/// <summary>
/// Which ports a node opens to the outside. What the rules of a real node do with a client is the measure: kube-proxy's stand before portmap's
/// (both append or insert as in their sources), and portmap's ask for hostIP where there is one.
/// </summary>
public sealed class EdgeStateTests
{
    private static readonly Ipv4Address Node = Ipv4Address.Parse("192.168.56.11");

    private readonly EdgeState _state = new(Node, "n1", 10256);

    [Fact]
    public void A_pods_ports_are_open_on_the_nodes_address_alone()
    {
        V1Pod pod = Pod("a", Port(8080), Port(53, "UDP", "0.0.0.0"), Port(9000, "TCP", "192.168.56.11"), Port(9001, "TCP", "127.0.0.1"), Port(9002, "TCP", "10.9.9.9"), Port(9003, "SCTP"), Port(9004, "TCP", "fd00::1"), Port(null));
        _state.Apply(HostPortClaim.Of(pod));
        EdgePlan plan = _state.Plan();
        Assert.Equal(
            ["HostPort tcp 192.168.56.11:8080", "HostPort tcp 192.168.56.11:9000", "HostPort udp 192.168.56.11:53", "ProxyHealth tcp 192.168.56.11:10256"],
            Texts(plan));
        Assert.Equal("hostIP 10.9.9.9 is no address of node n1, so nobody reaches port 9002 there; leave hostIP out, or set it to 192.168.56.11", Assert.Single(plan.Conflicts).Why);
        _state.Apply([]);
        Assert.Equal(["ProxyHealth tcp 192.168.56.11:10256"], Texts(_state.Plan()));
    }

    [Fact]
    public void A_pod_with_the_nodes_network_has_the_ports_that_it_names()
    {
        V1Pod pod = Pod("a", new V1ContainerPort { ContainerPort = 80 }, new V1ContainerPort { ContainerPort = 81, HostPort = 81, Protocol = "UDP" });
        Assert.Equal([(ushort)81], HostPortClaim.Of(pod).Select(static c => c.Port));
        pod.Spec.HostNetwork = true;
        Assert.Equal([(ushort)80, (ushort)81], HostPortClaim.Of(pod).Select(static c => c.Port));
    }

    [Fact]
    public void A_service_comes_before_a_pod_and_who_cannot_have_a_port_is_told()
    {
        _state.Apply(HostPortClaim.Of(Pod("a", Port(30080), Port(30080, "UDP"), Port(10256))));
        // Without an endpoint kube-proxy has no rule that leads anywhere: the pod is reached.
        _state.Apply(Services(30080));
        Assert.Equal(["HostPort tcp 192.168.56.11:30080", "HostPort udp 192.168.56.11:30080", "ProxyHealth tcp 192.168.56.11:10256"], Texts(_state.Plan()));
        _state.Apply(Services(30080, "10.244.1.2"));
        EdgePlan plan = _state.Plan();
        Assert.Equal(["HostPort udp 192.168.56.11:30080", "NodePort tcp 192.168.56.11:30080", "ProxyHealth tcp 192.168.56.11:10256"], Texts(plan));
        Assert.Equal(
            [
                "hostPort 10256 of node n1 leads to kube-proxy's health port instead, which comes first; choose another port",
                "hostPort 30080 of node n1 leads to Service default/web instead, which comes first; choose another port",
            ],
            plan.Conflicts.Select(static c => c.Why).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_balancers_local_service_has_its_health_check_open_with_endpoints_and_without()
    {
        ServiceChanges changes = Services(30080);
        V1Service service = changes.Services[0].Value!;
        (service.Spec.Type, service.Spec.ExternalTrafficPolicy, service.Spec.HealthCheckNodePort) = ("LoadBalancer", "Local", 30500);
        _state.Apply(changes);
        Assert.Equal(["HealthCheck tcp 192.168.56.11:30500", "ProxyHealth tcp 192.168.56.11:10256"], Texts(_state.Plan()));
        service.Spec.ExternalTrafficPolicy = "Cluster";
        _state.Apply(changes);
        Assert.Equal(["ProxyHealth tcp 192.168.56.11:10256"], Texts(_state.Plan()));
    }

    private static IEnumerable<string> Texts(EdgePlan plan) => plan.Ports.Select(static p => $"{p.Kind} {p.Target}").Order(StringComparer.Ordinal);

    private static V1ContainerPort Port(int? host, string protocol = "TCP", string? address = null) => new() { ContainerPort = 80, HostPort = host, Protocol = protocol, HostIP = address };

    private static V1Pod Pod(string name, params V1ContainerPort[] ports) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = $"uid-{name}" },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Ports = ports }] },
    };

    private static ServiceChanges Services(int nodePort, params string[] endpoints) => new()
    {
        Services =
        [
            new("default/web", new V1Service
            {
                Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "uid-web" },
                Spec = new V1ServiceSpec { Type = "NodePort", ClusterIP = "10.96.0.50", Ports = [new V1ServicePort { Port = 80, Protocol = "TCP", NodePort = nodePort }] },
            }),
        ],
        Slices =
        [
            new("default/web-1", new V1EndpointSlice
            {
                AddressType = "IPv4",
                Metadata = new V1ObjectMeta { Name = "web-1", NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" } },
                Ports = [new Discoveryv1EndpointPort { Port = 80, Protocol = "TCP" }],
                Endpoints = [.. endpoints.Select(static e => new V1Endpoint { Addresses = [e] })],
            }),
        ],
    };
}
