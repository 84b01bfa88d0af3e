using System.Net;
using System.Net.Sockets;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Netstack;
using ActorNet.Node.Edge;
using ActorNet.Node.Uplink;
using ActorNet.Packets;
using ActorNet.Sockets;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>
/// A node with its edge on a loopback address of its own. What its Services lead to are programs in the node's root namespace, on the node ports
/// themselves, so that no rule stands between: the edge is judged alone.
/// </summary>
internal sealed class EdgeBed : IAsyncDisposable
{
    public const string NodeIp = "192.168.56.11";
    public const string OutsideIp = "192.168.56.1";

    private readonly List<EventRaised> _events = [];

    private EdgeBed(NodeHost node, IPAddress machine)
    {
        Node = node;
        Machine = machine;
    }

    public NodeHost Node { get; }

    public IPAddress Machine { get; }

    public IEnumerable<string> Events
    {
        get
        {
            lock (_events)
                return [.. _events.Select(e => $"{e.Event.InvolvedObject.Kind}/{e.Event.InvolvedObject.Name} {e.Event.Reason}: {e.Event.Message}")];
        }
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<EdgeBed> StartAsync(string machine)
    {
        NodeHost node = NodeHost.Open(new UnderlayOptions { Address = Ipv4Address.Parse(machine), Port = 0 }, TimeProvider.System, 1, 1);
        await node.StartNodeAsync(new NodeSettings
        {
            Name = "n1",
            NodeIp = Ipv4Address.Parse(NodeIp),
            PodCidr = Ipv4Prefix.Parse("10.244.1.0/24"),
            ClusterCidr = Ipv4Prefix.Parse("10.244.0.0/16"),
            VtepMac = MacAddress.Parse("02:00:00:00:01:01"),
        });
        var bed = new EdgeBed(node, IPAddress.Parse(machine));
        node.ListenToKubelet(report =>
        {
            if (report is EventRaised raised)
            {
                lock (bed._events)
                    bed._events.Add(raised);
            }
        });
        return bed;
    }

    /// <summary>A port of the machine that was free a moment ago.</summary>
    public int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(Machine, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Makes a Service with a node port, with an endpoint or none, and waits until the edge has taken it.</summary>
    public async Task<EdgeStatus> PublishAsync(string name, int nodePort, string protocol = "TCP", bool hasEndpoint = true, string? externalIp = null)
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = $"uid-{name}" },
            Spec = new V1ServiceSpec
            {
                Type = "NodePort",
                ClusterIP = "10.96.0.50",
                ExternalIPs = externalIp is null ? null : [externalIp],
                Ports = [new V1ServicePort { Port = externalIp is null ? 80 : nodePort, Protocol = protocol, NodePort = externalIp is null ? nodePort : null }],
            },
        };
        var slice = new V1EndpointSlice
        {
            AddressType = "IPv4",
            Metadata = new V1ObjectMeta { Name = $"{name}-1", NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = name } },
            Ports = [new Discoveryv1EndpointPort { Port = 80, Protocol = protocol }],
            Endpoints = hasEndpoint ? [new V1Endpoint { Addresses = ["10.244.1.9"] }] : [],
        };
        Node.SetServices(new ServiceChanges { Services = [new($"default/{name}", service)], Slices = [new($"default/{name}-1", slice)] });
        return await Node.EdgeAsync(Ct);
    }

    public Task<NodeNamespace> RootAsync() => NodePair.FindAsync(Node, "node/n1");

    /// <summary>Listens in the node's root namespace.</summary>
    public async Task<TcpAcceptor> ListenAsync(int port)
    {
        (SocketResult result, TcpAcceptor? acceptor) = await TcpAcceptor.ListenAsync((await RootAsync()).Executor, new Ipv4Endpoint(Ipv4Address.Any, (ushort)port));
        Assert.Equal(SocketResult.Ok, result);
        return acceptor!;
    }

    public async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(Machine, port), Ct);
        return socket;
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        Assert.True(Node.MeasurePool().IsIdle, $"{Node.MeasurePool()}");
    }
}
