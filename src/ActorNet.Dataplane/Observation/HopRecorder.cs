using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Observation;

/// <summary>
/// Records the hops of packets that a filter wants, in a ring that keeps the latest. Recording copies the frame's first bytes and allocates
/// nothing but the list of rules that a packet met; lines are written when the records are taken. Single-threaded: one recorder for each owner of devices.
/// </summary>
public sealed class HopRecorder : IDeviceObserver
{
    /// <summary>Rules in one record at most.</summary>
    public const int MaxRules = 32;

    private readonly string _node;
    private readonly string _namespace;
    private readonly TraceFilter _filter;
    private readonly MonotonicClock _clock;
    private readonly TimeProvider _wallClock;
    private readonly Slot[] _slots;
    private readonly byte[] _prefixes;
    private byte[]? _wire;
    private long _written;

    /// <summary>Makes an empty recorder.</summary>
    /// <param name="node">The node whose devices it will see.</param>
    /// <param name="networkNamespace">The namespace that they are in.</param>
    /// <param name="filter">Which packets.</param>
    /// <param name="maxRecords">Records kept at most, at least 1.</param>
    /// <param name="clock">Monotonic time.</param>
    /// <param name="wallClock">The time of day.</param>
    public HopRecorder(string node, string networkNamespace, TraceFilter filter, int maxRecords, MonotonicClock clock, TimeProvider wallClock)
    {
        ArgumentNullException.ThrowIfNull(filter);
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(wallClock);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRecords, 1);
        _node = node;
        _namespace = networkNamespace;
        _filter = filter;
        _clock = clock;
        _wallClock = wallClock;
        _slots = new Slot[maxRecords];
        _prefixes = new byte[maxRecords * TracedFrame.PrefixLength];
    }

    /// <summary>Records in the ring.</summary>
    public int Count => (int)Math.Min(_written, _slots.Length);

    /// <summary>Records that later ones pushed out.</summary>
    public long Overwritten => _written - Count;

    /// <inheritdoc/>
    public void Observe(NetworkDevice device, FrameDirection direction, FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(frames);
        HopEvent happened = direction == FrameDirection.Receive ? HopEvent.Receive : HopEvent.Transmit;
        foreach (ref Frame frame in frames.Frames)
            RecordIfWanted(device, happened, default, frame);
    }

    /// <inheritdoc/>
    public void ObserveDrop(NetworkDevice device, DropReason reason, in Frame frame)
    {
        ArgumentNullException.ThrowIfNull(device);
        string? rule = reason == DropReason.RuleDropped ? (device.Upper as IpInterface)?.DroppedBy : null;
        RecordIfWanted(device, HopEvent.Drop, reason, frame, rule);
    }

    /// <summary>The records, the oldest first.</summary>
    public IReadOnlyList<HopRecord> Export()
    {
        var records = new HopRecord[Count];
        for (int i = 0; i < records.Length; i++)
            records[i] = Describe((int)((_written - Count + i) % _slots.Length));
        return records;
    }

    /// <summary>Forgets the records.</summary>
    public void Clear() => _written = 0;

    /// <summary>Records what a packet met in a hook: nothing when no rule matched and nothing changed.</summary>
    internal void RecordRules(NetfilterPacket packet, RuleTrace trace)
    {
        Span<byte> after = trace.After(packet);
        ulong key = TracedFrame.KeyOf(trace.Before);
        ulong keyAfter = TracedFrame.KeyOf(after);
        if ((trace.Rules.Count == 0 && key == keyAfter) || (!_filter.Matches(trace.Before) && !_filter.Matches(after)))
            return;
        int index = (int)(_written % _slots.Length);
        Record(packet.InName ?? packet.OutName ?? "", HopEvent.Filter, default, trace.Before, default, null, false);
        ref Slot slot = ref _slots[index];
        slot.Length = packet.Bytes.Length + EthernetView.HeaderLength;
        slot.Hook = packet.Hook;
        slot.Rules = [.. trace.Rules];
        slot.Translated = key == keyAfter ? null : after.ToArray();
    }

    // The frames of a train have one flow's headers, so the head is wanted or none is.
    private void RecordIfWanted(NetworkDevice device, HopEvent happened, DropReason reason, in Frame frame, string? rule = null)
    {
        if (!_filter.Matches(frame.Span))
            return;
        Record(device.Name, happened, reason, frame.Span, frame.Remote, rule, device.Kind == "vxlan");
        if (frame.IsTrain)
            _wire ??= new byte[FrameTrain.MaxBytes];
        for (int i = 1; i < frame.Count; i++)
            Record(device.Name, happened, reason, _wire.AsSpan(0, FrameTrain.CopyTo(frame, i, _wire)), frame.Remote, rule, device.Kind == "vxlan");
    }

    private void Record(string device, HopEvent happened, DropReason reason, Span<byte> bytes, UnderlayEndpoint remote, string? rule, bool isTunnel)
    {
        int index = (int)(_written++ % _slots.Length);
        int kept = Math.Min(bytes.Length, TracedFrame.PrefixLength);
        bytes[..kept].CopyTo(_prefixes.AsSpan(index * TracedFrame.PrefixLength));
        _slots[index] = new Slot
        {
            Device = device,
            Event = happened,
            Reason = reason,
            Time = _clock.Now,
            WallClock = (_wallClock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100,
            Key = TracedFrame.KeyOf(bytes),
            Length = bytes.Length,
            Kept = kept,
            Remote = remote,
            IsTunnel = isTunnel,
            Rule = rule,
        };
    }

    private HopRecord Describe(int index)
    {
        ref readonly Slot slot = ref _slots[index];
        return new HopRecord
        {
            Node = _node,
            Namespace = _namespace,
            Device = slot.Device,
            Event = slot.Event,
            Reason = slot.Event == HopEvent.Drop ? slot.Reason : null,
            Rule = slot.Rule,
            Hook = slot.Event == HopEvent.Filter ? TableNames.ChainOf(slot.Hook) : null,
            Rules = slot.Rules is { } rules ? [.. rules.Select(static r => $"{r.Table} -A {r.Chain.Name} {r.Rule}")] : [],
            Translated = slot.Translated is { } bytes ? TracedFrame.Summarise(bytes) : null,
            TranslatedKey = slot.Translated is { } translated ? TracedFrame.KeyOf(translated) : null,
            Time = slot.Time,
            WallClockNanoseconds = slot.WallClock,
            PacketKey = slot.Key,
            Length = slot.Length,
            // A frame keeps its remote behind the tunnel; only there does it say where it goes or came from.
            Remote = slot.IsTunnel && slot.Remote != default ? slot.Remote : null,
            Summary = TracedFrame.Summarise(_prefixes.AsSpan(index * TracedFrame.PrefixLength, slot.Kept)),
        };
    }

    private struct Slot
    {
        public string Device;
        public HopEvent Event;
        public DropReason Reason;
        public Instant Time;
        public long WallClock;
        public ulong Key;
        public int Length;
        public int Kept;
        public UnderlayEndpoint Remote;
        public bool IsTunnel;
        public string? Rule;
        public NetfilterHook Hook;
        public (string Table, Chain Chain, Rule Rule)[]? Rules;
        public byte[]? Translated;
    }
}
