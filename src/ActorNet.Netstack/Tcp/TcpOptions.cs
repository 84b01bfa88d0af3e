namespace ActorNet.Netstack;

/// <summary>The options of a stream socket. Accepted sockets inherit their listener's.</summary>
public sealed record TcpOptions
{
    /// <summary>The options of a fresh socket.</summary>
    public static readonly TcpOptions Default = new();

    /// <summary>TCP_NODELAY: small segments leave at once (Nagle's algorithm off, RFC 1122 4.2.3.4).</summary>
    public bool NoDelay { get; init; }

    /// <summary>TCP_CORK: only full segments leave, for 200 ms at most. A cork that is drawn lets everything out.</summary>
    public bool Cork { get; init; }

    /// <summary>SO_KEEPALIVE (RFC 1122 4.2.3.6).</summary>
    public bool KeepAlive { get; init; }

    /// <summary>TCP_KEEPIDLE: silence before the first probe.</summary>
    public TimeSpan KeepAliveIdle { get; init; } = TimeSpan.FromSeconds(7200);

    /// <summary>TCP_KEEPINTVL: time between probes.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>TCP_KEEPCNT: probes without an answer before the connection is given up.</summary>
    public int KeepAliveCount { get; init; } = 9;

    /// <summary>SO_SNDBUF in bytes; 0 lets it grow with the congestion window (<see cref="TcpSettings.MaxSendBuffer"/>).</summary>
    public int SendBufferSize { get; init; }

    /// <summary>SO_RCVBUF in bytes of truesize; 0 lets it grow with what the reader takes (<see cref="TcpSettings.MaxReceiveBuffer"/>).</summary>
    public int ReceiveBufferSize { get; init; }

    /// <summary>SO_LINGER: null closes in the background; zero makes <see cref="TcpSocket.Close"/> abort; other spans bound how long a closed socket keeps trying.</summary>
    public TimeSpan? Linger { get; init; }

    /// <summary>TCP_USER_TIMEOUT: how long sent data may stay unacknowledged (RFC 5482); zero leaves it to the number of retransmissions.</summary>
    public TimeSpan UserTimeout { get; init; }

    /// <summary>TCP_MAXSEG in bytes: an upper bound on the MSS that is announced and used; 0 for what the path allows.</summary>
    public int MaxSegmentSize { get; init; }

    /// <summary>IP_TOS; the two ECN bits stay zero.</summary>
    public byte TypeOfService { get; init; }

    /// <summary>IP_TTL; 0 means the namespace's default.</summary>
    public byte TimeToLive { get; init; }

    /// <summary>SO_REUSEADDR: a listener may bind a port on which connections of an earlier one are left.</summary>
    public bool ReuseAddress { get; init; }

    /// <summary>SO_BINDTODEVICE, or null.</summary>
    public string? Device { get; init; }
}
