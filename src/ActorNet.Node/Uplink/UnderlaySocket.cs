using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Node.Uplink;

/// <summary>Opens underlay sockets.</summary>
public static class Underlay
{
    /// <summary>Opens and binds the underlay sockets of a host: with segmentation offload on Linux, plain elsewhere or when asked.</summary>
    /// <param name="options">Address, port and sizes.</param>
    /// <param name="pool">The process's frame memory.</param>
    /// <exception cref="UnderlayException">An address or port cannot be used.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static IUnderlaySocket Open(UnderlayOptions options, FramePool pool)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SourceSockets, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.SourceSockets, SourcePorts.MaxSockets);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReceiveWindow, 1);
        if (OperatingSystem.IsLinux() && !options.ForcePlain)
            return new Linux.LinuxUnderlay(options, pool);
        return new PortableUnderlay(options, pool);
    }
}

/// <summary>What both underlays share: the sockets, the counters, and the life of the receive thread.</summary>
internal abstract class UnderlaySocket : IUnderlaySocket
{
    private readonly FramePool _pool;
    private Thread? _receiver;
    private bool _disposed;

    [SuppressMessage("Usage", "CA2214:Do not call overridable methods in constructors", Justification = "Tuning touches only the sockets that it is given.")]
    protected UnderlaySocket(UnderlayOptions options, FramePool pool)
    {
        Options = options;
        _pool = pool;
        ReceiveSocket = UdpSockets.Bind(options, options.Port);
        try
        {
            Sources = SourcePorts.Open(options);
            LocalEndpoint = new UnderlayEndpoint(options.Address, (ushort)((IPEndPoint)ReceiveSocket.LocalEndPoint!).Port);
            TuneReceiver(ReceiveSocket);
            for (int i = 0; i < Sources.Count; i++)
                TuneSender(Sources[i]);
        }
        catch
        {
            Sources?.Dispose();
            ReceiveSocket.Dispose();
            throw;
        }

        ReceiveBufferBytes = ReceiveSocket.ReceiveBufferSize;
        SendBufferBytes = Sources[0].SendBufferSize;
        Cache = pool.CreateCache($"{options.Name} tx");
        Window = new CreditWindow(options.ReceiveWindow);
    }

    public UnderlayEndpoint LocalEndpoint { get; }

    public virtual bool SegmentsInKernel => false;

    /// <inheritdoc/>
    public virtual int ReceiveBuffersKept => 0;

    public int ReceiveBufferBytes { get; }

    public int SendBufferBytes { get; }

    protected UnderlayOptions Options { get; }

    protected Socket ReceiveSocket { get; }

    protected SourcePorts Sources { get; }

    /// <summary>The sender's cache, owned by whoever pushes.</summary>
    protected FrameCache Cache { get; }

    protected CreditWindow Window { get; }

    protected PeerTable Peers { get; } = new();

    protected TransmitTally Transmitted { get; } = new();

    protected ReceiveTally Received { get; } = new();

    /// <summary>Told to the receive loop before its socket is woken.</summary>
    protected bool Stopping => Volatile.Read(ref _disposed);

    public void Start(IFrameSink sink)
    {
        ArgumentNullException.ThrowIfNull(sink);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_receiver is not null)
            throw new InvalidOperationException("The underlay socket receives already.");
        FrameCache cache = _pool.CreateCache($"{Options.Name} rx");
        Action loop;
        try
        {
            loop = PrepareReceive(cache, new ReceivedVectors(cache, sink, Window, Received, Options.Notice));
        }
        catch
        {
            cache.Dispose();
            throw;
        }

        _receiver = new Thread(() => Receive(loop, cache)) { IsBackground = true, Name = $"{Options.Name} rx {LocalEndpoint}" };
        _receiver.Start();
    }

    public void Push(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ObjectDisposedException.ThrowIf(_disposed, this);
        foreach (ref Frame frame in frames.Frames)
        {
            // This is where a train is cut: with every header written its bytes are its datagrams, one behind the other.
            if (frame.IsTrain)
                FrameTrain.Seal(frame, VxlanView.HeaderLength + EthernetView.HeaderLength);
        }

        Transmit(frames);
        Cache.Release(frames);
    }

    public UplinkCounters Snapshot()
    {
        Dictionary<DropReason, long> drops = new(Received.Drops.Snapshot());
        foreach ((DropReason reason, long count) in Transmitted.Drops.Snapshot())
            drops[reason] = drops.GetValueOrDefault(reason) + count;
        return new UplinkCounters
        {
            DatagramsSent = Volatile.Read(ref Transmitted.Datagrams),
            BytesSent = Volatile.Read(ref Transmitted.Bytes),
            SendCalls = Volatile.Read(ref Transmitted.Calls),
            SegmentedSends = Volatile.Read(ref Transmitted.Segmented),
            SegmentationRefused = Volatile.Read(ref Transmitted.Refused),
            DatagramsReceived = Volatile.Read(ref Received.Datagrams),
            BytesReceived = Volatile.Read(ref Received.Bytes),
            ReceiveCalls = Volatile.Read(ref Received.Calls),
            AggregatedReceives = Volatile.Read(ref Received.Aggregated),
            ReceiveErrors = Volatile.Read(ref Received.Errors),
            KernelReceiveDrops = Volatile.Read(ref Received.KernelDrops),
            Drops = drops,
            Peers = Peers.Snapshot(),
        };
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        Volatile.Write(ref _disposed, true);
        WakeReceiver();
        _receiver?.Join();
        ReceiveSocket.Dispose();
        Sources.Dispose();
        ReleaseSender();
        Cache.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Sends every frame of a vector or counts its drop; the frames stay where they are.</summary>
    protected abstract void Transmit(FrameVector frames);

    /// <summary>Makes what the receive loop needs, on the caller's thread so that it can fail there.</summary>
    /// <returns>The loop; it returns once <see cref="Stopping"/> is set and the socket was woken.</returns>
    protected abstract Action PrepareReceive(FrameCache cache, ReceivedVectors up);

    /// <summary>Makes a blocked receive return.</summary>
    protected abstract void WakeReceiver();

    /// <summary>Frees what the sender holds beside its sockets.</summary>
    protected virtual void ReleaseSender()
    {
    }

    protected virtual void TuneReceiver(Socket socket) => AskForBuffer(Options.ReceiveBufferBytes, bytes => socket.ReceiveBufferSize = bytes);

    /// <summary>
    /// Sending sockets are not connected, so whoever learns a source port could send to it. Nobody reads there: a receive buffer of the
    /// smallest size makes the system drop what comes.
    /// </summary>
    protected virtual void TuneSender(Socket socket)
    {
        AskForBuffer(Options.SendBufferBytes, bytes => socket.SendBufferSize = bytes);
        socket.ReceiveBufferSize = 1;
    }

    /// <summary>Whether a frame can go out at all; the drop of one that cannot is counted.</summary>
    protected bool IsSendable(in Frame frame)
    {
        bool tooBig = frame.Length > PeerTable.LongestDatagram;
        if (!tooBig && frame.Remote.Port != 0 && !frame.Remote.Address.IsAny)
            return true;
        Transmitted.CountDropped(Peers.Find(frame.Remote), tooBig ? DropReason.TooBig : DropReason.UnderlaySendFailed, frame.Count);
        return false;
    }

    /// <summary>Counts a failed receive and waits a little longer each time in a row, so that a dead interface costs no processor.</summary>
    protected void CountReceiveError(ref int inRow)
    {
        Received.Errors++;
        inRow = Math.Min(inRow + 1, 8);
        if (inRow > 1)
            Thread.Sleep(1 << inRow);
    }

    /// <summary>Linux grants what it allows; other systems refuse what is too much, so that less is asked for.</summary>
    private static void AskForBuffer(int bytes, Action<int> set)
    {
        for (; bytes >= 64 * 1024; bytes /= 2)
        {
            try
            {
                set(bytes);
                return;
            }
            catch (SocketException)
            {
                // Ask for half.
            }
        }
    }

    private void Receive(Action loop, FrameCache cache)
    {
        try
        {
            loop();
        }
        catch (Exception e)
        {
            Options.Notice?.Invoke($"Receiving on {LocalEndpoint} ended: {e.Message}");
        }
        finally
        {
            cache.Dispose();
        }
    }
}
