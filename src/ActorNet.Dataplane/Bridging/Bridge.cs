using System.Runtime.InteropServices;
using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Bridging;

/// <summary>
/// A learning switch as linux net/bridge without spanning tree, VLAN filtering and multicast snooping (br_input.c, br_forward.c, br_fdb.c).
/// Vectors in, vectors per port out: a vector whose frames all go to one port passes whole. Single-threaded; its ports' devices belong to
/// the same owner.
/// </summary>
public sealed partial class Bridge
{
    /// <summary>Most ports of a bridge (BR_MAX_PORTS, 10 bits of port number).</summary>
    public const int MaxPorts = 1023;

    /// <summary>Vectors that may wait while one is under way; only frames sent in answer to a local delivery wait.</summary>
    private const int BacklogLimit = 256;

    /// <summary>Outcomes of a frame beside a port's number.</summary>
    private const short ToNobody = -1;
    private const short ToBridge = 0;
    private const short ToAll = -2;

    private readonly FrameCache _frames;
    private readonly MonotonicClock _clock;
    private readonly List<BridgePort> _ports = [];
    private readonly Queue<(BridgePort? Ingress, FrameVector Frames)> _backlog = new();
    private BridgePort?[] _byNumber = new BridgePort?[16];
    private FrameVector? _pendingUp;
    private bool _busy;

    /// <summary>Makes a bridge without ports, down.</summary>
    /// <param name="name">Name of the bridge's device.</param>
    /// <param name="ifIndex">Its interface index.</param>
    /// <param name="mac">Its address, fixed as CNI fixes cni0's: it does not follow the lowest port address.</param>
    /// <param name="mtu">MTU in bytes.</param>
    /// <param name="frames">The owner's memory.</param>
    /// <param name="clock">Time, for ageing.</param>
    public Bridge(string name, int ifIndex, MacAddress mac, int mtu, FrameCache frames, MonotonicClock clock)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(clock);
        _frames = frames;
        _clock = clock;
        Device = new BridgeDevice(this, name, ifIndex, mac, mtu, frames);
        AddLocal(null, mac);
    }

    /// <summary>The bridge as a device of its namespace.</summary>
    public BridgeDevice Device { get; }

    /// <summary>The ports in order of their numbers.</summary>
    public IReadOnlyList<BridgePort> Ports => _ports;

    /// <summary>Changes the bridge's address; its local entry follows (br_fdb_change_mac_address).</summary>
    /// <param name="mac">The new address.</param>
    public void SetMac(MacAddress mac)
    {
        if (mac == Device.Mac)
            return;
        RemoveLocal(null, Device.Mac);
        Device.Mac = mac;
        AddLocal(null, mac);
    }

    /// <summary>Makes a device a port: its received frames come here (br_add_if).</summary>
    /// <param name="device">The device, of the bridge's owner.</param>
    /// <exception cref="InvalidOperationException">The device is a port already, or the bridge has all the ports it can.</exception>
    public BridgePort AddPort(NetworkDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (_ports.Exists(p => ReferenceEquals(p.Device, device)))
            throw new InvalidOperationException($"{device.Name} is a port of {Device.Name} already.");
        int number = 1;
        while (number <= _ports.Count && _ports[number - 1].Number == number)
            number++;
        if (number > MaxPorts)
            throw new InvalidOperationException($"{Device.Name} has {MaxPorts} ports, the most a bridge can have.");
        var port = new BridgePort(this, device, number);
        _ports.Insert(number - 1, port);
        if (number >= _byNumber.Length)
            Array.Resize(ref _byNumber, Math.Min(_byNumber.Length * 2, MaxPorts + 1));
        _byNumber[number] = port;
        device.Upper = port;
        device.StateChanged += OnPortStateChanged;
        AddLocal(port, device.Mac);
        UpdatePorts();
        return port;
    }

    /// <summary>Takes a port away and forgets what is behind it (br_del_if).</summary>
    /// <param name="port">The port.</param>
    public void RemovePort(BridgePort port)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (!_ports.Remove(port))
            return;
        _byNumber[port.Number] = null;
        port.Device.StateChanged -= OnPortStateChanged;
        if (ReferenceEquals(port.Device.Upper, port))
            port.Device.Upper = null;
        port.State = BridgePortState.Disabled;
        if (port.Pending is { } pending)
        {
            port.Pending = null;
            DiscardAll(pending, DropReason.DeviceDown);
        }

        FlushPort(port, withStatic: true);
        UpdatePorts();
    }

    /// <summary>
    /// Recomputes the ports' states and the bridge's carrier. A port that stops forwarding loses its learned entries (br_stp_disable_port).
    /// </summary>
    /// <returns>Whether the bridge's carrier changed.</returns>
    internal bool UpdatePorts()
    {
        bool carrier = false;
        foreach (BridgePort port in _ports)
        {
            bool running = Device.IsUp && port.Device.IsRunning;
            if (running != port.WasRunning)
                Enter(port, running ? BridgePortState.Forwarding : BridgePortState.Disabled);
            port.WasRunning = running;
            carrier |= port.State == BridgePortState.Forwarding;
        }

        return Device.SetCarrier(carrier);
    }

    /// <summary>`bridge link set dev PORT state STATE` (br_netlink.c br_set_port_state, with STP off).</summary>
    /// <param name="port">The port.</param>
    /// <param name="state">The wanted state. Without STP a blocking port is made forwarding again at once (br_stp.c br_port_state_selection).</param>
    /// <returns>False when the device is down or has no carrier: then only disabled is possible.</returns>
    public bool TrySetState(BridgePort port, BridgePortState state)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (!port.Device.IsUp || (!port.Device.HasCarrier && state != BridgePortState.Disabled))
            return false;
        Enter(port, state == BridgePortState.Blocking ? BridgePortState.Forwarding : state);
        UpdatePorts();
        return true;
    }

    /// <summary>Switches a vector. What arrives while another is under way waits its turn, so that answers from above do not nest.</summary>
    internal void Input(BridgePort? ingress, FrameVector frames)
    {
        if (_busy)
        {
            if (_backlog.Count < BacklogLimit)
                _backlog.Enqueue((ingress, frames));
            else
                DiscardAll(frames, DropReason.QueueFull);
            return;
        }

        _busy = true;
        try
        {
            Switch(ingress, frames);
            while (_backlog.TryDequeue(out (BridgePort? Ingress, FrameVector Frames) next))
                Switch(next.Ingress, next.Frames);
        }
        finally
        {
            _busy = false;
        }
    }

    private void Enter(BridgePort port, BridgePortState state)
    {
        if (state == BridgePortState.Disabled && port.State != BridgePortState.Disabled)
            FlushPort(port, withStatic: false);
        port.State = state;
    }

    private void OnPortStateChanged(NetworkDevice device) => UpdatePorts();

    private void Switch(BridgePort? ingress, FrameVector frames)
    {
        bool resumed = frames.Passage.IsSet;
        if (resumed)
            frames.Passage = default;
        if (ingress is not null && ingress.State != BridgePortState.Forwarding)
        {
            if (ingress.State == BridgePortState.Learning)
                LearnOnly(ingress, frames);
            DiscardAll(frames, DropReason.DeviceDown);
            return;
        }

        Span<short> outcomes = stackalloc short[FrameVector.Capacity];
        outcomes = outcomes[..frames.Count];
        short only = Decide(ingress, frames, outcomes, resumed, out int longest);
        if (CallsIptables && ingress is not null && !resumed && TryAskNetfilter(ingress, frames, ref outcomes, ref only))
            return;
        if (only == ToBridge)
            Device.Receive(frames);
        else if (only > ToBridge && !Device.IsPromiscuous && longest <= _byNumber[only]!.Device.Mtu + EthernetDevice.LinkOverhead)
            _byNumber[only]!.Device.Transmit(frames);
        else
            Distribute(ingress, frames, outcomes, resumed);
    }

    // br_handle_frame_finish: a port in state learning updates the FDB and drops the frame.
    private void LearnOnly(BridgePort ingress, FrameVector frames)
    {
        Instant now = _clock.Now;
        foreach (ref Frame frame in frames.Frames)
        {
            if (frame.Length >= EthernetView.HeaderLength)
                DecideOne(ingress, MacAddress.Read(frame.Span), MacAddress.Read(frame.Span[6..]), now, learns: true);
        }
    }

    /// <summary>Decides every frame's outcome and learns its source. The answer is the outcome they share, or else <see cref="ToAll"/>.</summary>
    private short Decide(BridgePort? ingress, FrameVector frames, Span<short> outcomes, bool resumed, out int longest)
    {
        Instant now = _clock.Now;
        ulong lastHead = 0;
        uint lastTail = 0;
        short last = 0;
        bool known = false;
        bool same = true;
        longest = 0;
        for (int i = 0; i < outcomes.Length; i++)
        {
            ref Frame frame = ref frames[i];
            Span<byte> bytes = frame.Span;
            if (bytes.Length < EthernetView.HeaderLength)
            {
                outcomes[i] = ToNobody;
                same = false;
                continue;
            }

            // Destination and source are the first 12 bytes: frames of a run share them and so their outcome.
            ulong head = MemoryMarshal.Read<ulong>(bytes);
            uint tail = MemoryMarshal.Read<uint>(bytes[8..]);
            if (!known || head != lastHead || tail != lastTail)
            {
                short outcome = DecideOne(ingress, MacAddress.Read(bytes), MacAddress.Read(bytes[6..]), now, learns: !resumed);
                same &= i == 0 || outcome == last;
                last = outcome;
                lastHead = head;
                lastTail = tail;
                known = true;
            }

            outcomes[i] = last;
            longest = Math.Max(longest, bytes.Length);
        }

        return same ? last : ToAll;
    }

    /// <summary>br_handle_frame, br_handle_frame_finish; from the bridge's own device br_dev_xmit.</summary>
    private short DecideOne(BridgePort? ingress, MacAddress destination, MacAddress source, Instant now, bool learns)
    {
        if (ingress is null)
            return destination.IsMulticast ? ToAll : DecideSent(destination, now);
        if (!source.IsValidUnicast)
            return ToNobody;
        bool linkLocal = (destination.Value & ~0xFUL) == LinkLocalGroup;
        if (linkLocal && destination.Value == PauseGroup)
            return ToNobody;
        if (learns && ingress.Learning)
            Learn(ingress, source, now);

        // With STP off the bridge group address is forwarded; the other link-local groups would go to the port's own stack, which has none.
        if (linkLocal && destination.Value != LinkLocalGroup)
            return ToNobody;
        if (destination.IsMulticast)
            return ToAll;
        FdbEntry? entry = _table.Find(destination.Value);
        if (entry is null)
            return ToAll;
        if (entry.IsLocal)
            return ToBridge;
        entry.LastUsed = now;
        return MayLeave(ingress, entry.Port!) ? (short)entry.Port!.Number : ToNobody;
    }

    private short DecideSent(MacAddress destination, Instant now)
    {
        FdbEntry? entry = _table.Find(destination.Value);
        if (entry is null)
            return ToAll;
        entry.LastUsed = now;
        return entry.Port is { } port && MayLeave(null, port) ? (short)port.Number : ToNobody;
    }

    /// <summary>br_forward.c, should_deliver.</summary>
    private static bool MayLeave(BridgePort? ingress, BridgePort egress) =>
        (egress.Hairpin || !ReferenceEquals(ingress, egress)) && egress.State == BridgePortState.Forwarding;

    private void Distribute(BridgePort? ingress, FrameVector frames, ReadOnlySpan<short> outcomes, bool resumed)
    {
        bool promiscuous = ingress is not null && Device.IsPromiscuous;
        for (int i = 0; i < outcomes.Length; i++)
        {
            ref Frame frame = ref frames[i];
            short outcome = outcomes[i];
            if (outcome == ToAll)
            {
                FloodOut(ingress, ref frame, promiscuous, resumed);
            }
            else if (outcome == ToBridge)
            {
                AddUp(ref frame);
            }
            else if (outcome > ToBridge)
            {
                if (promiscuous)
                    AddShared(ref frame, null);
                AddTo(_byNumber[outcome]!, ref frame);
            }
            else
            {
                DiscardUndeliverable(ingress, ref frame);
            }
        }

        _frames.ReleaseEmpty(frames);
        FlushPending();
    }

    /// <summary>
    /// br_flood, and br_pass_frame_up for group frames, unless the namespace has had them with its rules: the copies share the bytes, the last takes the
    /// frame itself.
    /// </summary>
    private void FloodOut(BridgePort? ingress, ref Frame frame, bool promiscuous, bool resumed)
    {
        MacAddress destination = MacAddress.Read(frame.Span);
        bool group = destination.IsMulticast;
        bool up = ingress is not null && ((group && !resumed) || promiscuous);
        if (up && group && !destination.IsBroadcast)
            Device.CountMulticast();

        BridgePort? previous = null;
        foreach (BridgePort port in _ports)
        {
            if (!MayLeave(ingress, port) || !Floods(ingress, port, destination))
                continue;
            if (previous is not null)
                AddShared(ref frame, previous);
            previous = port;
        }

        if (previous is not null && up)
            AddShared(ref frame, previous);
        if (up)
            AddUp(ref frame);
        else if (previous is not null)
            AddTo(previous, ref frame);
        else
            Device.Discard(ref frame, DropReason.NoForwardingPort);
    }

    /// <summary>The flood flags; for group frames that the bridge itself sends they do not count.</summary>
    private static bool Floods(BridgePort? ingress, BridgePort port, MacAddress destination)
    {
        if (!destination.IsMulticast)
            return port.Flood;
        return ingress is null || (destination.IsBroadcast ? port.BroadcastFlood : port.MulticastFlood);
    }

    private void AddShared(ref Frame frame, BridgePort? port)
    {
        Frame shared = FrameCache.Share(ref frame);
        if (port is null)
            AddUp(ref shared);
        else
            AddTo(port, ref shared);
    }

    /// <summary>br_dev_queue_push_xmit drops what the port's device cannot carry. A port gets at most one frame of each that came in, so a vector holds them.</summary>
    private void AddTo(BridgePort port, ref Frame frame)
    {
        if (frame.Length > port.Device.Mtu + EthernetDevice.LinkOverhead)
        {
            Device.Discard(ref frame, DropReason.TooBig);
            return;
        }

        if (port.Pending is null)
        {
            if (!_frames.TryRentVector(out FrameVector vector))
            {
                Device.Discard(ref frame, DropReason.NoBuffer);
                return;
            }

            port.Pending = vector;
        }

        port.Pending.Add(frame);
        frame.Buffer = null!;
    }

    private void AddUp(ref Frame frame)
    {
        if (_pendingUp is null && !_frames.TryRentVector(out _pendingUp))
        {
            _pendingUp = null;
            Device.Discard(ref frame, DropReason.NoBuffer);
            return;
        }

        _pendingUp.Add(frame);
        frame.Buffer = null!;
    }

    private void FlushPending()
    {
        // By index: a device that reacts to a frame may add or remove ports.
        for (int i = 0; i < _ports.Count; i++)
        {
            BridgePort port = _ports[i];
            if (port.Pending is not { } frames)
                continue;
            port.Pending = null;
            port.Device.Transmit(frames);
        }

        if (_pendingUp is { } up)
        {
            _pendingUp = null;
            Device.Receive(up);
        }
    }

    private void DiscardUndeliverable(BridgePort? ingress, ref Frame frame)
    {
        Span<byte> bytes = frame.Span;
        bool bad = bytes.Length < EthernetView.HeaderLength || (ingress is not null && !MacAddress.Read(bytes[6..]).IsValidUnicast);
        Device.Discard(ref frame, bad ? DropReason.BadEthernet : DropReason.NoForwardingPort);
    }

    private void DiscardAll(FrameVector frames, DropReason reason)
    {
        foreach (ref Frame frame in frames.Frames)
            Device.Discard(ref frame, reason);
        _frames.ReleaseEmpty(frames);
    }
}
