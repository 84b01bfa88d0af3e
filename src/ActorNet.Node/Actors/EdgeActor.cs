using System.Collections.Immutable;
using System.Net.Sockets;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Kubernetes.Edge;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Life;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Node.Edge;
using ActorNet.Node.Links;
using ActorNet.Packets;
using Akka.Actor;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <summary>
/// The outside of a node's network, as the node sees it: a namespace on its LAN from which real clients come. For each port that is open to the
/// outside it has a real socket; a real connection becomes one of this namespace to the node's address, by eth0, so every rule of the node applies.
/// </summary>
internal sealed class EdgeActor : NamespaceActor
{
    /// <summary>The number of frames that come in by eth0.</summary>
    public const int Eth0Link = 1;

    /// <summary>Connections at one time; further ones wait in the kernel's backlog.</summary>
    public const int MaxConnections = 4096;

    /// <summary>UDP flows at one time.</summary>
    public const int MaxFlows = 4096;

    private readonly NodeSettings _settings;
    private readonly Ipv4Address _machine;
    private readonly IActorRef _lan;
    private readonly IActorRef _kubelet;
    private readonly VethDevice _eth0;
    private readonly EdgeState _state;
    private readonly EdgeClients _clients;
    private readonly EdgeRoom _room;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<EdgeTarget, Opened> _open = [];
    private readonly EventRecorder _recorder;
    private ImmutableArray<EdgeConflict> _conflicts = [];

    public EdgeActor(NodeSettings settings, Ipv4Address machine, IActorRef lan, IActorRef kubelet, NodeServices services)
        : base(new NamespaceOptions { Name = "outside", Seed = NodeLayout.Draw(services.Seed, $"{settings.Name}/outside") }, services)
    {
        _settings = settings;
        _machine = machine;
        _lan = lan;
        _kubelet = kubelet;
        _recorder = new EventRecorder(settings.Name, "edge");
        _state = new EdgeState(settings.NodeIp, settings.Name, settings.KubeProxy.HealthzPort);
        _eth0 = new VethDevice(NodeLayout.Underlay, NodeLayout.UnderlayIfIndex, MacAddress.FromRandom(NodeLayout.Draw(services.Seed, $"{settings.Name}/outside/mac")), settings.LanMtu, Frames)
        {
            TakesTrains = settings.Offload,
        };
        _eth0.Link = new ActorSink(lan, LanActor.FromEdge, new CreditWindow(LinkWindows.Node), Frames, _eth0.Counters);
        _eth0.StateChanged += Namespace.DeviceChanged;
        IpInterface attached = Namespace.Attach(_eth0);
        Ipv4Address outside = NodeLayout.Outside(settings.NodeIp);
        Namespace.AddAddress(attached, new InterfaceAddress { Address = outside, PrefixLength = 32 });
        _eth0.SetCarrier(true);
        _eth0.SetUp(true);
        Namespace.AddRoute(new Route { Destination = new Ipv4Prefix(settings.NodeIp, 32), Device = NodeLayout.Underlay });
        Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Default, Gateway = settings.NodeIp, Device = NodeLayout.Underlay });
        var executor = new ActorExecutor(Self, _stop.Token);
        _clients = new EdgeClients(executor, Namespace, attached, outside, settings.ClusterCidr) { Nodes = [settings.NodeIp] };
        _room = new EdgeRoom(executor, _clients, new EdgeCounters(), new SemaphoreSlim(MaxConnections, MaxConnections), new SemaphoreSlim(MaxFlows, MaxFlows), services.Time);
    }

    /// <inheritdoc/>
    protected override IEnumerable<NetworkDevice> Devices => [_eth0];

    /// <inheritdoc/>
    protected override IEnumerable<NetworkDevice> LocalDevices => [Lo, _eth0];

    /// <inheritdoc/>
    protected override string TraceNamespace => "outside";

    /// <inheritdoc/>
    protected override void PreStart()
    {
        base.PreStart();
        _lan.Tell(new LanActor.AttachEdge(Self, _eth0.Mac));
        _kubelet.Tell(new KubeletProtocol.WatchHostPorts(Self));
        Open(_state.Plan());
    }

    /// <inheritdoc/>
    protected override string DropPlace(string place) => $"outside {place}";

    /// <inheritdoc/>
    protected override void OnFrames(FrameVector vector) => _eth0.Receive(vector);

    /// <inheritdoc/>
    protected override bool OnMessage(object message)
    {
        switch (message)
        {
            case ServiceChanges changes:
                _state.Apply(changes);
                Open(_state.Plan());
                return true;
            case KubeletProtocol.HostPorts held:
                _state.Apply(held.Claims);
                Open(_state.Plan());
                return true;
            case LanPeersKnown known:
                _clients.Nodes = known.Peers.Select(p => p.Address).OfType<Ipv4Address>().Append(_settings.NodeIp);
                return true;
            case GetStatus:
                Sender.Tell(Status());
                return true;
            default:
                return base.OnMessage(message);
        }
    }

    /// <inheritdoc/>
    protected override void OnStop()
    {
        // Whoever waits for this namespace gives up, and the real sockets with it.
        _stop.Cancel();
        foreach (Opened opened in _open.Values)
            opened.Listener?.Dispose();
        base.OnStop();
    }

    // What is not open any more stops listening, so that a real client finds nobody there; connections that there are go on.
    private void Open(EdgePlan plan)
    {
        Dictionary<EdgeTarget, EdgePort> wanted = plan.Ports.ToDictionary(static p => p.Target);
        foreach ((EdgeTarget target, Opened opened) in _open.ToArray())
        {
            if (wanted.TryGetValue(target, out EdgePort? port) && port.Uid == opened.Port.Uid)
                continue;
            opened.Listener?.Dispose();
            _open.Remove(target);
        }

        foreach (EdgePort port in plan.Ports)
        {
            if (!_open.ContainsKey(port.Target))
                _open[port.Target] = Open(port);
        }

        foreach (EdgeConflict conflict in plan.Conflicts.Except(_conflicts))
            Raise(conflict.Port, "HostPortConflict", conflict.Why);
        _conflicts = plan.Conflicts;
    }

    private Opened Open(EdgePort port)
    {
        EdgeBinding binding = EdgeBinding.Open(port, _machine);
        EdgeListener? listener = binding.Socket is null ? null : Listen(port, binding);
        if (binding.Note is { } note)
            Raise(port, "PortElsewhere", $"{port.Target} of node {_settings.Name}: {note}");
        return new Opened(port, listener, binding.Note);
    }

    private EdgeListener Listen(EdgePort port, EdgeBinding binding)
    {
        Socket socket = binding.Socket!;
        EdgeListener listener = port.Target.Protocol == IpProtocol.Udp
            ? new EdgeUdpListener(port, socket, _room, _stop.Token)
            : new EdgeTcpListener(port, socket, _room, _stop.Token);
        listener.Start();
        return listener;
    }

    private EdgeStatus Status() => new()
    {
        Ports =
        [
            .. _open.Values.Select(static o => StatusOf(o.Port, o.Listener?.Local.ToString(), o.Note)).Concat(_conflicts.Select(static c => StatusOf(c.Port, null, c.Why)))
                .OrderBy(static p => p.Target, StringComparer.Ordinal),
        ],
        Connections = MaxConnections - _room.Connections.CurrentCount,
        Accepted = _room.Counters.Accepted,
        Refused = _room.Counters.Refused,
        Aborted = _room.Counters.Aborted,
        Flows = MaxFlows - _room.Flows.CurrentCount,
        FlowsRefused = _room.Counters.FlowsRefused,
        DatagramsDropped = _room.Counters.DatagramsDropped,
    };

    private static EdgePortStatus StatusOf(EdgePort port, string? real, string? note) =>
        new(port.Namespace.Length == 0 ? $"node/{port.Name}" : $"{port.Namespace}/{port.Name}", port.Kind, port.Target.ToString(), real, note);

    private void Raise(EdgePort port, string reason, string message)
    {
        string kind = port.Kind switch
        {
            EdgePortKind.HostPort => "Pod",
            EdgePortKind.ProxyHealth => "Node",
            _ => "Service",
        };
        var about = new V1ObjectReference { ApiVersion = "v1", Kind = kind, Name = port.Name, NamespaceProperty = port.Namespace.Length == 0 ? null : port.Namespace, Uid = port.Uid };
        _kubelet.Tell(new KubeletProtocol.Raise(_recorder.Record(about, new PodEvent(true, reason, message, null), Services.Time.GetUtcNow())));
    }

    /// <summary>Asks for the <see cref="EdgeStatus"/>.</summary>
    internal sealed record GetStatus;

    private sealed record Opened(EdgePort Port, EdgeListener? Listener, string? Note);
}
