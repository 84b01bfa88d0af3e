using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Time;

namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>A connection (linux struct nf_conn).</summary>
internal sealed class ConntrackEntry : TimedEntry
{
    internal ConntrackTuple Original { get; set; }

    internal ConntrackTuple Reply { get; set; }

    internal ConntrackStatus Status { get; set; }

    internal uint Mark { get; set; }

    /// <summary>When it is over, once it is confirmed. Its place in the queue of deadlines may be earlier: moving it there is put off.</summary>
    internal Instant Expires { get; set; }

    /// <summary>The time-out that its last packet gave it.</summary>
    internal TimeSpan Timeout { get; set; }

    internal TcpTracking Tcp;

    /// <summary>When a UDP flow counts as a stream (nf_conntrack_proto_udp.c: two seconds after its beginning).</summary>
    internal Instant StreamFrom { get; set; }

    /// <summary>How many connections with the same original tuple came before: with the tuple, the place of random choices.</summary>
    internal uint Ordinal { get; set; }

    /// <summary>Packets of both directions so far.</summary>
    internal uint Packets { get; set; }

    /// <summary>The device by which a masqueraded connection leaves; 0 for none (nf_nat masq_index).</summary>
    internal int MasqueradeIndex { get; set; }

    /// <summary>The way of its packets in the first packet's direction, once one was noted.</summary>
    internal Established.EstablishedPath? OriginalPath { get; set; }

    /// <summary>The way of its answers, once one was noted.</summary>
    internal Established.EstablishedPath? ReplyPath { get; set; }

    /// <summary>The next older connection of the same source whose source is translated (nat_bysource).</summary>
    internal ConntrackEntry? OlderOfSource { get; set; }

    /// <summary>The next newer one.</summary>
    internal ConntrackEntry? NewerOfSource { get; set; }

    internal bool IsConfirmed => (Status & ConntrackStatus.Confirmed) != 0;

    internal bool IsDying { get; set; }

    /// <summary>Its place in the list of all.</summary>
    internal int Place { get; set; }

    internal bool IsNatted => (Status & (ConntrackStatus.SourceNat | ConntrackStatus.DestinationNat)) != 0;

    /// <summary>Makes a used object new.</summary>
    internal void Reset(in ConntrackTuple original, in ConntrackTuple reply)
    {
        Original = original;
        Reply = reply;
        Status = ConntrackStatus.None;
        Mark = 0;
        Expires = default;
        Timeout = default;
        Tcp = default;
        StreamFrom = default;
        Ordinal = 0;
        Packets = 0;
        MasqueradeIndex = 0;
        IsDying = false;
        OlderOfSource = null;
        NewerOfSource = null;
        OriginalPath = null;
        ReplyPath = null;
    }
}
