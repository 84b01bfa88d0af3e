namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>How a packet belongs to a connection (linux enum ip_conntrack_info).</summary>
internal enum ConntrackInfo : byte
{
    /// <summary>It was not asked, or belongs to none: INVALID.</summary>
    None,

    /// <summary>Begins one.</summary>
    New,

    /// <summary>In the direction of the first packet, and an answer was seen.</summary>
    Established,

    /// <summary>An answer.</summary>
    EstablishedReply,

    /// <summary>An ICMP error about a packet of an answer's direction; it travels in the first packet's direction.</summary>
    Related,

    /// <summary>An ICMP error about a packet of the first packet's direction; it travels as an answer.</summary>
    RelatedReply,

    /// <summary>A rule said that it is not to be tracked.</summary>
    Untracked,
}

/// <summary>Status bits (linux include/uapi/linux/netfilter/nf_conntrack_common.h, enum ip_conntrack_status).</summary>
[Flags]
public enum ConntrackStatus
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>It was expected by a helper: never here.</summary>
    Expected = 1,

    /// <summary>Packets went both ways.</summary>
    SeenReply = 2,

    /// <summary>It is not dropped to make room.</summary>
    Assured = 4,

    /// <summary>Its first packet left the namespace or reached a socket.</summary>
    Confirmed = 8,

    /// <summary>Its source is translated.</summary>
    SourceNat = 16,

    /// <summary>Its destination is translated.</summary>
    DestinationNat = 32,

    /// <summary>Whether to translate the source has been decided.</summary>
    SourceNatDone = 128,

    /// <summary>Whether to translate the destination has been decided.</summary>
    DestinationNatDone = 256,
}
