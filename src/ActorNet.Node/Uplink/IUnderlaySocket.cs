using ActorNet.Dataplane.Frames;

namespace ActorNet.Node.Uplink;

/// <summary>
/// The underlay end of a host: real UDP sockets that carry VXLAN datagrams to other hosts. A frame here is one datagram's payload, VXLAN
/// header first.
/// <para>Threading: <see cref="IFrameSink.Push"/> sends and belongs to one owner at a time (one actor), as does <see cref="IDisposable.Dispose"/>,
/// which must not run beside a Push. Received vectors are pushed into the sink from the receive thread. <see cref="Snapshot"/> may be called
/// from any thread.</para>
/// </summary>
public interface IUnderlaySocket : IFrameSink, IDisposable
{
    /// <summary>Where peers reach this host: the bound address and the bound port (the real one when port 0 was asked for).</summary>
    UnderlayEndpoint LocalEndpoint { get; }

    /// <summary>Whether runs of datagrams leave in one system call and are received so (UDP_SEGMENT, UDP_GRO). It can turn false when a kernel or device refuses later.</summary>
    bool SegmentsInKernel { get; }

    /// <summary>The receive buffer that the operating system granted, in bytes as it counts them (Linux counts its own overhead and doubles what was asked).</summary>
    int ReceiveBufferBytes { get; }

    /// <summary>The send buffer of each sending socket that the operating system granted, in bytes as it counts them.</summary>
    int SendBufferBytes { get; }

    /// <summary>Large frame buffers that the receive thread keeps to receive into for as long as it runs: rented, though no frame is under way.</summary>
    int ReceiveBuffersKept { get; }

    /// <summary>Starts the receive thread; until then datagrams wait in the socket's buffer. Call once.</summary>
    /// <param name="sink">Takes received vectors, each with a <see cref="FrameVector.Credit"/> that must be returned. Called on the receive thread; it must not block.</param>
    /// <exception cref="UnderlayException">The frame pool has no large buffer to receive into.</exception>
    void Start(IFrameSink sink);

    /// <summary>What was sent, received and dropped so far. Counters are read while they change: each is right, their sum may be a moment apart.</summary>
    UplinkCounters Snapshot();
}
