using System.Globalization;
using ActorNet.Cluster.Links;
using Akka.Actor;
using Akka.Cluster;
using AkkaCluster = Akka.Cluster.Cluster;

namespace ActorNet.Cluster.Membership;

/// <summary>Follows the cluster's events and publishes a new <see cref="ControlSnapshot"/> after each.</summary>
internal sealed class MembershipActor(ControlLinks links, Action<ControlSnapshot> publish) : UntypedActor
{
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private readonly Dictionary<UniqueAddress, Member> _members = [];
    private readonly HashSet<UniqueAddress> _unreachable = [];
    private Address? _leader;

    protected override void PreStart() => _cluster.Subscribe(
        Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents,
        typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent), typeof(ClusterEvent.LeaderChanged));

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.MemberRemoved removed:
                _members.Remove(removed.Member.UniqueAddress);
                _unreachable.Remove(removed.Member.UniqueAddress);
                break;
            case ClusterEvent.IMemberEvent changed:
                _members[changed.Member.UniqueAddress] = changed.Member;
                links.Learn(HostName(changed.Member), ControlEndpoint.Of(changed.Member.Address));
                break;
            case ClusterEvent.UnreachableMember lost:
                _unreachable.Add(lost.Member.UniqueAddress);
                break;
            case ClusterEvent.ReachableMember found:
                _unreachable.Remove(found.Member.UniqueAddress);
                break;
            case ClusterEvent.LeaderChanged leader:
                _leader = leader.Leader;
                break;
            default:
                Unhandled(message);
                return;
        }
        publish(Snapshot());
    }

    internal static string HostName(Member member) => Carried(member, ControlRoles.HostPrefix) ?? ControlEndpoint.Of(member.Address).ToString();

    // What a member says of itself stands in the names of its roles.
    private static string? Carried(Member member, string prefix) =>
        member.Roles.FirstOrDefault(role => role.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];

    private ControlSnapshot Snapshot()
    {
        Member? oldest = null;
        foreach (Member member in _members.Values)
        {
            if (member.Status == MemberStatus.Up && member.HasRole(ControlRoles.Store) && (oldest is null || member.IsOlderThan(oldest)))
                oldest = member;
        }
        Member? leader = _members.Values.FirstOrDefault(member => member.Address.Equals(_leader));
        MemberStatus self = _members.TryGetValue(_cluster.SelfUniqueAddress, out Member? own) ? own.Status : MemberStatus.Removed;
        return new ControlSnapshot(
            [.. _members.Values.Select(Describe).OrderBy(member => member.Name, StringComparer.Ordinal)],
            self, leader is null ? null : HostName(leader), oldest is null ? null : HostName(oldest));
    }

    private ControlMember Describe(Member member) => new(
        HostName(member), ControlEndpoint.Of(member.Address), member.UniqueAddress.Uid, member.Status, !_unreachable.Contains(member.UniqueAddress),
        [.. member.Roles.Where(static role => !role.StartsWith(ControlRoles.HostPrefix, StringComparison.Ordinal) && !role.StartsWith(ControlRoles.ProcessPrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)])
    {
        ProcessId = int.TryParse(Carried(member, ControlRoles.ProcessPrefix), NumberStyles.None, CultureInfo.InvariantCulture, out int process) ? process : null,
        Release = Release.TryParse(member.AppVersion.Version, out Release release) ? release : null,
    };
}
