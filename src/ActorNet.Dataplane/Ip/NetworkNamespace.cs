using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip.Icmp;
using ActorNet.Dataplane.Ip.Multicast;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Reassembly;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <summary>
/// A Linux network namespace as far as IPv4 goes: devices, addresses, routes, neighbours, input, forwarding, output, ICMP. A node's root and
/// a pod are instances of this one class. Pure and single-owner: one actor calls it, nothing here blocks, starts a thread or reads a clock
/// other than the one given.
/// <para>
/// Frames come in through the devices' <see cref="NetworkDevice.Upper"/>. What goes out is gathered into one vector per device while a
/// received vector, or a piece of the owner's work, is processed; a received vector ends with a flush of its own, after work of its own
/// the owner calls <see cref="Flush"/>. Between calls the owner watches <see cref="NextDeadline"/> and calls <see cref="Poll"/>.
/// </para>
/// </summary>
public sealed partial class NetworkNamespace : IIpv4Stack, IDisposable
{
    // netdev_budget has 300 packets; a turn takes 64 vectors of what it sent itself over lo, the rest waits for the next Poll.
    private const int BacklogBudget = 64;

    // net.core.netdev_max_backlog.
    private const int MaxBacklog = 1000;

    private readonly MonotonicClock _clock;
    private readonly NamespaceOptions _options;
    private readonly List<IpInterface> _interfaces = [];
    private readonly List<IpInterface> _pending = [];
    private readonly Queue<(IpInterface Device, FrameVector Frames)> _backlog = new();
    private bool _inTurn;
    private Instant _turnTime;

    /// <summary>Makes a namespace without devices.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="clock">Time.</param>
    /// <param name="frames">Memory of the owner.</param>
    public NetworkNamespace(NamespaceOptions options, MonotonicClock clock, FrameCache frames)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _clock = clock;
        Frames = frames;
        Routing = new RoutingDatabase(options, _interfaces);
        Neighbours = new NeighbourTable(this, options);
        Arp = new ArpProtocol(this, options);
        Input = new Ipv4Input(this, options);
        Forwarding = new Ipv4Forwarding(this);
        Output = new Ipv4Output(this, options);
        Reassembler = new Reassembler(this, options);
        Icmp = new IcmpProtocol(this, options);
        PathMtus = new PathMtuCache(options);
        Groups = new GroupTable(options);
        Igmp = new IgmpProtocol(this, options);
    }

    /// <summary>The namespace's name.</summary>
    public string Name => _options.Name;

    /// <inheritdoc/>
    public FrameCache Frames { get; }

    /// <inheritdoc/>
    public Instant Now => _inTurn ? _turnTime : _clock.Now;

    /// <summary>IPv4 counters.</summary>
    public IpCounters Ip { get; } = new();

    /// <summary>ICMP counters.</summary>
    public IcmpCounters IcmpCounters { get; } = new();

    /// <inheritdoc/>
    public bool IsForwarding => _options.IpForward;

    /// <summary>Drops by reason, of all devices and of local output.</summary>
    public DropCounters Drops { get; } = new();

    /// <summary>Of those, the drops that no device counts: of local output, of reassembly, of errors that were not sent.</summary>
    public DropCounters LocalDrops { get; } = new();

    /// <summary>The devices attached to it.</summary>
    public IEnumerable<NetworkDevice> Devices => _interfaces.Select(i => i.Device);

    /// <summary>When <see cref="Poll"/> wants to be called next; <see cref="Instant.Never"/> when nothing waits, now or earlier when work was left over.</summary>
    public Instant NextDeadline
    {
        get
        {
            if (_backlog.Count > 0)
                return _turnTime;
            Instant next = Neighbours.NextDeadline;
            if (Reassembler.NextDeadline < next)
                next = Reassembler.NextDeadline;
            if (Igmp.NextDeadline < next)
                next = Igmp.NextDeadline;
            return Netfilter is { } netfilter && netfilter.NextDeadline < next ? netfilter.NextDeadline : next;
        }
    }

    internal RoutingDatabase Routing { get; }

    internal NeighbourTable Neighbours { get; }

    internal ArpProtocol Arp { get; }

    internal Ipv4Input Input { get; }

    internal Ipv4Forwarding Forwarding { get; }

    internal Ipv4Output Output { get; }

    internal Reassembler Reassembler { get; }

    internal IcmpProtocol Icmp { get; }

    internal PathMtuCache PathMtus { get; }

    internal GroupTable Groups { get; }

    internal IgmpProtocol Igmp { get; }

    internal IpInterface? Loopback { get; private set; }

    /// <summary>Whether the frame being received went to a link group: no ICMP error answers it.</summary>
    internal bool ReceivingLinkGroup { get; set; }

    /// <summary>Runs what is due: timers, and frames over lo that an earlier turn left over. Ends with a flush.</summary>
    /// <param name="now">Time; not earlier than in the last call.</param>
    public void Poll(Instant now)
    {
        if (_inTurn)
            return;
        BeginTurn(now);
        try
        {
            Neighbours.Poll(now);
            Reassembler.Poll(now);
            Igmp.Poll(now);
            Netfilter?.Poll(now);
            RunTurn();
        }
        finally
        {
            _inTurn = false;
        }
    }

    /// <summary>Transmits what was gathered. Within a received vector or a poll this waits for its end.</summary>
    public void Flush()
    {
        if (_inTurn || (_pending.Count == 0 && _backlog.Count == 0))
            return;
        BeginTurn(_clock.Now);
        try
        {
            RunTurn();
        }
        finally
        {
            _inTurn = false;
        }
    }

    /// <summary>Ends the namespace: every device is let go and every frame held is released. The frame cache stays its owner's.</summary>
    public void Dispose()
    {
        foreach (IpInterface attached in _interfaces.ToList())
            Detach(attached.Device);
        Reassembler.Clear();
        while (_backlog.TryDequeue(out (IpInterface Device, FrameVector Frames) left))
            Frames.Release(left.Frames);
    }

    /// <inheritdoc/>
    public SendError Send(in Ipv4SendRequest request, ref Frame payload) => Output.Send(request, ref payload);

    /// <inheritdoc/>
    public SendError SelectSource(Ipv4Address destination, out Ipv4Address source, out int pathMtu, string? device = null)
    {
        SendError error = Output.Route(destination, default, device, out OutputRoute route);
        source = route.Source;
        pathMtu = route.PathMtu;
        return error;
    }

    /// <inheritdoc/>
    public bool IsLocal(Ipv4Address address) => Routing.IsLocal(address);

    /// <summary>Whether the address is a broadcast address here: 255.255.255.255, one of an interface, or in 0.0.0.0/8 (inet_addr_type RTN_BROADCAST).</summary>
    /// <param name="address">The address.</param>
    public bool IsBroadcast(Ipv4Address address) => Routing.IsBroadcast(address);

    /// <inheritdoc/>
    public void SendIcmpError(in Frame packet, IcmpType type, byte code) => Icmp.Report(packet, null, type, code, 0);

    /// <inheritdoc/>
    public void Register(IpProtocol protocol, ITransportProtocol handler) => Input.Register(protocol, handler);

    /// <summary>Takes a vector that a device received.</summary>
    internal void Receive(IpInterface device, FrameVector frames)
    {
        if (_inTurn)
        {
            Defer(device, frames);
            return;
        }

        BeginTurn(_clock.Now);
        try
        {
            Process(device, frames);
            RunTurn();
        }
        finally
        {
            _inTurn = false;
        }
    }

    /// <summary>Gathers an Ethernet frame for a device; takes the frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Transmit(IpInterface device, ref Frame frame)
    {
        if (frame.IsTrain && !device.Device.TakesTrains)
        {
            TransmitParts(device, ref frame);
            return;
        }

        FrameVector? batch = device.Batch;
        if (batch is null && !TryBeginBatch(device, ref frame, out batch))
            return;
        batch.Add(frame);
        frame.Buffer = null!;
        if (batch.IsFull)
            Send(device);
    }

    /// <summary>Drops a frame: counted here and at the device, told to its observer, released.</summary>
    internal void Drop(IpInterface? device, DropReason reason, ref Frame frame)
    {
        if (device is null)
        {
            CountLocalDrop(reason, frame.Count);
        }
        else
        {
            Drops.Count(reason, frame.Count);
            device.Device.Counters.Drops.Count(reason, frame.Count);
            device.Device.Observer?.ObserveDrop(device.Device, reason, frame);
        }

        Frames.Release(ref frame);
    }

    /// <summary>Has a frame received by a device at the end of this turn, or with the next flush; takes the frame.</summary>
    internal void ReceiveLater(IpInterface device, ref Frame frame)
    {
        if (!Frames.TryRentVector(out FrameVector vector))
        {
            Drop(device, DropReason.NoBuffer, ref frame);
            return;
        }

        vector.Add(frame);
        frame.Buffer = null!;
        Defer(device, vector);
    }

    /// <summary>Counts drops that no device counts.</summary>
    internal void CountLocalDrop(DropReason reason, int frames = 1)
    {
        Drops.Count(reason, frames);
        LocalDrops.Count(reason, frames);
    }

    private void BeginTurn(Instant now)
    {
        _inTurn = true;
        _turnTime = now;
        if (Netfilter is { } netfilter)
            netfilter.Carried = default;
    }

    // Transmits, takes what came back at once (lo, or a device whose far end is here too), and so on within the budget.
    private void RunTurn()
    {
        int budget = BacklogBudget;
        while (true)
        {
            for (int i = 0; i < _pending.Count; i++)
            {
                if (_pending[i].Batch is not null)
                    Send(_pending[i]);
            }

            _pending.Clear();
            if (_backlog.Count == 0 || budget-- == 0)
                return;
            (IpInterface device, FrameVector frames) = _backlog.Dequeue();
            Process(device, frames);
        }
    }

    private void Defer(IpInterface device, FrameVector frames)
    {
        if (_backlog.Count < MaxBacklog)
        {
            _backlog.Enqueue((device, frames));
            return;
        }

        foreach (ref Frame frame in frames.Frames)
            Drop(device, DropReason.QueueFull, ref frame);
        Frames.ReleaseEmpty(frames);
    }

    private void Process(IpInterface device, FrameVector frames)
    {
        if (frames.Passage.IsSet)
        {
            Bridged.Receive(device, frames);
            ReceivingLinkGroup = false;
            Frames.ReleaseEmpty(frames);
            return;
        }

        foreach (ref Frame frame in frames.Frames)
            ReceiveFrame(device, ref frame);
        ReceivingLinkGroup = false;
        Frames.ReleaseEmpty(frames);
    }

    // __netif_receive_skb_core after eth_type_trans: to us, to a group, or to another; then by EtherType.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ReceiveFrame(IpInterface device, ref Frame frame)
    {
        Span<byte> bytes = frame.Span;
        if (bytes.Length < EthernetView.HeaderLength)
        {
            Drop(device, DropReason.BadEthernet, ref frame);
            return;
        }

        // lo has zero addresses and takes everything.
        bool toUs = MacAddress.Read(bytes) == device.Device.Mac || device.IsLoopback;
        if (!toUs && (bytes[0] & 1) == 0)
        {
            Drop(device, DropReason.OtherHost, ref frame);
            return;
        }

        if (!device.Device.IsUp || !device.IsAttached)
        {
            Drop(device, DropReason.DeviceDown, ref frame);
            return;
        }

        ReceivingLinkGroup = !toUs;
        switch (BinaryPrimitives.ReadUInt16BigEndian(bytes[12..]))
        {
            case (ushort)EtherType.Ipv4:
                Input.Receive(device, toUs, ref frame);
                break;
            case (ushort)EtherType.Arp:
                Arp.Receive(device, toUs, ref frame);
                break;
            default:
                Drop(device, DropReason.UnknownEtherType, ref frame);
                break;
        }
    }

    // validate_xmit_skb: what the device cannot cut is cut before it.
    private void TransmitParts(IpInterface device, ref Frame train)
    {
        if (!Frames.TryMakeWritable(ref train))
        {
            Drop(device, DropReason.NoBuffer, ref train);
            return;
        }

        FrameTrain.Cut(train, EthernetView.HeaderLength);
        for (int i = 0; i < train.Count; i++)
        {
            Frame part = FrameTrain.Part(train, i);
            Transmit(device, ref part);
        }

        train.Buffer = null!;
    }

    private bool TryBeginBatch(IpInterface device, ref Frame frame, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out FrameVector? batch)
    {
        batch = null;
        if (!device.IsAttached || !Frames.TryRentVector(out batch))
        {
            Drop(device, device.IsAttached ? DropReason.NoBuffer : DropReason.DeviceDown, ref frame);
            return false;
        }

        device.Batch = batch;
        _pending.Add(device);
        return true;
    }

    private static void Send(IpInterface device)
    {
        FrameVector frames = device.Batch!;
        device.Batch = null;
        device.Device.Transmit(frames);
    }
}
