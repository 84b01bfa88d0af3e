namespace ActorNet.Cluster.Formation;

/// <summary>Where a host that was asked stands.</summary>
internal enum PeerState
{
    /// <summary>It did not answer: away, cut off, or slow.</summary>
    Silent,

    /// <summary>Its machine, or a firewall before it, refuses the connection.</summary>
    Refuses,

    /// <summary>It answers, and is in no cluster.</summary>
    Outside,

    /// <summary>It answers, and is an Up member of a cluster.</summary>
    Member,
}

/// <summary>What one question of a search showed of a host.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Returns">Whether its process has been in the cluster before, so that it may form it anew.</param>
/// <param name="LeadsTerm">The term in which its disk leads the store; 0: it does not.</param>
/// <param name="StoreMember">The name of its disk in the store, if it has one there; else empty.</param>
/// <param name="Hosts">How many hosts the cluster has that it is a member of.</param>
internal readonly record struct PeerView(PeerState State, bool Returns = false, long LeadsTerm = 0, string StoreMember = "", int Hosts = 0);
