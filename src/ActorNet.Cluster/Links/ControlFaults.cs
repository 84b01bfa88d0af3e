using ActorNet.Kubernetes.Faults;

namespace ActorNet.Cluster.Links;

/// <summary>A fault on a control link and what it did so far.</summary>
/// <param name="Id">Its number on this host.</param>
/// <param name="Order">What is wrong, and with which link.</param>
/// <param name="Decided">Messages that it lost or delayed.</param>
/// <param name="Dropped">Of those, lost.</param>
/// <param name="Remaining">When it goes by itself, or null for never.</param>
public sealed record ControlFaultStatus(long Id, FaultOrder Order, long Decided, long Dropped, TimeSpan? Remaining);

/// <summary>
/// The numbered, timed faults of one host's control links, over <see cref="ControlLinks"/>: at most one cut and one delay towards each host, so
/// that clearing one never ends another. Thread-safe.
/// </summary>
/// <param name="links">The links.</param>
/// <param name="time">Time.</param>
public sealed class ControlFaults(ControlLinks links, TimeProvider time) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, Entry> _entries = [];

    /// <summary>Puts a fault on a link from now on.</summary>
    /// <param name="id">Its number, not in use.</param>
    /// <param name="order">An order that <see cref="FaultRules.Problem"/> finds nothing wrong with.</param>
    /// <exception cref="ArgumentException">The peer is unknown, or its link has such a fault already; the message is for the user.</exception>
    public ControlFaultStatus Add(long id, FaultOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        lock (_gate)
        {
            if (_entries.Values.FirstOrDefault(e => e.Order.Peer == order.Peer && e.Order.Impairment.Cut == order.Impairment.Cut) is { } other)
                throw new ArgumentException($"{order.Target}:{order.Device} has a {(order.Impairment.Cut ? "cut" : "delay")} towards {order.Peer} already, fault {other.Id}. Clear it first");
            (long lost, long delayed) = links.MessagesOn(order.Peer!);
            if (order.Impairment.Cut)
                links.Cut(order.Peer!, Direction(order.Direction));
            else
                links.SetDelay(order.Peer!, order.Impairment.Delay);
            ITimer? timer = order.Duration is { } duration ? time.CreateTimer(_ => Clear(id), null, duration, Timeout.InfiniteTimeSpan) : null;
            var entry = new Entry(id, order, lost, delayed, time.GetTimestamp(), timer);
            _entries[id] = entry;
            return Status(entry);
        }
    }

    /// <summary>Takes a fault out.</summary>
    /// <param name="id">Its number.</param>
    /// <returns>The fault as it was last, or null when there is none.</returns>
    public ControlFaultStatus? Clear(long id)
    {
        lock (_gate)
        {
            if (!_entries.Remove(id, out Entry? entry))
                return null;
            ControlFaultStatus last = Status(entry);
            entry.Timer?.Dispose();
            if (entry.Order.Impairment.Cut)
                links.Heal(entry.Order.Peer!);
            else
                links.SetDelay(entry.Order.Peer!, TimeSpan.Zero);
            return last;
        }
    }

    /// <summary>All faults, by number.</summary>
    public IReadOnlyList<ControlFaultStatus> List()
    {
        lock (_gate)
            return [.. _entries.Values.Select(Status)];
    }

    /// <summary>Stops the timers; the links stay as they are, for the host ends.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (Entry entry in _entries.Values)
                entry.Timer?.Dispose();
            _entries.Clear();
        }
    }

    private static LinkDirection Direction(FaultDirection direction) => direction switch
    {
        FaultDirection.Egress => LinkDirection.Send,
        FaultDirection.Ingress => LinkDirection.Receive,
        _ => LinkDirection.Both,
    };

    private ControlFaultStatus Status(Entry entry)
    {
        (long lost, long delayed) = links.MessagesOn(entry.Order.Peer!);
        long dropped = entry.Order.Impairment.Cut ? lost - entry.Lost : 0;
        return new ControlFaultStatus(
            entry.Id,
            entry.Order,
            entry.Order.Impairment.Cut ? dropped : delayed - entry.Delayed,
            dropped,
            entry.Order.Duration is { } duration ? duration - time.GetElapsedTime(entry.Started) : null);
    }

    private sealed record Entry(long Id, FaultOrder Order, long Lost, long Delayed, long Started, ITimer? Timer);
}
