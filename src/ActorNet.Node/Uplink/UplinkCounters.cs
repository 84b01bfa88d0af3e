using ActorNet.Dataplane.Frames;

namespace ActorNet.Node.Uplink;

/// <summary>What an underlay socket did so far. Bytes are UDP payload bytes: without the outer Ethernet, IP and UDP headers.</summary>
public sealed record UplinkCounters
{
    /// <summary>Datagrams that the operating system took for sending.</summary>
    public long DatagramsSent { get; init; }

    /// <summary>Their bytes.</summary>
    public long BytesSent { get; init; }

    /// <summary>System calls made to send.</summary>
    public long SendCalls { get; init; }

    /// <summary>Runs of two or more datagrams that left as one segmented send.</summary>
    public long SegmentedSends { get; init; }

    /// <summary>Segmented sends that the kernel refused (a datagram longer than the path's MTU, a device without the offload) and that went one by one instead.</summary>
    public long SegmentationRefused { get; init; }

    /// <summary>Datagrams received, those dropped afterwards included.</summary>
    public long DatagramsReceived { get; init; }

    /// <summary>Their bytes.</summary>
    public long BytesReceived { get; init; }

    /// <summary>System calls that received something.</summary>
    public long ReceiveCalls { get; init; }

    /// <summary>Receives that brought two or more datagrams as one (UDP_GRO).</summary>
    public long AggregatedReceives { get; init; }

    /// <summary>Receives that failed.</summary>
    public long ReceiveErrors { get; init; }

    /// <summary>Datagrams that the kernel dropped because the receive buffer was full (SO_RXQ_OVFL; only where the kernel tells). Of an aggregate it counts one.</summary>
    public long KernelReceiveDrops { get; init; }

    /// <summary>Datagrams dropped here, by reason.</summary>
    public IReadOnlyDictionary<DropReason, long> Drops { get; init; } = new Dictionary<DropReason, long>();

    /// <summary>What went to each peer.</summary>
    public IReadOnlyDictionary<UnderlayEndpoint, PeerCounters> Peers { get; init; } = new Dictionary<UnderlayEndpoint, PeerCounters>();
}

/// <summary>What was sent to one peer.</summary>
/// <param name="DatagramsSent">Datagrams taken by the operating system.</param>
/// <param name="BytesSent">Their bytes.</param>
/// <param name="Dropped">Datagrams dropped on the way out.</param>
public readonly record struct PeerCounters(long DatagramsSent, long BytesSent, long Dropped);

/// <summary>The sender's counters. Written by the owner only; read anywhere.</summary>
internal sealed class TransmitTally
{
    public long Datagrams;
    public long Bytes;
    public long Calls;
    public long Segmented;
    public long Refused;

    public DropCounters Drops { get; } = new();

    public void CountSent(PeerRecord peer, int datagrams, int bytes)
    {
        Datagrams += datagrams;
        Bytes += bytes;
        peer.Datagrams += datagrams;
        peer.Bytes += bytes;
    }

    public void CountDropped(PeerRecord peer, DropReason reason, int datagrams)
    {
        Drops.Count(reason, datagrams);
        peer.Dropped += datagrams;
    }
}

/// <summary>The receiver's counters. Written by the receive thread only; read anywhere.</summary>
internal sealed class ReceiveTally
{
    public long Datagrams;
    public long Bytes;
    public long Calls;
    public long Aggregated;
    public long Errors;
    public long KernelDrops;

    public DropCounters Drops { get; } = new();
}
