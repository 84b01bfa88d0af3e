namespace ActorNet.Netstack;

/// <summary>Where a connection stands with respect to loss (linux include/uapi/linux/tcp.h, enum tcp_ca_state).</summary>
public enum CongestionState : byte
{
    /// <summary>Nothing is amiss.</summary>
    Open,

    /// <summary>SACKs or duplicate ACKs came, loss is not sure yet.</summary>
    Disorder,

    /// <summary>Fast recovery.</summary>
    Recovery,

    /// <summary>A retransmission timer ran out.</summary>
    Loss,
}

/// <summary>The timer that a connection waits for, as `ss -o` names it (linux net/ipv4/inet_diag.c inet_diag_msg_attrs_fill).</summary>
public enum TcpTimerKind : byte
{
    /// <summary>None.</summary>
    Off,

    /// <summary>Retransmission, loss probe or reordering.</summary>
    On,

    /// <summary>Keep-alive.</summary>
    KeepAlive,

    /// <summary>The end of TIME-WAIT, or of FIN-WAIT-2 without a user.</summary>
    TimeWait,

    /// <summary>Zero-window probe.</summary>
    Persist,
}

/// <summary>What `ss -i` shows of a connection (struct tcp_info).</summary>
public readonly record struct TcpInfo
{
    /// <summary>State.</summary>
    public TcpState State { get; init; }

    /// <summary>Congestion state.</summary>
    public CongestionState CongestionState { get; init; }

    /// <summary>Retransmission timeouts in a row.</summary>
    public int Backoff { get; init; }

    /// <summary>Zero-window or keep-alive probes without an answer.</summary>
    public int Probes { get; init; }

    /// <summary>Whether timestamps are in use.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Whether SACK is in use.</summary>
    public bool Sack { get; init; }

    /// <summary>Whether window scaling is in use.</summary>
    public bool WindowScaling { get; init; }

    /// <summary>The peer's shift.</summary>
    public int SendWindowScale { get; init; }

    /// <summary>Our shift.</summary>
    public int ReceiveWindowScale { get; init; }

    /// <summary>Retransmission timeout.</summary>
    public TimeSpan RetransmissionTimeout { get; init; }

    /// <summary>Delayed-ACK timeout.</summary>
    public TimeSpan AckTimeout { get; init; }

    /// <summary>Smoothed round-trip time.</summary>
    public TimeSpan RoundTripTime { get; init; }

    /// <summary>Its mean deviation.</summary>
    public TimeSpan RoundTripVariation { get; init; }

    /// <summary>The least round-trip time seen lately.</summary>
    public TimeSpan MinRoundTripTime { get; init; }

    /// <summary>Bytes of data in a full segment sent.</summary>
    public int SendMss { get; init; }

    /// <summary>Bytes of data in a full segment received, as far as seen.</summary>
    public int ReceiveMss { get; init; }

    /// <summary>The MSS that we announced.</summary>
    public int AdvertisedMss { get; init; }

    /// <summary>Path MTU in bytes.</summary>
    public int PathMtu { get; init; }

    /// <summary>Congestion window in segments.</summary>
    public int CongestionWindow { get; init; }

    /// <summary>Slow start threshold in segments; <see cref="int.MaxValue"/> before the first loss.</summary>
    public int SlowStartThreshold { get; init; }

    /// <summary>Bytes sent and not acknowledged.</summary>
    public long BytesInFlight { get; init; }

    /// <summary>The peer's window in bytes.</summary>
    public long SendWindow { get; init; }

    /// <summary>Our window in bytes.</summary>
    public long ReceiveWindow { get; init; }

    /// <summary>Data bytes sent, retransmissions included.</summary>
    public long BytesSent { get; init; }

    /// <summary>Data bytes sent again.</summary>
    public long BytesRetransmitted { get; init; }

    /// <summary>Sequence numbers that the peer acknowledged: data bytes, a FIN, and the SYN of who connected (tcpi_bytes_acked).</summary>
    public long BytesAcked { get; init; }

    /// <summary>Data bytes received in order.</summary>
    public long BytesReceived { get; init; }

    /// <summary>Segments sent.</summary>
    public long SegmentsOut { get; init; }

    /// <summary>Segments received.</summary>
    public long SegmentsIn { get; init; }

    /// <summary>Segments with data sent.</summary>
    public long DataSegmentsOut { get; init; }

    /// <summary>Segments with data received.</summary>
    public long DataSegmentsIn { get; init; }

    /// <summary>Segments sent again.</summary>
    public long TotalRetransmissions { get; init; }

    /// <summary>Duplicates that the peer reported by D-SACK.</summary>
    public long DuplicateSacks { get; init; }

    /// <summary>Times that segments were seen to overtake each other.</summary>
    public int ReorderingsSeen { get; init; }

    /// <summary>Bytes in the send buffer, unacknowledged ones included (ss Send-Q).</summary>
    public int SendQueue { get; init; }

    /// <summary>Bytes received and not read (ss Recv-Q).</summary>
    public int ReceiveQueue { get; init; }

    /// <summary>Send buffer size in bytes.</summary>
    public int SendBuffer { get; init; }

    /// <summary>Receive buffer size in bytes of truesize.</summary>
    public int ReceiveBuffer { get; init; }

    /// <summary>Segments sent and not acknowledged.</summary>
    public int Unacknowledged { get; init; }

    /// <summary>Time since data was sent; null before the first.</summary>
    public TimeSpan? SinceDataSent { get; init; }

    /// <summary>Time since data was received; null before the first.</summary>
    public TimeSpan? SinceDataReceived { get; init; }

    /// <summary>Time since anything was received.</summary>
    public TimeSpan SinceReceived { get; init; }

    /// <summary>The timer that runs.</summary>
    public TcpTimerKind Timer { get; init; }

    /// <summary>What is left of it.</summary>
    public TimeSpan TimerRemaining { get; init; }

    /// <summary>Retransmissions or probes in a row.</summary>
    public int TimerCount { get; init; }
}
