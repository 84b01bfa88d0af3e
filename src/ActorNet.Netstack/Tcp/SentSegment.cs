namespace ActorNet.Netstack;

/// <summary>What is known of a segment in flight (linux include/net/tcp.h, TCPCB_*).</summary>
[Flags]
internal enum SentFlags : byte
{
    None = 0,

    /// <summary>The peer reported it received.</summary>
    Sacked = 1,

    /// <summary>Taken for lost.</summary>
    Lost = 2,

    /// <summary>Its retransmission is in flight.</summary>
    Retransmitted = 4,

    /// <summary>It was sent more than once.</summary>
    EverRetransmitted = 8,

    /// <summary>It carries SYN.</summary>
    Syn = 16,

    /// <summary>It carries FIN.</summary>
    Fin = 32,
}

/// <summary>A piece of the sequence space in flight: what one segment carried.</summary>
internal struct SentSegment
{
    public uint Start;
    public uint End;
    public long SentAt;
    public SentFlags Flags;

    public readonly int Length => (int)(End - Start);

    public readonly bool Is(SentFlags flag) => (Flags & flag) != 0;
}
