using ActorNet.Cluster.Formation;
using ActorNet.Cluster.Links;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorNet.Cluster.Membership;

/// <summary>
/// Puts a member out at once when its machine answers that nothing listens at its endpoint any more: its process is gone, and nothing is gained by waiting
/// whether it comes back. Asked is only whom the failure detector suspects; a member that is frozen or cut off refuses nothing, and is the resolver's to
/// judge. So is everything on the side of a cut that it does not let live: a firewall that rejects refuses, too, and whom it cuts off would put out all others. A wrong guess costs the member its control system and nothing else: every write is a compare-and-set in the store.
/// </summary>
/// <param name="links">The faults of this host's control links: whom a cut hides is not asked.</param>
internal sealed class RefusedMemberActor(ControlLinks links) : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500), Limit = TimeSpan.FromSeconds(1);

    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly Dictionary<UniqueAddress, Member> _suspects = [];

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => _cluster.Subscribe(
        Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.UnreachableMember lost:
                _suspects[lost.Member.UniqueAddress] = lost.Member;
                Ask(lost.Member);
                Timers.StartPeriodicTimer(AskAgain.Instance, AskAgain.Instance, Interval);
                break;
            case ClusterEvent.ReachableMember found:
                Clear(found.Member);
                break;
            case ClusterEvent.MemberDowned or ClusterEvent.MemberRemoved:
                Clear(((ClusterEvent.IMemberEvent)message).Member);
                break;
            case AskAgain:
                foreach (Member member in _suspects.Values)
                    Ask(member);
                break;
            case Refused when !IsSideThatLives:
                break;
            case Refused refused when _suspects.Remove(refused.Member.UniqueAddress):
                _log.Warning("Nothing listens at {0} any more: the process of '{1}' is gone, and it is put out of the cluster.", ControlEndpoint.Of(refused.Member.Address), MembershipActor.HostName(refused.Member));
                _cluster.Down(refused.Member.Address);
                break;
            case ClusterEvent.IMemberEvent or Refused or Answered:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private bool IsSideThatLives
    {
        get
        {
            Member[] counted = [.. _cluster.State.Members.Where(static member => member.Status is MemberStatus.Up or MemberStatus.Leaving)];
            return Majority.Lives(
                [.. counted.Where(member => !_suspects.ContainsKey(member.UniqueAddress)).Select(static member => ControlEndpoint.Of(member.Address))],
                [.. counted.Select(static member => ControlEndpoint.Of(member.Address))]);
        }
    }

    private void Ask(Member member) =>
        PortProbe.AskAsync(ControlEndpoint.Of(member.Address), Limit, links)
            .PipeTo(Self, success: state => state == PortState.Refuses ? new Refused(member) : Answered.Instance, failure: static _ => Answered.Instance);

    private void Clear(Member member)
    {
        _suspects.Remove(member.UniqueAddress);
        if (_suspects.Count == 0)
            Timers.Cancel(AskAgain.Instance);
    }

    private sealed record Refused(Member Member);

    private sealed class Answered
    {
        public static readonly Answered Instance = new();
    }

    private sealed class AskAgain
    {
        public static readonly AskAgain Instance = new();
    }
}
