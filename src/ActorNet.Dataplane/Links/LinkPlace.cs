using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;

namespace ActorNet.Dataplane.Links;

/// <summary>A fault at a place.</summary>
/// <param name="Id">Number, unique among the owner's faults; the two directions of one fault share it.</param>
/// <param name="Link">What is wrong, and what it did so far.</param>
/// <param name="Ends">When it goes by itself, or <see cref="Instant.Never"/>.</param>
public sealed record PlacedFault(long Id, ImpairedLink Link, Instant Ends);

/// <summary>
/// One direction of a link as its owner sees it: where faults are put in and taken out while frames pass. Several act one after the other in
/// the order they came. Without any a vector costs one test.
/// </summary>
public sealed class LinkPlace : IFrameSink, IDisposable
{
    /// <summary>Faults at one place at most.</summary>
    public const int MaxFaults = 16;

    private readonly IFrameSink _end;
    private readonly FrameCache _frames;
    private readonly MonotonicClock _clock;
    private readonly int _headerLength;
    private readonly List<PlacedFault> _faults = [];
    private ImpairedLink? _first;

    /// <summary>Makes a place without faults.</summary>
    /// <param name="device">The device whose link it is.</param>
    /// <param name="direction">Out of the device, or into it.</param>
    /// <param name="end">Where frames go: the far end, or the device.</param>
    /// <param name="frames">The owner's memory.</param>
    /// <param name="clock">Time.</param>
    /// <param name="headerLength">Bytes in front of each Ethernet frame here: a tunnel header.</param>
    public LinkPlace(NetworkDevice device, FrameDirection direction, IFrameSink end, FrameCache frames, MonotonicClock clock, int headerLength = 0)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(end);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(clock);
        Device = device;
        Direction = direction;
        _end = end;
        _frames = frames;
        _clock = clock;
        _headerLength = headerLength;
    }

    /// <summary>The device whose link it is.</summary>
    public NetworkDevice Device { get; }

    /// <summary>Out of the device, or into it.</summary>
    public FrameDirection Direction { get; }

    /// <summary>The faults, in the order in which they act.</summary>
    public IReadOnlyList<PlacedFault> Faults => _faults;

    /// <summary>When <see cref="Poll"/> wants to be called.</summary>
    public Instant NextDeadline
    {
        get
        {
            Instant next = Instant.Never;
            foreach (PlacedFault fault in _faults)
            {
                Instant own = fault.Link.NextDeadline < fault.Ends ? fault.Link.NextDeadline : fault.Ends;
                if (own < next)
                    next = own;
            }

            return next;
        }
    }

    /// <inheritdoc/>
    public void Push(FrameVector frames)
    {
        if (_first is { } first)
            first.Push(frames);
        else
            _end.Push(frames);
    }

    /// <summary>Puts a fault in, behind those that are there.</summary>
    /// <param name="id">Number.</param>
    /// <param name="place">Name of the place in the cluster: with the seed it decides every fate.</param>
    /// <param name="settings">What is wrong.</param>
    /// <param name="ends">When it goes by itself, or <see cref="Instant.Never"/>.</param>
    /// <param name="peer">The far end's hardware address in the Ethernet header, where the link has many; null for all.</param>
    /// <returns>False when the place has <see cref="MaxFaults"/>.</returns>
    public bool TryAdd(long id, string place, ImpairmentSettings settings, Instant ends, Packets.MacAddress? peer = null)
    {
        if (_faults.Count >= MaxFaults)
            return false;
        int address = _headerLength + (Direction == FrameDirection.Transmit ? 0 : Packets.MacAddress.Length);
        var link = new ImpairedLink(place, _end, _frames, _clock)
        {
            Settings = settings,
            Device = Device,
            HeaderLength = _headerLength,
            Peer = peer is { } mac ? new LinkPeer(mac, address) : null,
        };
        _faults.Add(new PlacedFault(id, link, ends));
        Chain();
        return true;
    }

    /// <summary>Takes a fault out. What it held goes on at once, in the order of due times.</summary>
    /// <param name="id">Number.</param>
    /// <returns>Whether it was here.</returns>
    public bool Remove(long id)
    {
        int index = _faults.FindIndex(f => f.Id == id);
        if (index < 0)
            return false;
        ImpairedLink link = _faults[index].Link;
        _faults.RemoveAt(index);
        Chain();
        link.Drain();
        return true;
    }

    /// <summary>Sends on the frames whose time has come, and takes out the faults whose time is over.</summary>
    /// <param name="now">Time now.</param>
    public void Poll(Instant now)
    {
        for (int i = _faults.Count - 1; i >= 0; i--)
        {
            PlacedFault fault = _faults[i];
            fault.Link.Poll(now);
            if (fault.Ends <= now)
                Remove(fault.Id);
        }
    }

    /// <summary>Releases what is held and takes every fault out.</summary>
    public void Dispose()
    {
        foreach (PlacedFault fault in _faults)
            fault.Link.Dispose();
        _faults.Clear();
        _first = null;
    }

    private void Chain()
    {
        IFrameSink next = _end;
        for (int i = _faults.Count - 1; i >= 0; i--)
        {
            _faults[i].Link.Next = next;
            next = _faults[i].Link;
        }

        _first = _faults.Count > 0 ? _faults[0].Link : null;
    }
}
