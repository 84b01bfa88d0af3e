using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Time;
using ActorNet.Kubernetes.Faults;
using ActorNet.Node.Actors;

namespace ActorNet.Node.Links;

/// <summary>The faults on one actor's links. While there are none it has nothing to do.</summary>
/// <param name="places">The actor's links, both directions of each.</param>
/// <param name="clock">Time.</param>
internal sealed class LinkFaults(Func<IEnumerable<LinkPlace>> places, MonotonicClock clock) : IDisposable
{
    private readonly SortedDictionary<long, FaultOrder> _orders = [];
    private readonly List<LinkPlace> _faulty = [];

    /// <summary>When <see cref="Poll"/> wants to be called.</summary>
    public Instant NextDeadline
    {
        get
        {
            Instant next = Instant.Never;
            foreach (LinkPlace place in _faulty)
            {
                Instant own = place.NextDeadline;
                if (own < next)
                    next = own;
            }

            return next;
        }
    }

    /// <summary>Puts a fault on a link.</summary>
    /// <param name="place">Where and what.</param>
    public FaultProtocol.Placed Put(FaultProtocol.Place place)
    {
        FaultOrder order = place.Order;
        LinkPlace[] meant = [.. places().Where(p => p.Device.Name == order.Device && Acts(order.Direction, p.Direction))];
        bool full = meant.Any(p => p.Faults.Count >= LinkPlace.MaxFaults);
        if (meant.Length == 0 || full)
            return new FaultProtocol.Placed(null, full, [.. places().Select(p => p.Device.Name).Distinct()]);
        Instant ends = order.Duration is { } duration ? clock.Now + duration : Instant.Never;
        foreach (LinkPlace one in meant)
        {
            one.TryAdd(place.Id, order.Place(one.Direction == FrameDirection.Transmit), order.Impairment, ends, place.Peer);
            if (!_faulty.Contains(one))
                _faulty.Add(one);
        }

        _orders[place.Id] = order;
        return new FaultProtocol.Placed(Status(place.Id, order), false, []);
    }

    /// <summary>Takes a fault out.</summary>
    /// <param name="id">Its number.</param>
    public FaultProtocol.Cleared Clear(long id)
    {
        if (!_orders.TryGetValue(id, out FaultOrder? order))
            return new FaultProtocol.Cleared(null);
        LinkFaultStatus last = Status(id, order);
        foreach (LinkPlace place in _faulty)
            place.Remove(id);
        Tidy();
        return new FaultProtocol.Cleared(last);
    }

    /// <summary>All faults.</summary>
    public FaultProtocol.Faults List() => new([.. _orders.Select(o => Status(o.Key, o.Value))]);

    /// <summary>Sends on what is due and takes out what is over.</summary>
    /// <param name="now">Time now.</param>
    public void Poll(Instant now)
    {
        if (_faulty.Count == 0)
            return;
        foreach (LinkPlace place in _faulty)
            place.Poll(now);
        Tidy();
    }

    /// <summary>Forgets a link that is taken away, and releases what it held.</summary>
    /// <param name="place">One direction of it.</param>
    public void Forget(LinkPlace place)
    {
        place.Dispose();
        Tidy();
    }

    /// <summary>Releases everything that is held.</summary>
    public void Dispose()
    {
        foreach (LinkPlace place in _faulty)
            place.Dispose();
        Tidy();
    }

    private static bool Acts(FaultDirection fault, FrameDirection place) =>
        fault == FaultDirection.Both || (fault == FaultDirection.Egress) == (place == FrameDirection.Transmit);

    private void Tidy()
    {
        _faulty.RemoveAll(p => p.Faults.Count == 0);
        foreach (long id in _orders.Keys.Where(id => !_faulty.Any(p => p.Faults.Any(f => f.Id == id))).ToArray())
            _orders.Remove(id);
    }

    private LinkFaultStatus Status(long id, FaultOrder order)
    {
        PlacedFault[] placed = [.. _faulty.SelectMany(p => p.Faults).Where(f => f.Id == id)];
        TimeSpan? remaining = placed.Length > 0 && placed[0].Ends != Instant.Never ? placed[0].Ends - clock.Now : null;
        return new LinkFaultStatus(
            id,
            order,
            placed.Sum(f => f.Link.Decided),
            placed.Sum(f => f.Link.Drops.Total),
            placed.Sum(f => f.Link.Duplicated),
            placed.Sum(f => f.Link.Corrupted),
            placed.Sum(f => f.Link.Held),
            remaining);
    }
}
