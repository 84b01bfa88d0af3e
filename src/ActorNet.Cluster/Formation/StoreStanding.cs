using System.Collections.Immutable;

namespace ActorNet.Cluster.Formation;

/// <summary>How the store on the hosts' disks stands, as one host knows: its members are the hosts whose majority decides who forms a lost cluster anew.</summary>
/// <param name="Size">How many members it has; 0: this host has not heard yet.</param>
/// <param name="IsMember">Whether this host's disk is one.</param>
/// <param name="Others">Control endpoints of the other members' hosts, as far as they are known.</param>
/// <param name="LeadsTerm">The term in which this host's disk leads (Raft, section 5.1); 0: it does not.</param>
/// <param name="Term">The newest term that this host knows of.</param>
public sealed record StoreStanding(int Size, bool IsMember, ImmutableArray<ControlEndpoint> Others, long LeadsTerm, long Term)
{
    /// <summary>The name of this host's disk, where that is a member.</summary>
    public string Member { get; init; } = "";

    /// <summary>The names of all members: a process that has just begun knows them from its disk, and not yet where their hosts are.</summary>
    public ImmutableArray<string> Members { get; init; } = [];
}
