using System.Buffers.Binary;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Netstack.Tests;

/// <summary>
/// One namespace whose only neighbour is the test: it injects segments as they stand and sees what comes back. Sequence numbers are
/// counted from the initial one of the side that owns them, so that 0 is the SYN.
/// </summary>
internal sealed class RawPeer : IDisposable, IFrameSink
{
    public const uint PeerIsn = 1_000_000;
    public const ushort PeerPort = 5555;

    private static readonly MacAddress PeerMac = MacAddress.Parse("02:00:00:00:00:02");

    private readonly FramePool _pool = new();
    private readonly FrameCache _frames;
    private readonly VethDevice _eth0;
    private readonly List<string> _sent = [];
    private Action? _answer;
    private long _segments;

    public RawPeer(TcpSettings? settings = null, int mtu = 1500)
    {
        Clock = new MonotonicClock(Time);
        _frames = _pool.CreateCache("raw");
        Namespace = new NetworkNamespace(new NamespaceOptions { Name = "raw", Seed = 7 }, Clock, _frames);
        _eth0 = new VethDevice("eth0", 2, MacAddress.Parse("02:00:00:00:00:01"), mtu, _frames) { Link = this };
        IpInterface attached = Namespace.Attach(_eth0);
        Assert.Equal(AddressError.None, Namespace.AddAddress(attached, InterfaceAddress.Parse($"{Address}/24")));
        _eth0.SetUp(true);
        _eth0.SetCarrier(true);
        Namespace.DeviceChanged(_eth0);
        Assert.Equal(NeighbourError.None, Namespace.SetNeighbour("eth0", PeerAddress, PeerMac));
        Assert.Equal(NeighbourError.None, Namespace.SetNeighbour("eth0", SecondPeerAddress, PeerMac));
        Layer = new SocketLayer(Namespace, seed: 42, settings);
        Settle();
    }

    public static Ipv4Address Address { get; } = Ipv4Address.Parse("192.0.2.1");

    public static Ipv4Address PeerAddress { get; } = Ipv4Address.Parse("192.0.2.2");

    /// <summary>Another address of the same peer.</summary>
    public static Ipv4Address SecondPeerAddress { get; } = Ipv4Address.Parse("192.0.2.3");

    public ManualTime Time { get; } = new();

    public MonotonicClock Clock { get; }

    public NetworkNamespace Namespace { get; }

    public SocketLayer Layer { get; }

    /// <summary>The stack's initial sequence number, from the last SYN that it sent.</summary>
    public uint StackIsn { get; private set; }

    /// <summary>The stack's port in the connection.</summary>
    public ushort StackPort { get; set; } = 80;

    /// <summary>The address that injected segments come from.</summary>
    public Ipv4Address Source { get; set; } = PeerAddress;

    /// <summary>Whether what the stack sends is only looked at and not noted down: for floods.</summary>
    public bool IsSilent { get; init; }

    /// <summary>Timestamps for what is injected, and whether they are put in.</summary>
    public (uint Value, uint Echo)? Stamps { get; set; }

    /// <summary>The last timestamp that the stack sent.</summary>
    public uint StackStamp { get; private set; }

    /// <summary>The last window field that the stack sent.</summary>
    public ushort StackWindow { get; private set; }

    /// <summary>What the stack sent since the last call, such as "FIN+ACK 1 2" or "ACK 1 2 len 10": flags, sequence, acknowledgment.</summary>
    public string TakeSent()
    {
        string all = string.Join("; ", _sent);
        _sent.Clear();
        return all;
    }

    /// <summary>Injects a segment.</summary>
    public void Send(TcpFlags flags, uint sequence, uint acknowledgment = 0, int length = 0, ushort window = 65_535, byte[]? options = null, ushort port = PeerPort, bool absoluteAck = false)
    {
        options ??= (flags & TcpFlags.Syn) != 0 ? SynOptions() : StampOptions();
        int headerLength = 20 + options.Length;
        Assert.True(_frames.TryRentFrame(14 + 20 + headerLength + length, out Frame frame));
        Span<byte> bytes = frame.Span;
        bytes.Clear();
        _eth0.Mac.Write(bytes);
        PeerMac.Write(bytes[6..]);
        bytes[12] = 8;
        Span<byte> segment = bytes[34..];
        options.CopyTo(segment[20..]);
        segment[headerLength..].Fill((byte)'x');
        uint ack = (flags & TcpFlags.Ack) == 0 ? 0 : absoluteAck ? acknowledgment : StackIsn + acknowledgment;
        new TcpHeader
        {
            SourcePort = port,
            DestinationPort = StackPort,
            SequenceNumber = PeerIsn + sequence,
            AcknowledgmentNumber = ack,
            Flags = flags,
            Window = window,
        }.Write(segment, options.Length, Source, Address);
        new Ipv4Header { Source = Source, Destination = Address, Protocol = IpProtocol.Tcp, TotalLength = 20 + segment.Length, TimeToLive = 64 }.Write(bytes[14..]);
        Assert.True(_frames.TryRentVector(out FrameVector vector));
        vector.Add(frame);
        _eth0.Receive(vector);
        Settle();
    }

    /// <summary>Listens on port 80 and opens a connection to it.</summary>
    public TcpSocket Establish(byte[]? synOptions = null)
    {
        Assert.Equal(SocketResult.Ok, Layer.ListenTcp(new Ipv4Endpoint(default, 80), 8, null, out TcpListener? listener));
        TcpSocket socket = Establish(listener!, PeerPort, synOptions);
        TakeSent();
        return socket;
    }

    /// <summary>Opens a connection to a listener from a port.</summary>
    public TcpSocket Establish(TcpListener listener, ushort port, byte[]? synOptions = null)
    {
        Send(TcpFlags.Syn, 0, options: synOptions, port: port);
        if (Stamps is { } stamps)
            Stamps = (stamps.Value, StackStamp);
        Send(TcpFlags.Ack, 1, 1, port: port);
        Assert.True(listener.TryAccept(out TcpSocket? socket));
        return socket;
    }

    /// <summary>Opens 50 connections to a listener, from ports 1000 on, whose sockets are closed at once.</summary>
    public void EstablishAndClose50(TcpListener listener, Action<ushort>? closed = null)
    {
        for (ushort port = 1000; port < 1050; port++)
        {
            Establish(listener, port).Close();
            Settle();
            closed?.Invoke(port);
        }
    }

    /// <summary>Answers whatever the stack sends in <see cref="Run"/> with a segment; null for nothing.</summary>
    public void AnswerWith(TcpFlags? flags, uint sequence = 0, uint acknowledgment = 0, ushort window = 65_535) =>
        _answer = flags is { } set ? () => Send(set, sequence, acknowledgment, window: window) : null;

    /// <summary>Moves time on, with everything that becomes due.</summary>
    public void Run(TimeSpan span)
    {
        Instant end = Clock.Now + span;
        while (true)
        {
            long before = _segments;
            Settle();
            if (_segments > before)
                _answer?.Invoke();
            Instant next = Layer.NextDeadline < Namespace.NextDeadline ? Layer.NextDeadline : Namespace.NextDeadline;
            if (next > end)
                break;
            Time.AdvanceTo(next);
        }

        if (end > Clock.Now)
            Time.AdvanceTo(end);
        Settle();
    }

    /// <summary>What the owner of a namespace does at the end of a turn.</summary>
    public void Settle() => OwnerTurn.Settle(Namespace, Layer, Clock);

    public void Push(FrameVector frames)
    {
        foreach (ref Frame frame in frames.Frames)
            Note(frame.Span);
        _frames.Release(frames);
    }

    public void Dispose()
    {
        Layer.Close();
        Settle();
        Namespace.Dispose();
        _frames.Dispose();
        Assert.True(_pool.Measure().IsIdle, _pool.Measure().ToString());
    }

    private void Note(Span<byte> bytes)
    {
        if (bytes[12] != 8 || bytes[13] != 0 || bytes[23] != (byte)IpProtocol.Tcp)
            return;
        _segments++;
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[16..]) - 20;
        Assert.Equal(ParseError.None, TcpView.TryParse(bytes.Slice(34, length), out TcpView view));
        Assert.True(view.HasValidChecksum(Address, Ipv4Address.Read(bytes[30..])));
        if ((view.Flags & TcpFlags.Syn) != 0)
            StackIsn = view.SequenceNumber;
        StackWindow = view.Window;
        foreach (TcpOption option in view.EnumerateOptions())
        {
            if (option.TryGetTimestamps(out uint value, out _))
                StackStamp = value;
        }

        if (IsSilent)
            return;
        string flags = (view.Flags & ~TcpFlags.Psh).ToString().ToUpperInvariant().Replace(", ", "+", StringComparison.Ordinal);
        uint ack = (view.Flags & TcpFlags.Ack) != 0 ? view.AcknowledgmentNumber - PeerIsn : 0;
        string data = view.Payload.Length > 0 ? $" len {view.Payload.Length}" : "";
        _sent.Add($"{flags} {view.SequenceNumber - StackIsn} {ack}{data}");
    }

    private byte[] SynOptions()
    {
        var bytes = new byte[20];
        var writer = new TcpOptionWriter(bytes);
        writer.MaximumSegmentSize(1460);
        if (Stamps is { } stamps)
            writer.Timestamps(stamps.Value, stamps.Echo);
        return bytes[..writer.Finish()];
    }

    private byte[] StampOptions()
    {
        if (Stamps is not { } stamps)
            return [];
        var bytes = new byte[12];
        var writer = new TcpOptionWriter(bytes);
        writer.NoOperation();
        writer.NoOperation();
        writer.Timestamps(stamps.Value, stamps.Echo);
        writer.Finish();
        return bytes;
    }
}
