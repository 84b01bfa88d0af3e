using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Links;

/// <summary>
/// One direction of a link with its impairments, between whoever sends and <see cref="Next"/>. With none set a vector passes untouched. Held
/// frames leave at <see cref="Poll"/> in the order of their due times; equal times keep the order of arrival.
/// </summary>
public sealed class ImpairedLink : IFrameSink, IDisposable
{
    private readonly FrameCache _frames;
    private readonly MonotonicClock _clock;
    private readonly string _place;
    private readonly PriorityQueue<Frame, (long Due, long Order)> _held = new();
    private Impairment _impairment;
    private ImpairmentSettings _settings = ImpairmentSettings.None;
    private FrameVector? _out;
    private long _order;
    private long _bucketEmptyAt;

    /// <summary>Makes a link with nothing wrong.</summary>
    /// <param name="place">Name of the direction, unique in the cluster.</param>
    /// <param name="next">Where frames go.</param>
    /// <param name="frames">The owner's memory.</param>
    /// <param name="clock">Time.</param>
    public ImpairedLink(string place, IFrameSink next, FrameCache frames, MonotonicClock clock)
    {
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(clock);
        _place = place;
        Next = next;
        _frames = frames;
        _clock = clock;
        _impairment = new Impairment(place, _settings);
    }

    /// <summary>Where frames go.</summary>
    public IFrameSink Next { get; set; }

    /// <summary>What is wrong. Setting it begins every flow anew; frames that are held keep their due times.</summary>
    public ImpairmentSettings Settings
    {
        get => _settings;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            _settings = value;
            _impairment = new Impairment(_place, value);
            _bucketEmptyAt = 0;
        }
    }

    /// <summary>The device whose link this is, or null: drops are counted there too, and shown to whoever traces it.</summary>
    public NetworkDevice? Device { get; init; }

    /// <summary>Bytes in front of each Ethernet frame: a tunnel header, which counts neither for the flow nor for the MTU.</summary>
    public int HeaderLength { get; init; }

    /// <summary>The frames that are meant, or null for all; others pass.</summary>
    public LinkPeer? Peer { get; init; }

    /// <summary>Drops by reason: Impaired (lost or cut), QueueFull, TooBig, NoBuffer.</summary>
    public DropCounters Drops { get; } = new();

    /// <summary>Frames that came in.</summary>
    public long FramesIn { get; private set; }

    /// <summary>Frames whose fate was decided here: those that came in, less those of other peers.</summary>
    public long Decided { get; private set; }

    /// <summary>Frames that went on, second copies included.</summary>
    public long FramesOut { get; private set; }

    /// <summary>Second copies made.</summary>
    public long Duplicated { get; private set; }

    /// <summary>Frames with a flipped bit.</summary>
    public long Corrupted { get; private set; }

    /// <summary>Frames held now.</summary>
    public int Held => _held.Count;

    /// <summary>When <see cref="Poll"/> wants to be called.</summary>
    public Instant NextDeadline => _held.TryPeek(out _, out (long Due, long Order) key) ? new Instant(key.Due) : Instant.Never;

    /// <inheritdoc/>
    public void Push(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        int wire = frames.WireCount;
        FramesIn += wire;
        if (_settings.IsNone && _held.Count == 0)
        {
            Decided += wire;
            FramesOut += wire;
            Next.Push(frames);
            return;
        }

        Instant now = _clock.Now;
        EmitDue(now);
        foreach (ref Frame frame in frames.Frames)
        {
            if (Peer is { } peer && !peer.Matches(frame.Span))
                Emit(ref frame);
            else if (frame.IsTrain)
                TakeTrain(ref frame, now.Nanoseconds);
            else
                Take(ref frame, now.Nanoseconds);
        }

        _frames.ReleaseEmpty(frames);
        Flush();
    }

    /// <summary>Sends on the frames whose time has come.</summary>
    /// <param name="now">Time now.</param>
    public void Poll(Instant now)
    {
        EmitDue(now);
        Flush();
    }

    /// <summary>Sends on what is held, in the order of due times: the link is taken out, and what it delayed is not lost by that. A cut drops it.</summary>
    public void Drain()
    {
        EmitDue(Instant.Never);
        Flush();
    }

    /// <summary>Releases the frames that are held.</summary>
    public void Dispose()
    {
        while (_held.TryDequeue(out Frame frame, out _))
            Drop(ref frame, DropReason.Impaired);
    }

    // A fault meets frames as the wire has them.
    private void TakeTrain(ref Frame train, long now)
    {
        if (!_frames.TryMakeWritable(ref train))
        {
            Decided += train.Count;
            Drop(ref train, DropReason.NoBuffer);
            return;
        }

        FrameTrain.Cut(train, HeaderLength + EthernetView.HeaderLength);
        for (int i = 0; i < train.Count; i++)
        {
            Frame part = FrameTrain.Part(train, i);
            Take(ref part, now);
        }

        train.Buffer = null!;
    }

    private void Take(ref Frame frame, long now)
    {
        Decided++;
        if (_settings.Cut)
        {
            Drop(ref frame, DropReason.Impaired);
            return;
        }

        if (_settings.Mtu > 0 && frame.Length - HeaderLength > _settings.Mtu + EthernetDevice.LinkOverhead)
        {
            Drop(ref frame, DropReason.TooBig);
            return;
        }

        // The hash is not kept in the frame: what a router behind this link changes may make it another flow.
        Fate fate = _impairment.Next(frame.FlowHash != 0 ? frame.FlowHash : FlowHash.Compute(frame.Span[Math.Min(HeaderLength, frame.Length)..]));
        if (fate.Copies == 0)
        {
            Drop(ref frame, DropReason.Impaired);
            return;
        }

        if (fate.IsCorrupted && !TryCorrupt(ref frame, fate.CorruptionDraw))
        {
            Drop(ref frame, DropReason.NoBuffer);
            return;
        }

        if (fate.Copies == 2)
        {
            Frame second = FrameCache.Share(ref frame);
            Duplicated++;
            Hold(ref frame, now, fate.Delay);
            Hold(ref second, now, fate.SecondDelay);
        }
        else
        {
            Hold(ref frame, now, fate.Delay);
        }
    }

    private bool TryCorrupt(ref Frame frame, ulong draw)
    {
        if (frame.Length == 0)
            return true;
        if (!_frames.TryMakeWritable(ref frame))
            return false;
        int bit = (int)(draw % (ulong)(frame.Length * 8));
        frame.Span[bit >> 3] ^= (byte)(1 << (bit & 7));
        frame.Flags &= ~FrameFlags.ChecksumVerified;
        Corrupted++;
        return true;
    }

    /// <summary>Sends a frame on at once when it need not wait, or holds it.</summary>
    private void Hold(ref Frame frame, long now, TimeSpan delay)
    {
        if (!TryPassBucket(frame.Length, now, out long leaves))
        {
            Drop(ref frame, DropReason.QueueFull);
            return;
        }

        long due = leaves + (delay.Ticks * 100);
        if (due <= now)
            Emit(ref frame);
        else if (_held.Count >= _settings.QueueLimit)
            Drop(ref frame, DropReason.QueueFull);
        else
            Keep(ref frame, due);
    }

    private void Keep(ref Frame frame, long due)
    {
        _held.Enqueue(frame, (due, _order++));
        frame.Buffer = null!;
    }

    /// <summary>
    /// A token bucket in virtual time (the generic cell rate algorithm, ITU-T I.371): the bucket is empty until a moment that each frame moves
    /// on by its own sending time; a frame may leave as early as the bucket's depth allows.
    /// </summary>
    private bool TryPassBucket(int length, long now, out long leaves)
    {
        leaves = now;
        if (_settings.Rate <= 0)
            return true;
        long sending = TimeOf(length);
        long depth = Math.Max(TimeOf(_settings.RateBurst), sending);
        long empty = Math.Max(_bucketEmptyAt, now);
        leaves = Math.Max(now, empty + sending - depth);
        if (leaves - now > TimeOf(_settings.RateQueue))
            return false;
        _bucketEmptyAt = empty + sending;
        return true;
    }

    private long TimeOf(int bytes) => (long)((Int128)bytes * 8_000_000_000 / _settings.Rate);

    private void EmitDue(Instant now)
    {
        while (_held.TryPeek(out _, out (long Due, long Order) key) && key.Due <= now.Nanoseconds)
        {
            Frame frame = _held.Dequeue();
            if (_settings.Cut)
                Drop(ref frame, DropReason.Impaired);
            else
                Emit(ref frame);
        }
    }

    private void Emit(ref Frame frame)
    {
        if (_out is null && !_frames.TryRentVector(out _out))
        {
            _out = null;
            Drop(ref frame, DropReason.NoBuffer);
            return;
        }

        _out.Add(frame);
        frame.Buffer = null!;
        if (_out.IsFull)
            Flush();
    }

    private void Flush()
    {
        if (_out is not { } frames)
            return;
        _out = null;
        FramesOut += frames.WireCount;
        Next.Push(frames);
    }

    private void Drop(ref Frame frame, DropReason reason)
    {
        Drops.Count(reason, frame.Count);
        if (Device is { } device)
        {
            device.Counters.Drops.Count(reason, frame.Count);
            if (frame.Length >= HeaderLength && device.Observer is { } observer)
            {
                frame.Pull(HeaderLength);
                observer.ObserveDrop(device, reason, frame);
            }
        }

        _frames.Release(ref frame);
    }
}
