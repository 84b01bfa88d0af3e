using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;

namespace ActorNet.Dataplane.Observation;

/// <summary>One captured packet. Immutable.</summary>
/// <param name="Device">Where it passed.</param>
/// <param name="Direction">Which way.</param>
/// <param name="WallClockNanoseconds">When, in nanoseconds since 1970-01-01 UTC.</param>
/// <param name="OriginalLength">The frame's length in bytes.</param>
/// <param name="Bytes">The frame's first bytes.</param>
/// <param name="LostBefore">Frames of the same device that found no room since the packet before.</param>
public readonly record struct CapturedPacket(
    string Device, FrameDirection Direction, long WallClockNanoseconds, int OriginalLength, ReadOnlyMemory<byte> Bytes, long LostBefore);

/// <summary>
/// Copies the frames that pass devices until the owner drains them. It holds a bounded number of packets and bytes; what finds no room is
/// counted. A packet costs a copy and no allocation; a drain allocates what it hands out. Of a train it keeps each frame as the wire has it. Single-threaded: one tap for each owner of devices.
/// </summary>
public sealed class CaptureTap : IDeviceObserver
{
    private readonly TimeProvider _wallClock;
    private readonly int _snapLength;
    private readonly Slot[] _slots;
    private readonly byte[] _bytes;
    private readonly Dictionary<NetworkDevice, long> _lost = [];
    private byte[]? _wire;
    private int _count;
    private int _used;

    /// <summary>Makes an empty tap.</summary>
    /// <param name="snapLength">Bytes kept of a frame at most, at least 1.</param>
    /// <param name="maxPackets">Packets held between two drains at most, at least 1.</param>
    /// <param name="maxBytes">Bytes held between two drains at most, at least 1.</param>
    /// <param name="wallClock">The time of day; its resolution is 100 ns.</param>
    public CaptureTap(int snapLength, int maxPackets, int maxBytes, TimeProvider wallClock)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(snapLength, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPackets, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1);
        ArgumentNullException.ThrowIfNull(wallClock);
        _snapLength = snapLength;
        _wallClock = wallClock;
        _slots = new Slot[maxPackets];
        _bytes = new byte[maxBytes];
    }

    /// <summary>Packets waiting to be drained.</summary>
    public int Count => _count;

    /// <summary>Packets that found no room since the tap was made.</summary>
    public long Lost { get; private set; }

    /// <inheritdoc/>
    public void Observe(NetworkDevice device, FrameDirection direction, FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(frames);
        // The frames of a vector pass together, so one reading of the clock is theirs.
        long now = (_wallClock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
        foreach (ref Frame frame in frames.Frames)
        {
            Keep(device, direction, now, frame.Span);
            for (int i = 1; i < frame.Count; i++)
                KeepFollower(device, direction, now, frame, i);
        }
    }

    /// <summary>Nothing: a capture shows what passed, as a packet socket does; drops are the trace's matter.</summary>
    /// <param name="device">The device.</param>
    /// <param name="reason">Why.</param>
    /// <param name="frame">The frame.</param>
    public void ObserveDrop(NetworkDevice device, DropReason reason, in Frame frame)
    {
    }

    /// <summary>Hands out the packets, the oldest first, and makes room.</summary>
    public CapturedPacket[] Drain()
    {
        if (_count == 0)
            return [];
        byte[] bytes = _bytes.AsSpan(0, _used).ToArray();
        var packets = new CapturedPacket[_count];
        for (int i = 0; i < packets.Length; i++)
        {
            ref Slot slot = ref _slots[i];
            packets[i] = new CapturedPacket(
                slot.Device.Name, slot.Direction, slot.WallClock, slot.OriginalLength, bytes.AsMemory(slot.Start, slot.Kept), slot.LostBefore);
        }

        Array.Clear(_slots, 0, _count);
        _count = 0;
        _used = 0;
        return packets;
    }

    private void KeepFollower(NetworkDevice device, FrameDirection direction, long now, in Frame train, int index)
    {
        _wire ??= new byte[FrameTrain.MaxBytes];
        int length = FrameTrain.CopyTo(train, index, _wire);
        Keep(device, direction, now, _wire.AsSpan(0, length));
    }

    private void Keep(NetworkDevice device, FrameDirection direction, long now, Span<byte> frame)
    {
        int kept = Math.Min(frame.Length, _snapLength);
        if (_count == _slots.Length || kept > _bytes.Length - _used)
        {
            Lost++;
            _lost[device] = _lost.GetValueOrDefault(device) + 1;
            return;
        }

        frame[..kept].CopyTo(_bytes.AsSpan(_used));
        _lost.Remove(device, out long lost);
        _slots[_count++] = new Slot
        {
            Device = device,
            Direction = direction,
            WallClock = now,
            OriginalLength = frame.Length,
            Start = _used,
            Kept = kept,
            LostBefore = lost,
        };
        _used += kept;
    }

    private struct Slot
    {
        public NetworkDevice Device;
        public FrameDirection Direction;
        public long WallClock;
        public int OriginalLength;
        public int Start;
        public int Kept;
        public long LostBefore;
    }
}
