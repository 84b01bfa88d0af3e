using ActorNet.Netstack;

namespace ActorNet.Workloads.SocketTables;

/// <summary>One socket of a namespace, as `ss` and `netstat` list it.</summary>
internal sealed record SocketEntry
{
    /// <summary>tcp or udp.</summary>
    public required string Protocol { get; init; }

    /// <summary>State; Closed for a UDP socket without a peer, Established for one with.</summary>
    public required TcpState State { get; init; }

    /// <summary>Our end.</summary>
    public required Ipv4Endpoint Local { get; init; }

    /// <summary>The peer; 0.0.0.0:0 without one.</summary>
    public Ipv4Endpoint Remote { get; init; }

    /// <summary>Bytes that wait to be read; of a listener, connections that wait to be accepted.</summary>
    public long ReceiveQueue { get; init; }

    /// <summary>Bytes sent and not acknowledged, or not sent; of a listener, its backlog.</summary>
    public long SendQueue { get; init; }

    /// <summary>SO_RCVBUF, doubled as the kernel has it.</summary>
    public long ReceiveBuffer { get; init; }

    /// <summary>SO_SNDBUF.</summary>
    public long SendBuffer { get; init; }

    /// <summary>Datagrams dropped for want of room.</summary>
    public long Drops { get; init; }

    /// <summary>SO_BINDTODEVICE, or null.</summary>
    public string? Device { get; init; }

    /// <summary>What a connection knows; default for others.</summary>
    public TcpInfo Info { get; init; }
}
