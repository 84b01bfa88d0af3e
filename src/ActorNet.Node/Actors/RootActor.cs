using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Node.Links;
using ActorNet.Packets;
using Akka.Actor;
using Akka.Event;

namespace ActorNet.Node.Actors;

/// <summary>
/// Owns a node's root namespace: lo and the IP side of eth0, the bridge and the tunnel, which their own actors hold. It routes between them.
/// </summary>
internal sealed class RootActor : NamespaceActor
{
    // Some hundred microseconds: less than a full vector of frames waits for anyway.
    private const int RulesOfOnePiece = 512;

    private readonly NodeSettings _settings;
    private readonly Queue<(RestoreRun Run, StaleFlows? Stale, IActorRef Asker)> _restores = new();
    private readonly Dictionary<int, (DelegatedDevice Device, IActorRef Owner)> _delegated = [];

    public RootActor(NodeSettings settings, NodeServices services)
        : base(new NamespaceOptions { Name = settings.Name, Seed = NodeLayout.Draw(services.Seed, settings.Name), IpForward = true }, services)
    {
        _settings = settings;
        // What the kernel of a real node would write to its log, as "nf_conntrack: table full, dropping packet".
        IActorRef node = Context.Parent;
        Namespace.EnableNetfilter(new NetfilterOptions { ConntrackMax = settings.ConntrackMax }).Warning = line => node.Tell(new NodeActor.KernelWarning(line), ActorRefs.NoSender);
    }

    /// <inheritdoc/>
    protected override IEnumerable<NetworkDevice> Devices => [Lo];

    /// <inheritdoc/>
    protected override IEnumerable<NetworkDevice> LocalDevices => Devices;

    /// <inheritdoc/>
    protected override void OnFrames(FrameVector vector)
    {
        if (_delegated.TryGetValue(vector.Port, out (DelegatedDevice Device, IActorRef Owner) found))
            found.Device.Receive(vector);
        else
            throw new InvalidOperationException($"A vector came for device {vector.Port}, which nobody offered.");
    }

    /// <inheritdoc/>
    protected override bool OnMessage(object message)
    {
        switch (message)
        {
            case DeviceOffered offer:
                Take(offer);
                return true;
            case NetfilterProtocol.Ensure ensure:
                Require(Namespace.EnableNetfilter().Ensure(ensure.Rules));
                return true;
            case NetfilterProtocol.Keep keep:
                Keep(keep);
                return true;
            case NetfilterProtocol.MapPorts map:
                Require(Namespace.EnableNetfilter().Ensure(map.Rules.Added));
                foreach (ushort port in map.Rules.UdpPorts)
                    Namespace.EnableNetfilter().DeleteConnections(IpProtocol.Udp, (original, _) => original.DestinationPort == port);
                return true;
            case NetfilterProtocol.UnmapPorts unmap:
                Require(Namespace.EnableNetfilter().Restore(unmap.Rules.Removal, noFlush: true));
                return true;
            case NetfilterProtocol.Apply apply:
                _restores.Enqueue((Namespace.EnableNetfilter().Begin(apply.Rules, noFlush: true, counters: true), apply.Stale, Sender));
                if (_restores.Count == 1)
                    AdvanceRestore();
                return true;
            case NextPiece:
                AdvanceRestore();
                return true;
            case NetfilterProtocol.Look look:
                NetfilterState state = Namespace.EnableNetfilter();
                Sender.Tell(new NetfilterProtocol.Looked(look.Chains.All(c => state.HasChain(c.Table, c.Chain))));
                return true;
            case DeviceStateChanged changed:
                if (_delegated.TryGetValue(changed.State.IfIndex, out (DelegatedDevice Device, IActorRef Owner) found))
                {
                    found.Device.Apply(changed.State);
                    Namespace.DeviceChanged(found.Device);
                }

                return true;
            default:
                return base.OnMessage(message);
        }
    }

    private void Keep(NetfilterProtocol.Keep keep)
    {
        if (keep.Rules.Keep(Namespace.EnableNetfilter()) is not { } result)
            return;
        if (!keep.IsFirst)
            Context.GetLogger().Warning("{0}: rules of its own were gone: somebody has changed the tables; they are written again", keep.Program);
        Require(result);
    }

    private static void Require(RestoreResult result)
    {
        if (!result.IsSuccess)
            Context.GetLogger().Error("a rule of the node was refused, exit code {0}: {1}", result.ExitCode, result.Error);
    }

    // What came meanwhile is in the mailbox before the next piece.
    private void AdvanceRestore()
    {
        (RestoreRun run, StaleFlows? flows, IActorRef asker) = _restores.Peek();
        RestoreResult? result = run.Advance(RulesOfOnePiece);
        if (result is not null)
        {
            int deleted = result.IsSuccess && flows is not null ? Namespace.EnableNetfilter().DeleteConnections(IpProtocol.Udp, flows.IsStale) : 0;
            asker.Tell(new NetfilterProtocol.Done(result, deleted));
            _restores.Dequeue();
        }

        if (_restores.Count > 0)
            Self.Tell(NextPiece.Instance, ActorRefs.NoSender);
    }

    private void Take(DeviceOffered offer)
    {
        var device = new DelegatedDevice(offer.State, Frames) { TakesTrains = _settings.Offload };
        device.Owner = new ActorSink(offer.Owner, offer.OwnerPort, new CreditWindow(LinkWindows.Node), Frames, device.Counters);
        IActorRef owner = offer.Owner;
        device.UpRequested = up => owner.Tell(new RequestUp(device.Name, up), Self);
        _delegated[device.IfIndex] = (device, owner);
        IpInterface attached = Namespace.Attach(device);
        if (device.Kind == "bridge" && Namespace.Netfilter is { Options.BridgeCallsIptables: true })
            owner.Tell(new BridgeProtocol.CallIptables(true), Self);
        if (device.Name == NodeLayout.Underlay)
        {
            Namespace.AddAddress(attached, new InterfaceAddress { Address = _settings.NodeIp, PrefixLength = NodeLayout.NodePrefixLength, Broadcast = new Ipv4Prefix(_settings.NodeIp, NodeLayout.NodePrefixLength).Broadcast });
            Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Default, Gateway = NodeLayout.Outside(_settings.NodeIp), Device = NodeLayout.Underlay });
        }
        else if (device.Name == NodeLayout.Bridge)
            Namespace.AddAddress(attached, new InterfaceAddress { Address = NodeLayout.Gateway(_settings.PodCidr), PrefixLength = _settings.PodCidr.Length, Broadcast = _settings.PodCidr.Broadcast });
        else if (device.Name == NodeLayout.Tunnel)
            Namespace.AddAddress(attached, new InterfaceAddress { Address = _settings.PodCidr.Network, PrefixLength = 32 });
    }

    private sealed class NextPiece : IDeadLetterSuppression, INoSerializationVerificationNeeded
    {
        public static readonly NextPiece Instance = new();
    }
}
