namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>Counters of conntrack -S (linux struct ip_conntrack_stat), for packets.</summary>
public sealed class ConntrackCounters
{
    /// <summary>Packets that belonged to no connection and began none.</summary>
    public long Invalid { get; internal set; }

    /// <summary>Connections that could not be entered because their tuples were taken.</summary>
    public long InsertFailed { get; internal set; }

    /// <summary>Packets dropped because a connection could not be made or entered.</summary>
    public long Drop { get; internal set; }

    /// <summary>Connections that made room for a new one.</summary>
    public long EarlyDrop { get; internal set; }

    /// <summary>ICMP errors that told of no connection.</summary>
    public long Error { get; internal set; }
}
