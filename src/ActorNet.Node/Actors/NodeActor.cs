using System.Collections.Immutable;
using ActorNet.Dataplane.Tunnels;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Kubelet.Life;
using ActorNet.Node.Uplink;
using Akka.Actor;
using Akka.Event;
using k8s.Models;

namespace ActorNet.Node.Actors;

/// <summary>
/// A node: makes its actors and keeps them. An actor that throws on an order resumes with the state it has, for a restart would take
/// every connection with it; what was wrong is logged by the supervisor. One that could not even be made is stopped: resuming it would make it again, without end.
/// </summary>
internal sealed class NodeActor : UntypedActor
{
    // What the kernel says again within a minute is in its log alone.
    private static readonly TimeSpan BetweenKernelEvents = TimeSpan.FromMinutes(1);

    private const int MaxKernelLines = 100;

    private readonly NodeParts _parts;
    private readonly NodeServices _services;
    private readonly EventRecorder _kernelMonitor;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Dictionary<string, DateTimeOffset> _told = new(StringComparer.Ordinal);

    public NodeActor(NodeSettings settings, NodeServices services, IUnderlaySocket socket, IUnderlaySocket? lanSocket)
    {
        _services = services;
        _kernelMonitor = new EventRecorder(settings.Name, "kernel-monitor");
        IActorRef uplink = Frames("uplink", Props.Create(() => new UplinkActor(socket, services)));
        IActorRef root = Frames("root", Props.Create(() => new RootActor(settings, services)));
        int mtu = NodeLayout.PodMtu(settings.UnderlayMtu);
        var vxlan = new VxlanSettings
        {
            Vni = NodeLayout.Vni,
            Local = settings.NodeIp,
            DestinationPort = settings.TunnelPort,
            AllowUnknownPeers = settings.AcceptUnknownPeers,
            JoinsReceived = settings.Offload,
        };
        IActorRef tunnel = Frames(NodeLayout.Tunnel, Props.Create(() => new VtepActor(NodeLayout.Tunnel, NodeLayout.TunnelIfIndex, settings.VtepMac, mtu, vxlan, root, uplink, services)));
        Packets.MacAddress bridgeMac = Packets.MacAddress.FromRandom(NodeLayout.Draw(services.Seed, $"{settings.Name}/{NodeLayout.Bridge}"));
        IActorRef bridge = Frames(NodeLayout.Bridge, Props.Create(() => new BridgeActor(NodeLayout.Bridge, NodeLayout.BridgeIfIndex, bridgeMac, mtu, root, services)));
        IActorRef flannel = Context.ActorOf(Props.Create(() => new FlannelActor(settings, services, root, tunnel)), "flanneld");
        IActorRef? lanUplink = lanSocket is null ? null : Frames("lan", Props.Create(() => new UplinkActor(lanSocket, services)));
        Packets.MacAddress lanMac = NodeLayout.LanMac(services.Seed, settings.Name);
        IActorRef lan = Frames(NodeLayout.Underlay, Props.Create(() => new LanActor(settings, lanMac, root, lanUplink, services)));
        ImmutableArray<IActorRef> deviceOwners = [bridge, tunnel, lan];
        IActorRef kubelet = Context.ActorOf(Props.Create(() => new KubeletActor(settings, services, bridge, root, deviceOwners)), "kubelet");
        IActorRef proxy = Context.ActorOf(Props.Create(() => new KubeProxyActor(settings, services, root, kubelet)), "kube-proxy");
        uplink.Tell(new UplinkActor.StartReceiving(tunnel));
        lanUplink?.Tell(new UplinkActor.StartReceiving(lan));
        Packets.Ipv4Address real = socket.LocalEndpoint.Address;
        IActorRef edge = Frames("edge", Props.Create(() => new EdgeActor(settings, real, lan, kubelet, services)));
        _parts = new NodeParts(settings, root, bridge, tunnel, lan, [uplink, .. lanUplink is null ? [] : new[] { lanUplink }], flannel, kubelet, proxy, edge);
    }

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() =>
        new OneForOneStrategy(e => e is ActorInitializationException ? Directive.Stop : Directive.Resume);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case GetParts:
                Sender.Tell(_parts);
                break;
            case KernelWarning warning:
                Tell(warning.Line);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    // As node-problem-detector does it with the kernel's log (config/kernel-monitor.json): an Event of the node for what it knows.
    private void Tell(string line)
    {
        string node = _parts.Settings.Name;
        _log.Warning("kernel of node {0}: {1}", node, line);
        DateTimeOffset now = _services.Time.GetUtcNow();
        if (_told.TryGetValue(line, out DateTimeOffset before) && now - before < BetweenKernelEvents)
            return;
        if (_told.Count >= MaxKernelLines)
            _told.Clear();
        _told[line] = now;
        string reason = line.Contains("table full", StringComparison.Ordinal) ? "ConntrackFull" : "KernelWarning";
        var about = new V1ObjectReference { ApiVersion = "v1", Kind = "Node", Name = node, Uid = node };
        _parts.Kubelet.Tell(new KubeletProtocol.Raise(_kernelMonitor.Record(about, new PodEvent(true, reason, line, null), now)));
    }

    private static IActorRef Frames(string name, Props props) => Context.ActorOf(props.WithDispatcher(NodeSystem.FramesDispatcher), name);

    /// <summary>A line of the kernel's log of the node's root namespace.</summary>
    /// <param name="Line">The line.</param>
    internal sealed record KernelWarning(string Line);

    /// <summary>Asks for the node's actors.</summary>
    internal sealed record GetParts;
}

/// <summary>The actors of a node.</summary>
/// <param name="Settings">What it was made from.</param>
/// <param name="Root">Owner of the root namespace.</param>
/// <param name="Bridge">Owner of cni0.</param>
/// <param name="Tunnel">Owner of flannel.1.</param>
/// <param name="Lan">Owner of eth0.</param>
/// <param name="Uplinks">Owners of the underlay sockets.</param>
/// <param name="Flannel">flanneld.</param>
/// <param name="Kubelet">Kubelet.</param>
/// <param name="KubeProxy">kube-proxy.</param>
/// <param name="Edge">The outside: real sockets and the namespace that they come in by.</param>
internal sealed record NodeParts(NodeSettings Settings, IActorRef Root, IActorRef Bridge, IActorRef Tunnel, IActorRef Lan, ImmutableArray<IActorRef> Uplinks, IActorRef Flannel, IActorRef Kubelet, IActorRef KubeProxy, IActorRef Edge)
{
    /// <summary>The actors that own the root namespace's devices.</summary>
    public ImmutableArray<IActorRef> DeviceOwners => [Bridge, Tunnel, Lan];
}
