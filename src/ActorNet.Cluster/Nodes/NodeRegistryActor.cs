using ActorNet.Cluster.Membership;
using ActorNet.Cluster.Serialization;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.PublishSubscribe;
using Akka.Event;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorNet.Cluster.Nodes;

/// <summary>
/// The registry singleton: owns a <see cref="NodeRegistryState"/>, answers requests, publishes events and bookmarks. It looks at
/// membership only to know whose offers to await: how a member went does not tell whether its host said goodbye, for Akka may
/// carry a downed member through Exiting while it shuts down. A Node goes only when somebody asks for it.
/// </summary>
internal sealed class NodeRegistryActor : UntypedActor, IWithTimers
{
    internal const string Topic = "nodes";

    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromSeconds(1);

    private readonly NodeDirectory _directory;
    private readonly IActorRef _mediator = DistributedPubSub.Get(Context.System).Mediator;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly NodeRegistryState _state;

    public NodeRegistryActor(NodeDirectory directory)
    {
        _directory = directory;
        string[] awaited = [.. AkkaCluster.Get(Context.System).State.Members.Where(member => member.Status == MemberStatus.Up).Select(MembershipActor.HostName)];
        _state = new NodeRegistryState(directory.NewAllocator(), directory.NextEpoch(), awaited);
    }

    private enum Tick
    {
        Bookmark,
        EndRecovery,
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(Tick.Bookmark, Tick.Bookmark, TimeSpan.Zero, BookmarkInterval);
        Timers.StartSingleTimer(Tick.EndRecovery, Tick.EndRecovery, _directory.RecoveryWindow);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Tick.Bookmark:
                Publish(_state.Bookmark);
                return;
            case Tick.EndRecovery:
                End();
                break;
            case IWireMessage request:
                Answer(request);
                break;
            default:
                Unhandled(message);
                return;
        }
        while (_state.TryTakeEvent(out NodeEvent? e))
            Publish(e);
    }

    private void Answer(IWireMessage request)
    {
        bool recovering = _state.IsRecovering;
        long epoch = _state.Epoch;
        Sender.Tell(_state.Answer(request));
        if (_state.SupersededBy > 0)
        {
            // Another registry served after this one. Begin again above its epoch; a stale singleton is stopped by its own host soon.
            _directory.NoteEpoch(_state.SupersededBy);
            throw new SupersededException(_state.Epoch, _state.SupersededBy);
        }
        if (epoch != _state.Epoch || (recovering && !_state.IsRecovering))
            Publish(_state.Bookmark);
    }

    private void End()
    {
        if (!_state.IsRecovering)
            return;
        _log.Warning("The node registry of epoch {0} begins to serve although not every host has offered its nodes within {1}.", _state.Epoch, _directory.RecoveryWindow);
        _state.EndRecovery();
        Publish(_state.Bookmark);
    }

    private void Publish(IWireMessage message) => _mediator.Tell(new Publish(Topic, message));

    private sealed class SupersededException(long own, long other) : Exception($"The node registry of epoch {own} was superseded by epoch {other} and begins again.");
}

/// <summary>
/// What the singleton manager runs. The manager never makes a singleton again that stopped, so this one lives and its child does
/// the work: a child that fails begins a new epoch.
/// </summary>
internal sealed class NodeRegistrySupervisor(NodeDirectory directory) : UntypedActor
{
    private IActorRef _registry = ActorRefs.Nobody;

    protected override void PreStart() => _registry = Context.ActorOf(Props.Create(() => new NodeRegistryActor(directory)), "registry");

    protected override void OnReceive(object message) => _registry.Forward(message);

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);
}
