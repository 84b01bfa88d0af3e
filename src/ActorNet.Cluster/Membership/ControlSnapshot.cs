using System.Collections.Immutable;
using Akka.Cluster;

namespace ActorNet.Cluster.Membership;

/// <summary>One member of the cluster as this host sees it.</summary>
/// <param name="Name">Its host name.</param>
/// <param name="Endpoint">Where its control system is reached.</param>
/// <param name="Uid">Its incarnation: a restarted control system has another.</param>
/// <param name="Status">Its place in the membership life cycle.</param>
/// <param name="IsReachable">False while the failure detector of some member suspects it.</param>
/// <param name="Roles">Its roles, without those that carry the host's name and its process.</param>
public sealed record ControlMember(string Name, ControlEndpoint Endpoint, int Uid, MemberStatus Status, bool IsReachable, ImmutableArray<string> Roles)
{
    /// <summary>The host's process id on its machine; null when it does not say.</summary>
    public int? ProcessId { get; init; }

    /// <summary>The version of actornet that it runs; null when it does not say.</summary>
    public Release? Release { get; init; }
}

/// <summary>The cluster as this host sees it at one moment. Immutable.</summary>
/// <param name="Members">All members, by name.</param>
/// <param name="SelfStatus">This host's own status; Removed when it is in no cluster.</param>
/// <param name="Leader">Host name of the leader, which moves members through their statuses; null when unknown.</param>
/// <param name="SingletonHost">Host name of the oldest Up member of the store role, where the singletons live; null when none.</param>
public sealed record ControlSnapshot(ImmutableArray<ControlMember> Members, MemberStatus SelfStatus, string? Leader, string? SingletonHost)
{
    /// <summary>Before anything is known.</summary>
    public static readonly ControlSnapshot Empty = new([], MemberStatus.Removed, null, null);

    /// <summary>Names of the members that are suspected.</summary>
    public IEnumerable<string> Unreachable => Members.Where(member => !member.IsReachable).Select(member => member.Name);

    /// <summary>The member of a host name, or null.</summary>
    /// <param name="host">The name.</param>
    public ControlMember? Find(string host) => Members.FirstOrDefault(member => member.Name == host);
}
