namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>States of a TCP connection as conntrack sees it (linux enum tcp_conntrack). Their order is that of the transition table.</summary>
internal enum TcpState : byte
{
    /// <summary>Nothing seen.</summary>
    None,

    /// <summary>A SYN.</summary>
    SynSent,

    /// <summary>A SYN and its answer.</summary>
    SynReceived,

    /// <summary>Both, and an ACK.</summary>
    Established,

    /// <summary>A FIN.</summary>
    FinWait,

    /// <summary>A FIN and its ACK.</summary>
    CloseWait,

    /// <summary>A FIN from each side.</summary>
    LastAck,

    /// <summary>All of that acknowledged.</summary>
    TimeWait,

    /// <summary>A RST.</summary>
    Close,

    /// <summary>A SYN from each side.</summary>
    SynSent2,

    /// <summary>Only in the table: the packet does not belong to the connection.</summary>
    Invalid,

    /// <summary>Only in the table: the packet may or may not belong; the receiver knows.</summary>
    Ignore,
}

/// <summary>What is known about one sender (linux struct ip_ct_tcp_state).</summary>
internal struct TcpSide
{
    /// <summary>Highest sequence number sent.</summary>
    internal uint End;

    /// <summary>Highest sequence number that the other side lets it send.</summary>
    internal uint MaxEnd;

    /// <summary>Largest window that it advertised, scaled; 0 before its first segment.</summary>
    internal uint MaxWindow;

    /// <summary>Highest acknowledgment that it sent.</summary>
    internal uint MaxAck;

    internal byte Scale;
    internal TcpSideFlags Flags;
}

/// <summary>Facts about a sender (IP_CT_TCP_FLAG_*).</summary>
[Flags]
internal enum TcpSideFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>It offered window scaling.</summary>
    WindowScale = 1,

    /// <summary>It allowed selective acknowledgments.</summary>
    SackPermitted = 2,

    /// <summary>It sent the first FIN.</summary>
    CloseInitiated = 4,

    /// <summary>Its beginning was not seen: windows are not checked.</summary>
    BeLiberal = 8,

    /// <summary>It sent data that was not acknowledged yet.</summary>
    DataUnacknowledged = 16,

    /// <summary><see cref="TcpSide.MaxAck"/> counts.</summary>
    MaxAckSet = 32,
}

/// <summary>What conntrack knows about a TCP connection (linux struct ip_ct_tcp).</summary>
internal struct TcpTracking
{
    internal TcpSide Originator;
    internal TcpSide Replier;
    internal TcpState State;
    internal bool LastWasReply;
    internal TcpSegmentKind LastKind;
    internal byte Retransmissions;
    internal uint LastSequence;
    internal uint LastAck;
    internal uint LastEnd;
    internal ushort LastWindow;
    internal byte LastScale;
    internal TcpSideFlags LastFlags;

    /// <summary>A SYN was let through in LAST_ACK: the next ACK may be a challenge (RFC 5961).</summary>
    internal bool ExpectsChallenge;
    internal bool SimultaneousOpen;
}

/// <summary>Kinds of segments by their flags (linux enum tcp_bit_set), in the order of the transition table.</summary>
internal enum TcpSegmentKind : byte
{
    /// <summary>SYN.</summary>
    Syn,

    /// <summary>SYN and ACK.</summary>
    SynAck,

    /// <summary>FIN.</summary>
    Fin,

    /// <summary>ACK.</summary>
    Ack,

    /// <summary>RST.</summary>
    Rst,

    /// <summary>None of these.</summary>
    None,
}
