using ActorNet.Netstack;

namespace ActorNet.Workloads.Iperf;

/// <summary>A stream's counters at a moment, from its beginning on.</summary>
internal readonly record struct StreamSample
{
    public long Bytes { get; init; }

    /// <summary>Datagrams sent, or the highest number received.</summary>
    public long Packets { get; init; }

    public long Lost { get; init; }

    public long OutOfOrder { get; init; }

    /// <summary>Seconds.</summary>
    public double Jitter { get; init; }

    /// <summary>What TCP tells about the connection; of UDP nothing.</summary>
    public TcpInfo Tcp { get; init; }

    /// <summary>What came since an earlier sample; jitter and TCP's gauges stay as they are now.</summary>
    public StreamSample Since(in StreamSample earlier) => this with
    {
        Bytes = Bytes - earlier.Bytes,
        Packets = Packets - earlier.Packets,
        Lost = Lost - earlier.Lost,
        OutOfOrder = OutOfOrder - earlier.OutOfOrder,
    };

    /// <summary>Segments sent again since an earlier sample.</summary>
    public long RetransmissionsSince(in StreamSample earlier) => Tcp.TotalRetransmissions - earlier.Tcp.TotalRetransmissions;
}
