namespace ActorNet.Netstack;

/// <summary>Settings of a namespace's TCP: net.ipv4.tcp_* with the kernel's defaults, and the bounds of its tables.</summary>
public sealed record TcpSettings
{
    /// <summary>tcp_sack (RFC 2018), D-SACK included.</summary>
    public bool Sack { get; init; } = true;

    /// <summary>tcp_timestamps (RFC 7323).</summary>
    public bool Timestamps { get; init; } = true;

    /// <summary>tcp_window_scaling (RFC 7323).</summary>
    public bool WindowScaling { get; init; } = true;

    /// <summary>tcp_syncookies: answer with a cookie when a listener's queue of half-open connections is full.</summary>
    public bool SynCookies { get; init; } = true;

    /// <summary>tcp_syn_retries.</summary>
    public int SynRetries { get; init; } = 6;

    /// <summary>tcp_syn_linear_timeouts: the first SYNs repeat every second, backing off only then.</summary>
    public int SynLinearTimeouts { get; init; } = 4;

    /// <summary>tcp_synack_retries.</summary>
    public int SynAckRetries { get; init; } = 5;

    /// <summary>tcp_retries1: retransmissions before the path's MTU is doubted.</summary>
    public int Retries1 { get; init; } = 3;

    /// <summary>tcp_retries2: what that many retransmissions from 200 ms on take is how long a connection lives without an answer (924.6 s).</summary>
    public int Retries2 { get; init; } = 15;

    /// <summary>tcp_orphan_retries, for sockets that were closed (0 there means 8).</summary>
    public int OrphanRetries { get; init; } = 8;

    /// <summary>tcp_max_orphans: closed sockets whose connections are not over; those beyond are reset. A quarter of what Linux has with much memory.</summary>
    public int MaxOrphans { get; init; } = 65_536;

    /// <summary>tcp_fin_timeout: how long a closed socket stays in FIN-WAIT-2.</summary>
    public TimeSpan FinTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>TCP_TIMEWAIT_LEN.</summary>
    public TimeSpan TimeWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>tcp_max_tw_buckets: connections in TIME-WAIT at most; more are closed at once. 262,144 in Linux with much memory.</summary>
    public int MaxTimeWait { get; init; } = 65_536;

    /// <summary>Connections at most, half-open ones included; more are refused. Linux is bounded by its file table.</summary>
    public int MaxConnections { get; init; } = 131_072;

    /// <summary>net.core.somaxconn: the largest backlog.</summary>
    public int MaxBacklog { get; init; } = 4096;

    /// <summary>tcp_rmem[1] in bytes of truesize.</summary>
    public int DefaultReceiveBuffer { get; init; } = 131_072;

    /// <summary>tcp_rmem[2]: how far the receive buffer grows by itself.</summary>
    public int MaxReceiveBuffer { get; init; } = 6_291_456;

    /// <summary>The send buffer of a fresh connection in bytes; what tcp_init_buffer_space makes of tcp_wmem[1] and ten segments.</summary>
    public int DefaultSendBuffer { get; init; } = 87_040;

    /// <summary>tcp_wmem[2]: how far the send buffer grows by itself.</summary>
    public int MaxSendBuffer { get; init; } = 4_194_304;

    /// <summary>Bytes of send memory of all sockets together (the part of tcp_mem that falls to sending).</summary>
    public long MaxSendMemory { get; init; } = 256L << 20;

    /// <summary>Bytes of truesize that all receive queues may hold together. Above half of it buffers no longer grow; at it each connection keeps 16 KB.</summary>
    public long MaxReceiveMemory { get; init; } = 64L << 20;

    /// <summary>Segments out of order that one connection keeps at most, beside the receive buffer's bound.</summary>
    public int MaxOutOfOrder { get; init; } = 4096;

    /// <summary>tcp_mtu_probing = 1: after <see cref="Retries1"/> silent retransmissions smaller segments are tried (RFC 4821).</summary>
    public bool MtuProbing { get; init; } = true;

    /// <summary>tcp_base_mss in bytes.</summary>
    public int BaseMss { get; init; } = 1024;

    /// <summary>tcp_mtu_probe_floor in bytes.</summary>
    public int MtuProbeFloor { get; init; } = 48;

    /// <summary>tcp_min_snd_mss in bytes: no announced MSS or path MTU makes segments smaller.</summary>
    public int MinSendMss { get; init; } = 48;

    /// <summary>tcp_invalid_ratelimit: time between two ACKs that a connection gives to invalid segments (RFC 5961, 7).</summary>
    public TimeSpan InvalidRateLimit { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>tcp_challenge_ack_limit: challenge ACKs a second of the whole namespace. Linux has no limit of that kind since 6.2.</summary>
    public int ChallengeAckLimit { get; init; } = 1000;

    /// <summary>tcp_slow_start_after_idle (RFC 5681, 4.1).</summary>
    public bool SlowStartAfterIdle { get; init; } = true;

    /// <summary>tcp_tw_reuse: a connect may take over a port in TIME-WAIT when timestamps tell old from new (2, the default, means only over lo in Linux).</summary>
    public bool TimeWaitReuse { get; init; } = true;

    /// <summary>Whether segments that follow each other are handed down as one train (<see cref="Dataplane.Frames.FrameTrain"/>), as Linux hands down GSO packets.</summary>
    public bool SegmentationOffload { get; init; } = true;

    /// <summary>tcp_abort_on_overflow.</summary>
    public bool AbortOnOverflow { get; init; }

    /// <summary>ip_local_port_range, first.</summary>
    public ushort FirstEphemeralPort { get; init; } = 32_768;

    /// <summary>ip_local_port_range, last.</summary>
    public ushort LastEphemeralPort { get; init; } = 60_999;
}
