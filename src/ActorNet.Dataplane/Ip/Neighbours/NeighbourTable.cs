using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Neighbours;

/// <summary>
/// The neighbours of a namespace and their state machine (linux net/core/neighbour.c; the table's settings are those of net/ipv4/arp.c,
/// arp_tbl). Entries are made by sending, by requests for our addresses and by the user; the table is bounded.
/// </summary>
internal sealed class NeighbourTable(NetworkNamespace owner, NamespaceOptions settings)
{
    // "if (time_after(jiffies, tbl->last_rand + 300 * HZ))" in neigh_periodic_work.
    private static readonly TimeSpan RedrawInterval = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan ForcedGcInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ForcedGcPause = TimeSpan.FromMilliseconds(100);

    private readonly NeighbourOptions _options = settings.Neighbours;
    private readonly Dictionary<(int IfIndex, uint Address), Neighbour> _entries = [];
    private readonly DeadlineHeap<Neighbour> _timers = new();
    private int _permanent;
    private int _waiting;
    private Instant _lastForcedGc;
    private Instant _nextForcedGc;
    private Instant _nextPeriodic = Instant.Never;

    internal int Count => _entries.Count;

    internal int WaitingFrames => _waiting;

    internal Instant NextDeadline => _timers.Next < _nextPeriodic ? _timers.Next : _nextPeriodic;

    internal IEnumerable<Neighbour> All => _entries.Values;

    internal Neighbour? Find(IpInterface device, Ipv4Address address) =>
        _entries.GetValueOrDefault((device.Device.IfIndex, address.Value));

    /// <summary>Finds or makes the entry; null when the table is full (__neigh_lookup with creat, neigh_alloc).</summary>
    internal Neighbour? FindOrCreate(IpInterface device, Ipv4Address address, Instant now) =>
        Find(device, address) ?? Create(device, address, now, exempt: false);

    /// <summary>Sends a packet from its IPv4 header on to a neighbour, or lets it wait (neigh_resolve_output, neigh_connected_output). Takes the frame.</summary>
    internal void Send(Neighbour neighbour, ref Frame packet, Instant now)
    {
        if (neighbour.IsConnected || EventSend(neighbour, ref packet, now))
            Emit(neighbour, ref packet);
    }

    /// <summary>Whether the link address is known and may be used now; a stale one is asked for soon (the first half of __neigh_event_send).</summary>
    internal bool TryUse(Neighbour neighbour, Instant now)
    {
        if (neighbour.IsConnected)
            return true;
        neighbour.Used = now;
        if ((neighbour.State & (NeighbourState.Delay | NeighbourState.Probe)) != 0)
            return true;
        if (neighbour.State != NeighbourState.Stale)
            return false;
        neighbour.State = NeighbourState.Delay;
        neighbour.Updated = now;
        _timers.Set(neighbour, now + _options.DelayFirstProbe);
        return true;
    }

    /// <summary>neigh_update.</summary>
    /// <param name="neighbour">The entry.</param>
    /// <param name="mac">The link address heard, or null.</param>
    /// <param name="state">The state that it speaks for.</param>
    /// <param name="overrides">NEIGH_UPDATE_F_OVERRIDE: a differing link address replaces the known one.</param>
    /// <param name="admin">NEIGH_UPDATE_F_ADMIN: the user asks.</param>
    /// <param name="now">Time.</param>
    internal void Update(Neighbour neighbour, MacAddress? mac, NeighbourState state, bool overrides, bool admin, Instant now)
    {
        NeighbourState old = neighbour.State;
        if (!admin && (old & (NeighbourState.NoArp | NeighbourState.Permanent)) != 0)
            return;
        if ((state & Neighbour.Valid) == 0)
        {
            Invalidate(neighbour, state, now);
            return;
        }

        MacAddress address = mac ?? neighbour.Mac;
        bool changed = (old & Neighbour.Valid) == 0 || address != neighbour.Mac;
        if (mac is null && (old & Neighbour.Valid) == 0)
            return;
        if ((state & Neighbour.Connected) != 0)
            neighbour.Confirmed = now;
        if ((old & Neighbour.Valid) != 0)
        {
            if (changed && !overrides)
                return;
            // A stale notice with the known address says nothing new.
            if (!changed && state == NeighbourState.Stale && !admin)
                state = old;
        }

        if (state != old || changed)
            neighbour.Updated = now;
        if (state != old)
            Enter(neighbour, state, now);
        if (changed)
        {
            neighbour.SetMac(address);
            if ((state & Neighbour.Connected) == 0)
                neighbour.Confirmed = new Instant(now.Nanoseconds - (_options.BaseReachableTime.Ticks * 200));
        }

        if ((old & Neighbour.Valid) == 0)
            SendWaiting(neighbour);
    }

    /// <summary>`ip neigh add|replace`.</summary>
    internal NeighbourError Set(IpInterface device, Ipv4Address address, MacAddress? mac, NeighbourState state, bool replace, Instant now)
    {
        Neighbour? neighbour = Find(device, address);
        if (neighbour is not null && !replace)
            return NeighbourError.Exists;
        if (mac is null && (state & Neighbour.Valid) != 0 && neighbour is not { IsValid: true })
            return NeighbourError.Invalid;
        neighbour ??= Create(device, address, now, exempt: state == NeighbourState.Permanent);
        if (neighbour is null)
            return NeighbourError.TooMany;
        Update(neighbour, mac, state, overrides: true, admin: true, now);
        return NeighbourError.None;
    }

    /// <summary>`ip neigh del`: waiting packets fail.</summary>
    internal NeighbourError Remove(IpInterface device, Ipv4Address address, Instant now)
    {
        Neighbour? neighbour = Find(device, address);
        if (neighbour is null)
            return NeighbourError.NotFound;
        Update(neighbour, null, NeighbourState.Failed, overrides: true, admin: true, now);
        Drop(neighbour);
        return NeighbourError.None;
    }

    /// <summary>Removes the entries of a device (neigh_flush_dev): all when it goes down or changes its address, all but permanent ones when only the carrier is lost.</summary>
    internal void Flush(IpInterface device, bool keepPermanent)
    {
        foreach (Neighbour neighbour in _entries.Values.Where(n => ReferenceEquals(n.Interface, device)).ToList())
        {
            if (!keepPermanent || neighbour.State != NeighbourState.Permanent)
                Drop(neighbour);
        }
    }

    /// <summary>Runs the timers that are due, and the garbage collector.</summary>
    internal void Poll(Instant now)
    {
        while (_timers.TryTakeDue(now, out Neighbour? neighbour))
            OnTimer(neighbour, now);
        if (_nextPeriodic <= now)
            PeriodicWork(now);
    }

    // neigh_event_send: true when the packet may go now.
    private bool EventSend(Neighbour neighbour, ref Frame packet, Instant now)
    {
        if (TryUse(neighbour, now))
            return true;
        bool begin = neighbour.State != NeighbourState.Incomplete;
        if (begin)
        {
            // Probes are counted from ucast_solicit on, so that mcast_solicit of them are left.
            neighbour.Probes = _options.UnicastProbes;
            neighbour.State = NeighbourState.Incomplete;
            neighbour.Updated = now;
            _timers.Set(neighbour, now + _options.RetransmitTime);
        }

        Enqueue(neighbour, ref packet);
        if (begin)
            Probe(neighbour);
        return false;
    }

    private void Enqueue(Neighbour neighbour, ref Frame packet)
    {
        Queue<Frame> waiting = neighbour.Waiting ??= new Queue<Frame>(4);
        if (waiting.Count >= _options.UnresolvedQueueLength)
        {
            // The oldest goes (__neigh_event_send, unres_discards).
            Frame oldest = waiting.Dequeue();
            _waiting--;
            owner.Drop(neighbour.Interface, DropReason.NeighbourFailed, ref oldest);
        }

        if (_waiting >= _options.UnresolvedQueueTotal)
        {
            owner.Drop(neighbour.Interface, DropReason.NeighbourFailed, ref packet);
            return;
        }

        waiting.Enqueue(packet);
        packet.Buffer = null!;
        _waiting++;
    }

    private void Emit(Neighbour neighbour, ref Frame packet)
    {
        packet.Push(EthernetView.HeaderLength);
        if ((packet.Flags & FrameFlags.KeepsSource) == 0)
            neighbour.WriteHeader(packet.Span);
        else
            WriteBridgedHeader(neighbour, ref packet);
        owner.Transmit(neighbour.Interface, ref packet);
    }

    // br_nf_pre_routing_finish_bridge_slow puts back the source that it has saved.
    private static void WriteBridgedHeader(Neighbour neighbour, ref Frame packet)
    {
        var source = MacAddress.Read(packet.Span[MacAddress.Length..]);
        neighbour.WriteHeader(packet.Span);
        source.Write(packet.Span[MacAddress.Length..]);
        packet.Flags &= ~FrameFlags.KeepsSource;
    }

    private void SendWaiting(Neighbour neighbour)
    {
        while (neighbour.IsValid && neighbour.Waiting is { Count: > 0 } waiting)
        {
            Frame packet = waiting.Dequeue();
            _waiting--;
            Emit(neighbour, ref packet);
        }
    }

    private void Enter(Neighbour neighbour, NeighbourState state, Instant now)
    {
        _timers.Remove(neighbour);
        if (state == NeighbourState.Probe)
            neighbour.Probes = 0;
        if ((neighbour.State == NeighbourState.Permanent) != (state == NeighbourState.Permanent))
            _permanent += state == NeighbourState.Permanent ? 1 : -1;
        neighbour.State = state;
        if ((state & Neighbour.InTimer) != 0)
            _timers.Set(neighbour, state == NeighbourState.Reachable ? now + ReachableTime(neighbour.Interface, now) : now);
    }

    // The branch of neigh_update for a state that is not valid, and neigh_invalidate.
    private void Invalidate(Neighbour neighbour, NeighbourState state, Instant now)
    {
        bool resolving = (neighbour.State & (NeighbourState.Incomplete | NeighbourState.Probe)) != 0;
        Enter(neighbour, state, now);
        neighbour.Updated = now;
        if (resolving && state == NeighbourState.Failed)
            FailWaiting(neighbour);
    }

    private void FailWaiting(Neighbour neighbour)
    {
        while (neighbour.Waiting is { Count: > 0 } waiting)
        {
            Frame packet = waiting.Dequeue();
            _waiting--;
            // arp_error_report, ipv4_link_failure: host unreachable for each packet that waited.
            owner.Icmp.Report(packet, neighbour.Interface, IcmpType.DestinationUnreachable, 1, 0);
            owner.Drop(neighbour.Interface, DropReason.NeighbourFailed, ref packet);
        }
    }

    // neigh_timer_handler
    private void OnTimer(Neighbour neighbour, Instant now)
    {
        Instant next = now + _options.RetransmitTime;
        switch (neighbour.State)
        {
            case NeighbourState.Reachable:
                Instant until = neighbour.Confirmed + ReachableTime(neighbour.Interface, now);
                if (now < until)
                    next = until;
                else
                    next = LeaveReachable(neighbour, now);
                break;
            case NeighbourState.Delay:
                next = LeaveDelay(neighbour, now);
                break;
            case NeighbourState.Incomplete or NeighbourState.Probe:
                break;
            default:
                return;
        }

        bool probing = (neighbour.State & (NeighbourState.Incomplete | NeighbourState.Probe)) != 0;
        if (probing && neighbour.Probes >= MaxProbes(neighbour.State))
        {
            Update(neighbour, null, NeighbourState.Failed, overrides: false, admin: true, now);
            return;
        }

        if ((neighbour.State & Neighbour.InTimer) != 0)
            _timers.Set(neighbour, next);
        if (probing)
            Probe(neighbour);
    }

    private Instant LeaveReachable(Neighbour neighbour, Instant now)
    {
        neighbour.Updated = now;
        if (now <= neighbour.Used + _options.DelayFirstProbe)
        {
            neighbour.State = NeighbourState.Delay;
            return now + _options.DelayFirstProbe;
        }

        neighbour.State = NeighbourState.Stale;
        return now;
    }

    private Instant LeaveDelay(Neighbour neighbour, Instant now)
    {
        neighbour.Updated = now;
        if (now <= neighbour.Confirmed + _options.DelayFirstProbe)
        {
            neighbour.State = NeighbourState.Reachable;
            return neighbour.Confirmed + ReachableTime(neighbour.Interface, now);
        }

        neighbour.State = NeighbourState.Probe;
        neighbour.Probes = 0;
        return now + _options.RetransmitTime;
    }

    // neigh_max_probes; mcast_resolicit and app_solicit are 0.
    private int MaxProbes(NeighbourState state) =>
        _options.UnicastProbes + (state == NeighbourState.Probe ? 0 : _options.MulticastProbes);

    private void Probe(Neighbour neighbour)
    {
        Ipv4Address wanted = default;
        // neigh_probe looks at the newest waiting packet for the source address (arp_solicit, arp_announce 0).
        if (neighbour.Waiting is { Count: > 0 } waiting)
            wanted = Ipv4Address.Read(Newest(waiting).Span[12..]);
        owner.Arp.Solicit(neighbour, wanted, unicast: neighbour.Probes < _options.UnicastProbes);
        neighbour.Probes++;
    }

    private static Frame Newest(Queue<Frame> waiting)
    {
        Frame newest = default;
        foreach (Frame frame in waiting)
            newest = frame;
        return newest;
    }

    private Neighbour? Create(IpInterface device, Ipv4Address address, Instant now, bool exempt)
    {
        if (exempt ? _permanent >= _options.MaxPermanent : !MakeRoom(now))
            return null;
        var neighbour = new Neighbour(device, address) { Updated = now, Used = now, Confirmed = now };
        if (device.NoArp)
        {
            // arp_constructor: a device without ARP has its neighbours at once.
            neighbour.State = NeighbourState.NoArp;
            neighbour.SetMac(device.IsLoopback ? MacAddress.Zero : MacAddress.Broadcast);
        }

        _entries.Add((device.Device.IfIndex, address.Value), neighbour);
        if (_nextPeriodic == Instant.Never)
            _nextPeriodic = now + (_options.BaseReachableTime / 2);
        return neighbour;
    }

    // neigh_alloc and neigh_forced_gc
    private bool MakeRoom(Instant now)
    {
        int entries = _entries.Count - _permanent;
        if (entries < _options.GcThreshold2 || (entries < _options.GcThreshold3 && now <= _lastForcedGc + ForcedGcInterval))
            return true;
        // A full table is walked at most once in a pause; a flood in between is refused without a walk.
        if (entries >= _options.GcThreshold3 && now < _nextForcedGc)
            return false;
        _lastForcedGc = now;
        _nextForcedGc = now + ForcedGcPause;
        int tooMany = entries - _options.GcThreshold2;
        foreach (Neighbour neighbour in _entries.Values.Where(n => IsCollectable(n, now)).Take(Math.Max(tooMany, 1)).ToList())
            Drop(neighbour);
        return _entries.Count - _permanent < _options.GcThreshold3;
    }

    private static bool IsCollectable(Neighbour neighbour, Instant now) =>
        neighbour.State != NeighbourState.Permanent
        && neighbour.Waiting is not { Count: > 0 }
        && (neighbour.State is NeighbourState.Failed or NeighbourState.NoArp || neighbour.Updated + ForcedGcInterval < now);

    // neigh_periodic_work
    private void PeriodicWork(Instant now)
    {
        _nextPeriodic = _entries.Count == 0 ? Instant.Never : now + (_options.BaseReachableTime / 2);
        if (_entries.Count < _options.GcThreshold1)
            return;
        var gone = new List<Neighbour>();
        foreach (Neighbour neighbour in _entries.Values)
        {
            if (neighbour.State == NeighbourState.Permanent || neighbour.Waiting is { Count: > 0 })
                continue;
            if (neighbour.Used < neighbour.Confirmed)
                neighbour.Used = neighbour.Confirmed;
            if (neighbour.State == NeighbourState.Failed || neighbour.Used + _options.GcStaleTime <= now)
                gone.Add(neighbour);
        }

        foreach (Neighbour neighbour in gone)
            Drop(neighbour);
    }

    // Takes the entry out of the table; whoever still holds it sees a state that sends nothing.
    private void Drop(Neighbour neighbour)
    {
        _timers.Remove(neighbour);
        if (neighbour.State == NeighbourState.Permanent)
            _permanent--;
        neighbour.State = NeighbourState.None;
        while (neighbour.Waiting is { Count: > 0 } waiting)
        {
            Frame packet = waiting.Dequeue();
            _waiting--;
            owner.Drop(neighbour.Interface, DropReason.NeighbourFailed, ref packet);
        }

        _entries.Remove((neighbour.Interface.Device.IfIndex, neighbour.Address.Value));
    }

    // neigh_rand_reach_time: between half and one and a half of the base, drawn anew every 300 seconds.
    private TimeSpan ReachableTime(IpInterface device, Instant now)
    {
        if (device.ReachableTime == TimeSpan.Zero || now >= device.ReachableDrawn + RedrawInterval)
        {
            ulong ordinal = (ulong)(now.Nanoseconds / (RedrawInterval.Ticks * 100));
            ulong draw = SeededHash.Mix(settings.Seed, (ulong)device.Device.IfIndex, 0x6e65_6967, ordinal);
            long ticks = _options.BaseReachableTime.Ticks;
            device.ReachableTime = new TimeSpan((ticks / 2) + (long)(((UInt128)draw * (ulong)ticks) >> 64));
            device.ReachableDrawn = now;
        }

        return device.ReachableTime;
    }
}
