using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Observation;
using ActorNet.Dataplane.Time;
using ActorNet.Netstack;
using ActorNet.Node.Views;
using ActorNet.Workloads.Load;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>Owns one <see cref="NetworkNamespace"/> and the sockets in it: a node's root or a pod.</summary>
internal abstract class NamespaceActor : FrameActor
{
    // A load program's turn is short enough that a ping beside it is not held up.
    private const int FramesPerTurn = 8 * FrameVector.Capacity;

    private readonly List<ITurnProgram> _programs = [];
    private bool _turnAsked;

    protected NamespaceActor(NamespaceOptions options, NodeServices services)
        : base(services)
    {
        Namespace = new NetworkNamespace(options, Clock, Frames);
        Sockets = new SocketLayer(Namespace, NodeLayout.Draw(services.Seed, $"{options.Name}/sockets"));
        Lo = new LoopbackDevice(Frames);
        Lo.SetUp(true);
        IpInterface lo = Namespace.Attach(Lo);
        Namespace.AddAddress(lo, new InterfaceAddress { Address = Packets.Ipv4Address.Loopback, PrefixLength = 8, Scope = RouteScope.Host });
    }

    /// <summary>The namespace.</summary>
    protected NetworkNamespace Namespace { get; }

    /// <summary>Its sockets.</summary>
    protected SocketLayer Sockets { get; }

    /// <summary>Its loopback device.</summary>
    protected LoopbackDevice Lo { get; }

    /// <summary>The window whose half being free lets a load program go on, or null when there is none.</summary>
    protected virtual CreditWindow? Egress => null;

    /// <inheritdoc/>
    protected override Instant NextDeadline
    {
        get
        {
            Instant a = Namespace.NextDeadline;
            Instant b = Sockets.NextDeadline;
            return a < b ? a : b;
        }
    }

    /// <inheritdoc/>
    protected override void OnWake(Instant now)
    {
        Namespace.Poll(now);
        Sockets.Poll(now);
    }

    /// <inheritdoc/>
    protected override void Flush()
    {
        Namespace.Flush();
        if (Sockets.NextDeadline <= Clock.Now)
        {
            Sockets.Poll(Clock.Now);
            Namespace.Flush();
        }
    }

    /// <inheritdoc/>
    protected override bool OnMessage(object message)
    {
        switch (message)
        {
            case RunWork run:
                run.Work(Sockets);
                return true;
            case AddProgram add:
                _programs.Add(add.Program);
                RunPrograms();
                return true;
            case Turn:
                _turnAsked = false;
                RunPrograms();
                return true;
            case Inspect:
                Sender.Tell(new OwnedView(NamespaceViews.Of(Namespace, LocalDevices)));
                return true;
            case NetfilterRequest request:
                Sender.Tell(NetfilterRequests.Run(Namespace, request));
                return true;
            case NamespaceChange change:
                Sender.Tell(Apply(change));
                return true;
            default:
                return false;
        }
    }

    /// <inheritdoc/>
    protected override void OnTrace(HopRecorder? recorder)
    {
        if (Namespace.Netfilter is { } netfilter)
            netfilter.Tracer = recorder;
    }

    /// <summary>The devices that this actor owns itself, so that their links are its to show.</summary>
    protected abstract IEnumerable<NetworkDevice> LocalDevices { get; }

    /// <inheritdoc/>
    protected override IEnumerable<(string Place, DropCounters Drops)> DropPlaces =>
        Namespace.Devices.Select(d => (DropPlace(d.Name), d.Counters.Drops)).Append((DropPlace("ip"), Namespace.LocalDrops)).Append((DropPlace("sockets"), Sockets.Drops));

    /// <inheritdoc/>
    protected override NamespaceMeasure? NamespaceMeasure
    {
        get
        {
            TcpCounters tcp = Sockets.Tcp;
            return new NamespaceMeasure(
                TraceNamespace, new TcpMeasure(tcp.ActiveOpens, tcp.PassiveOpens, tcp.CurrEstab, tcp.InSegs, tcp.OutSegs, tcp.RetransSegs, tcp.OutRsts),
                Namespace.Netfilter?.ConnectionCount ?? 0, Namespace.Netfilter?.Options.ConntrackMax ?? 0);
        }
    }

    /// <summary>What `status` calls a place in this namespace.</summary>
    /// <param name="place">A device, ip or sockets.</param>
    protected virtual string DropPlace(string place) => place;

    /// <inheritdoc/>
    protected override void OnStop()
    {
        Sockets.Close();
        Namespace.Dispose();
    }

    /// <summary>Applies a change.</summary>
    /// <param name="change">The change.</param>
    protected virtual ControlResult Apply(NamespaceChange change) => NamespaceChanges.Apply(Namespace, LocalDevices, change);

    // A load program fills what room the link has and then waits for a credit to come back: it never polls, and it never queues.
    private void RunPrograms()
    {
        int budget = Math.Clamp(Egress?.Free ?? 0, 0, FramesPerTurn);
        for (int i = _programs.Count - 1; i >= 0; i--)
        {
            if (!_programs[i].Run(Sockets, budget))
                _programs.RemoveAt(i);
        }

        if (_programs.Count == 0 || _turnAsked)
            return;
        _turnAsked = true;
        IActorRef self = Self;
        if (Egress is { } egress)
            egress.NotifyWhenHalfFree(() => self.Tell(Turn.Instance, ActorRefs.NoSender));
        else
            self.Tell(Turn.Instance, ActorRefs.NoSender);
    }

    /// <summary>Work that a program wants done in the namespace.</summary>
    /// <param name="Work">The work.</param>
    internal sealed record RunWork(Action<SocketLayer> Work) : INoSerializationVerificationNeeded;

    /// <summary>Starts a program that lives in the namespace's turns.</summary>
    /// <param name="Program">The program.</param>
    internal sealed record AddProgram(ITurnProgram Program) : INoSerializationVerificationNeeded;

    private sealed class Turn : INotInfluenceReceiveTimeout
    {
        public static readonly Turn Instance = new();
    }
}
