using ActorNet.Cluster.Formation;
using Akka.Actor;
using Akka.Cluster;

namespace ActorNet.Cluster.Membership;

/// <summary>Answers hosts that want to join through this one, before they are members.</summary>
internal sealed class JoinGateActor(ControlOptions options, Func<ControlSnapshot> snapshot) : UntypedActor
{
    internal const string Name = "join-gate";

    /// <summary>Raised where even the next release could misunderstand what this one says; else <see cref="Release.RunsBeside"/> decides.</summary>
    internal const int ProtocolVersion = 2;

    protected override void OnReceive(object message)
    {
        if (message is not JoinHello hello)
        {
            Unhandled(message);
            return;
        }
        ControlSnapshot now = snapshot();
        // A host that restarts on its own endpoint is not its own rival: its old incarnation leaves when it joins.
        ControlMember? holder = now.Members.FirstOrDefault(member =>
            member.Name == hello.HostName && member.Endpoint.ToString() != hello.Endpoint && member.IsReachable
            && member.Status is MemberStatus.Up or MemberStatus.Joining or MemberStatus.WeaklyUp);
        (string host, Release release) = LeastFitting(hello, now);
        StoreStanding? store = options.Standing?.Invoke();
        bool grants = Grants(hello, now);
        ClusterSide own = ClusterSide.Of(now, options.Identity?.Invoke() ?? "");
        Sender.Tell(new JoinAnswer(
            options.ClusterName, ProtocolVersion, now.SelfStatus == MemberStatus.Up, holder?.Endpoint.ToString() ?? "",
            options.Returns, store?.LeadsTerm ?? 0, grants, release.ToString(), host, store?.Member ?? "", IsPromised(hello, now),
            now.Members.Any(member => member.Endpoint.ToString() == hello.Endpoint), own.Hosts, own.Hosts == 0 ? "" : own.First.ToString(), own.Identity));
    }

    // While hosts are upgraded there are two releases, and a third may fit the one and not the other.
    private (string Host, Release Release) LeastFitting(JoinHello hello, ControlSnapshot now)
    {
        bool isKnown = Release.TryParse(hello.Release, out Release its);
        ControlMember? misfit = isKnown ? now.Members.FirstOrDefault(member => member.Name != hello.HostName && member.Release is { } there && !there.RunsBeside(its)) : null;
        return misfit is { Release: { } other } ? (misfit.Name, other) : (options.HostName, options.Release);
    }

    // Who is in a cluster, or on the way into one, has nobody form another.
    private bool Grants(JoinHello hello, ControlSnapshot now) =>
        hello.Claims && hello.ClusterName == options.ClusterName && now.SelfStatus == MemberStatus.Removed
        && ControlEndpoint.TryParse(hello.Endpoint, out ControlEndpoint claimer) && options.Promise.TryGiveToForm(claimer);

    private bool IsPromised(JoinHello hello, ControlSnapshot now) =>
        now.SelfStatus != MemberStatus.Removed || (ControlEndpoint.TryParse(hello.Endpoint, out ControlEndpoint asker) && options.Promise.IsOfAnother(asker));
}
