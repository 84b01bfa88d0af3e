namespace ActorNet.Netstack;

/// <summary>What one acknowledgment told the sender.</summary>
internal struct AckSummary
{
    /// <summary>Sequence space newly acknowledged in bytes, SYN and FIN included.</summary>
    public int Acknowledged;

    /// <summary>Bytes newly known to be received, by acknowledgment or SACK.</summary>
    public int Delivered;

    /// <summary>When the first segment acknowledged, never sent twice, was sent; -1 without one.</summary>
    public long FirstSentAt;

    /// <summary>When the last segment acknowledged or SACKed, never sent twice, was sent; -1 without one.</summary>
    public long LastSentAt;

    /// <summary>A segment that was sent more than once was acknowledged.</summary>
    public bool RetransmittedAcknowledged;

    /// <summary>SACK blocks told something new.</summary>
    public bool NewlySacked;

    /// <summary>The peer reported a duplicate (RFC 2883).</summary>
    public bool DuplicateSack;

    /// <summary>Our SYN was acknowledged.</summary>
    public bool SynAcknowledged;

    /// <summary>Segments were newly taken for lost.</summary>
    public bool NewlyLost;

    public static AckSummary Nothing => new() { FirstSentAt = -1, LastSentAt = -1 };
}
