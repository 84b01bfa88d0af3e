using Akka.Actor;
using Akka.Cluster;

namespace ActorNet.Cluster.Membership;

/// <summary>Answers hosts that want to join through this one, before they are members.</summary>
internal sealed class JoinGateActor(ControlOptions options, Func<ControlSnapshot> snapshot) : UntypedActor
{
    internal const string Name = "join-gate";

    /// <summary>Raised whenever hosts of two builds could misunderstand each other.</summary>
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
        Sender.Tell(new JoinAnswer(
            options.ClusterName, ProtocolVersion, now.SelfStatus == MemberStatus.Up, holder?.Endpoint.ToString() ?? "",
            options.Returns, options.Standing?.Invoke()?.LeadsTerm ?? 0, Grants(hello, now)));
    }

    // Who is in a cluster, or on the way into one, has nobody form another.
    private bool Grants(JoinHello hello, ControlSnapshot now) =>
        hello.Claims && hello.ClusterName == options.ClusterName && now.SelfStatus == MemberStatus.Removed
        && ControlEndpoint.TryParse(hello.Endpoint, out ControlEndpoint claimer) && options.Promise.TryGive(claimer);
}
