using ActorNet.Cluster.Membership;
using Akka.Cluster;

namespace ActorNet.Cluster.Formation;

/// <summary>A cluster as one of its members sees it: by this it is said which of two that were one lives, where no store on the hosts' disks says it.</summary>
/// <param name="Identity">Which cluster it is: of its authority's certificate; empty: not known.</param>
/// <param name="Hosts">How many of its hosts are Up and answer.</param>
/// <param name="First">The lowest of their endpoints, in <see cref="Majority.Order"/>.</param>
internal readonly record struct ClusterSide(string Identity, int Hosts, ControlEndpoint First)
{
    /// <summary>A host's own cluster.</summary>
    /// <param name="seen">The cluster as the host sees it.</param>
    /// <param name="identity">Which it is.</param>
    public static ClusterSide Of(ControlSnapshot seen, string identity)
    {
        ControlEndpoint[] hosts = [.. seen.Members.Where(static member => member is { Status: MemberStatus.Up, IsReachable: true }).Select(static member => member.Endpoint)];
        return new ClusterSide(identity, hosts.Length, hosts.Length == 0 ? default : hosts.Min(Majority.Order));
    }

    /// <summary>Another host's cluster; null: it does not say.</summary>
    /// <param name="answer">What that host said.</param>
    public static ClusterSide? Of(JoinAnswer answer) =>
        answer is { IsMember: true, Hosts: > 0, Identity: { } identity } && ControlEndpoint.TryParse(answer.FirstHost, out ControlEndpoint first) ? new ClusterSide(identity, answer.Hosts, first) : null;

    /// <summary>Whether this one ends where both are: the one with fewer hosts, of two alike the one that has not the lowest endpoint, as a resolver decides (<see cref="Majority"/>).</summary>
    /// <param name="other">The other one.</param>
    public bool YieldsTo(ClusterSide other) =>
        Identity.Length > 0 && Identity == other.Identity && (other.Hosts > Hosts || (other.Hosts == Hosts && Majority.Compare(other.First, First) < 0));
}
