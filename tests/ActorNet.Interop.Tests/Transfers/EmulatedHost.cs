using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Links;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Kubernetes.Faults;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Node;
using ActorNet.Node.Actors;
using ActorNet.Node.Uplink;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>
/// One whole emulated node in this process: <see cref="NodeHost"/> with real underlay sockets in a network namespace on the segment. In this
/// process because a test may then take a pod's sockets into its own hand, which no command line can do.
/// </summary>
public sealed class EmulatedHost : IAsyncDisposable
{
    private readonly NodeHost _host;
    private readonly IUnderlaySocket _socket;
    private readonly V1Node _node;
    private long _faults;

    private EmulatedHost(NodeHost host, IUnderlaySocket socket, V1Node node)
    {
        _host = host;
        _socket = socket;
        _node = node;
    }

    /// <summary>The address of its node on the underlay.</summary>
    public const string Address = "192.168.56.11";

    /// <summary>N of its pod subnet 10.244.N.0/24.</summary>
    public const int SubnetIndex = 1;

    /// <summary>The MAC address of its flannel.1.</summary>
    public const string VtepMac = "02:00:00:00:01:01";

    private const string Name = "judged";

    // ACTORNET_TEST_OFFLOAD=off: segments go one by one, as with `actornet node --offload off`.
    private static bool Offload => Environment.GetEnvironmentVariable("ACTORNET_TEST_OFFLOAD") != "off";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>Starts the node on a segment.</summary>
    public static async Task<EmulatedHost> StartAsync(NetnsLab lab, UnderlaySegment segment)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(segment);
        NetworkNamespace ns = await lab.AddNamespaceAsync(Name);
        await segment.AttachAsync(ns, Address);
        var pool = new FramePool();
        IUnderlaySocket socket = NamespaceSocket.Open(ns, () => Underlay.Open(new UnderlayOptions { Address = Ipv4Address.Parse(Address) }, pool));
        NodeHost host = NodeHost.Open(socket, pool, TimeProvider.System, seed: 1, frameThreads: null);
        try
        {
            var settings = new NodeSettings
            {
                Name = Name,
                NodeIp = Ipv4Address.Parse(Address),
                PodCidr = Ipv4Prefix.Parse($"10.244.{SubnetIndex}.0/24"),
                ClusterCidr = Ipv4Prefix.Parse("10.244.0.0/16"),
                VtepMac = MacAddress.Parse(VtepMac),
                Offload = Offload,
            };
            await host.StartNodeAsync(settings);
            return new EmulatedHost(host, socket, LeaseOf(settings.Name, settings.PodCidr, settings.NodeIp, settings.VtepMac));
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>Introduces a kernel node: its Node goes to flanneld, which programs the tunnel to it.</summary>
    public void AddPeer(KernelNode peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        _host.SetNodes([_node, LeaseOf(peer.Name, Ipv4Prefix.Parse(peer.PodCidr), Ipv4Address.Parse(peer.Address), MacAddress.Parse(peer.VtepMac))]);
    }

    /// <summary>Runs a pod of one container.</summary>
    /// <param name="name">The pod's name.</param>
    /// <param name="image">The container's image.</param>
    /// <param name="args">The container's args.</param>
    public async Task<EmulatedPod> RunPodAsync(string name, string image, params string[] args)
    {
        PodInfo info = await _host.RunPodAsync(
            new V1Pod
            {
                Metadata = new V1ObjectMeta { Name = name },
                Spec = new V1PodSpec { Containers = [new V1Container { Name = "main", Image = image, Args = args }] },
            },
            Ct);
        return new EmulatedPod(info.Ip.ToString(), (await _host.FindAsync($"pod/{name}", Ct))!);
    }

    /// <summary>Puts an impairment on both directions of flannel.1; it goes when the returned object is disposed.</summary>
    public async Task<IAsyncDisposable> ImpairAsync(ImpairmentSettings impairment)
    {
        long id = ++_faults;
        var order = new FaultOrder { Target = $"node/{Name}", Device = "flannel.1", Impairment = impairment };
        Assert.NotNull(await _host.Faults.AddAsync(id, order, Ct));
        return new Impairment(_host, id);
    }

    /// <summary>Datagrams that came while the socket's buffer was full: the machine did not let the node read in time.</summary>
    public long KernelReceiveDrops => _socket.Snapshot().KernelReceiveDrops;

    /// <summary>Frames dropped on the node, by place and reason.</summary>
    public Task<IReadOnlyDictionary<string, long>> DropsAsync() => _host.DropsAsync(Ct);

    /// <summary>Ends the node; every frame buffer must have come back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        PoolUsage left = _host.MeasurePool();
        Assert.True(left.IsIdle, $"frames that nobody released: {left}");
    }

    private static V1Node LeaseOf(string name, Ipv4Prefix pods, Ipv4Address address, MacAddress vtep)
    {
        var node = new V1Node { Metadata = new V1ObjectMeta { Name = name } };
        FlannelAnnotations.Write(node, new FlannelLease(name, pods, address, vtep));
        return node;
    }

    private sealed class Impairment(NodeHost host, long id) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            LinkFaultStatus? cleared = await host.Faults.ClearAsync(id, CancellationToken.None);
            // An impairment that met no frame would prove nothing.
            Assert.True(cleared is { Decided: > 0 }, $"no frame passed the impairment: {cleared}");
        }
    }
}
