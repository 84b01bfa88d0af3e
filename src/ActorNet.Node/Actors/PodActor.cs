using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Links;
using ActorNet.Node.Links;
using ActorNet.Packets;
using ActorNet.Workloads.Programs;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>A pod's place in the network.</summary>
/// <param name="Name">Pod name, with namespace and slash before it where that is not default.</param>
/// <param name="Uid">Unique id.</param>
/// <param name="Ip">Address.</param>
/// <param name="Subnet">The node's subnet.</param>
/// <param name="ClusterCidr">The whole pod network.</param>
/// <param name="Mtu">MTU of eth0 in bytes.</param>
/// <param name="HostIfIndex">Index of the host end of the veth pair.</param>
/// <param name="Mac">MAC of eth0.</param>
/// <param name="HostDevice">Name of the host end.</param>
internal sealed record PodNetwork(string Name, string Uid, Ipv4Address Ip, Ipv4Prefix Subnet, Ipv4Prefix ClusterCidr, int Mtu, int HostIfIndex, MacAddress Mac, string HostDevice)
{
    /// <summary>The namespace's name, as the CNI runtimes name it.</summary>
    public string NamespaceName => $"cni-{Uid}";
}

/// <summary>Owns a pod's sandbox: the namespace that its containers share. Their programs are its worker's (<see cref="PodWorkerActor"/>).</summary>
internal sealed class PodActor : NamespaceActor
{
    /// <summary>The number of frames that come in by eth0.</summary>
    public const int Eth0Link = 1;

    /// <summary>Index of eth0 in the pod.</summary>
    public const int Eth0IfIndex = 2;

    private static readonly ProgramTable Programs = ProgramTable.CreateDefault();

    /// <summary>Names of the programs that a container has.</summary>
    public static IReadOnlyCollection<string> ProgramNames => Programs.Names;

    private readonly PodNetwork _network;
    private readonly VethDevice _eth0;
    private readonly IpInterface _interface;
    private readonly LinkPlace _ingress;
    private LinkPlace? _egress;
    private CreditWindow? _window;
    private IActorRef? _bridge;
    private string _hostDevice = "";
    private bool _told;

    public PodActor(PodNetwork network, NodeSettings settings, NodeServices services)
        : base(new NamespaceOptions { Name = network.NamespaceName, Seed = NodeLayout.Draw(services.Seed, network.Uid), ArpNotify = true }, services)
    {
        _network = network;
        _eth0 = new VethDevice("eth0", Eth0IfIndex, network.Mac, network.Mtu, Frames)
        {
            PeerIfIndex = network.HostIfIndex,
            PeerNamespace = settings.Name,
            TakesTrains = settings.Offload,
        };
        _ingress = new LinkPlace(_eth0, FrameDirection.Receive, new CallSink(_eth0.Receive), Frames, Clock);
        _interface = Namespace.Attach(_eth0);
        _eth0.StateChanged += OnStateChanged;
    }

    /// <inheritdoc/>
    protected override IEnumerable<NetworkDevice> Devices => [Lo, _eth0];

    /// <inheritdoc/>
    protected override IEnumerable<NetworkDevice> LocalDevices => Devices;

    /// <inheritdoc/>
    protected override IEnumerable<LinkPlace> LinkPlaces => _egress is null ? [_ingress] : [_egress, _ingress];

    /// <inheritdoc/>
    protected override CreditWindow? Egress => _window;

    /// <inheritdoc/>
    protected override string TraceNamespace => _network.Name;

    /// <inheritdoc/>
    protected override string DropPlace(string place) => $"pod/{_network.Name} {place}";

    /// <inheritdoc/>
    protected override void OnFrames(FrameVector vector) => _ingress.Push(vector);

    /// <inheritdoc/>
    protected override bool OnMessage(object message)
    {
        switch (message)
        {
            case Connect connect:
                ConnectTo(connect);
                return true;
            case PeerStateChanged peer:
                _eth0.SetCarrier(peer.PeerIsUp);
                return true;
            default:
                return base.OnMessage(message);
        }
    }

    // The pod's half of CNI ADD: link, address, eth0 up, routes. flannel's delegate gives both a default route and one to the whole network.
    private void ConnectTo(Connect connect)
    {
        _bridge = connect.Bridge;
        _hostDevice = connect.HostDevice;
        _window = new CreditWindow(LinkWindows.Veth);
        _egress = new LinkPlace(_eth0, FrameDirection.Transmit, new ActorSink(connect.Bridge, connect.Port, _window, Frames, _eth0.Counters), Frames, Clock);
        _eth0.Link = _egress;
        Namespace.AddAddress(_interface, new InterfaceAddress { Address = _network.Ip, PrefixLength = _network.Subnet.Length, Broadcast = _network.Subnet.Broadcast });
        _eth0.SetUp(true);
        Ipv4Address gateway = NodeLayout.Gateway(_network.Subnet);
        Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Default, Gateway = gateway, Device = "eth0" });
        Namespace.AddRoute(new Route { Destination = _network.ClusterCidr, Gateway = gateway, Device = "eth0" });
    }

    // The peer hears of it before the namespace does, for the namespace announces itself at once (arp_notify) and the peer must be up by then.
    private void OnStateChanged(NetworkDevice device)
    {
        if (_eth0.IsUp != _told && _bridge is not null)
        {
            _told = _eth0.IsUp;
            _bridge.Tell(new PeerStateChanged(_hostDevice, _told));
        }

        Namespace.DeviceChanged(device);
    }

    /// <summary>The host end stands: connect to it.</summary>
    /// <param name="Bridge">The bridge's actor.</param>
    /// <param name="Port">The bridge's number for our frames.</param>
    /// <param name="HostDevice">Name of the host end.</param>
    internal sealed record Connect(IActorRef Bridge, int Port, string HostDevice);
}
