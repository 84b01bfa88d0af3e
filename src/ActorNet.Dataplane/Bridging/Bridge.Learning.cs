using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Bridging;

/// <content>The forwarding database: learning, ageing, local and configured entries (linux net/bridge/br_fdb.c).</content>
public sealed partial class Bridge
{
    /// <summary>Default of <see cref="MaxLearned"/>.</summary>
    public const int DefaultMaxLearned = 16_384;

    /// <summary>Most entries that the administrator may add.</summary>
    public const int MaxConfigured = 65_536;

    /// <summary>01:80:c2:00:00:00, the bridge group address; with the 15 after it the addresses that no 802.1D bridge forwards.</summary>
    private const ulong LinkLocalGroup = 0x0180_C200_0000;

    /// <summary>01:80:c2:00:00:01, where pause frames go.</summary>
    private const ulong PauseGroup = 0x0180_C200_0001;

    /// <summary>The collector runs at most this often (br_fdb_cleanup).</summary>
    private static readonly TimeSpan ShortestCollection = TimeSpan.FromMilliseconds(10);

    private readonly ForwardingDatabase _table = new();
    private TimeSpan _ageingTime = TimeSpan.FromSeconds(300);
    private Instant _nextCollection = Instant.Never;
    private long _created;
    private int _configured;

    /// <summary>How long a learned entry lives after its last frame (ageing_time). Zero turns learning off, as in Linux.</summary>
    public TimeSpan AgeingTime
    {
        get => _ageingTime;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, TimeSpan.Zero);
            _ageingTime = value;
            if (_table.Learned > 0)
                _nextCollection = _clock.Now;
        }
    }

    /// <summary>Most learned entries (fdb_max_learned). When they are reached frames are still forwarded and nothing is learned.</summary>
    public int MaxLearned { get; set; } = DefaultMaxLearned;

    /// <summary>Learned entries now (fdb_n_learned).</summary>
    public int LearnedCount => _table.Learned;

    /// <summary>How often an address was not learned for want of room.</summary>
    public long LearnFailures { get; private set; }

    /// <summary>How often a frame came in with an address of this bridge as its source: a loop, or a copied address.</summary>
    public long OwnAddressSeen { get; private set; }

    /// <summary>How often a station moved to another port.</summary>
    public long Moves { get; private set; }

    /// <summary>When <see cref="Poll"/> wants to be called.</summary>
    public Instant NextDeadline => _nextCollection;

    /// <summary>The entries, the newest first.</summary>
    public IReadOnlyList<FdbEntry> GetEntries() => _table.Snapshot();

    /// <summary>The entry of an address, or null.</summary>
    /// <param name="mac">The address.</param>
    public FdbEntry? FindEntry(MacAddress mac) => _table.Find(mac.Value);

    /// <summary>Removes learned entries whose time is over (br_fdb_cleanup).</summary>
    /// <param name="now">Time now.</param>
    public void Poll(Instant now)
    {
        if (now < _nextCollection)
            return;
        Instant oldest = _table.RemoveLearnedUntil(new Instant(now.Nanoseconds - (_ageingTime.Ticks * 100)));
        Instant soonest = now + ShortestCollection;
        Instant next = oldest == Instant.Never ? Instant.Never : oldest + _ageingTime;
        _nextCollection = next < soonest ? soonest : next;
    }

    /// <summary>
    /// Adds or replaces an entry as `bridge fdb replace MAC dev PORT master static|permanent` does: static names the port that the station is
    /// behind, permanent (local) says that the address is the bridge's own.
    /// </summary>
    /// <param name="mac">A unicast address.</param>
    /// <param name="port">The port; null, for permanent only, is the bridge itself.</param>
    /// <param name="permanent">Whether frames to it go up.</param>
    /// <exception cref="ArgumentException">The address is not unicast, the port is another bridge's, or a static entry names no port.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="MaxConfigured"/> such entries.</exception>
    public void SetEntry(MacAddress mac, BridgePort? port, bool permanent)
    {
        if (!mac.IsValidUnicast)
            throw new ArgumentException($"{mac} is not a unicast address.", nameof(mac));
        if (port is null ? !permanent : !_ports.Contains(port))
            throw new ArgumentException($"A static entry of {Device.Name} needs one of its ports.", nameof(port));
        FdbEntry? old = _table.Find(mac.Value);
        if (old is not { IsAddedByUser: true } && _configured >= MaxConfigured)
            throw new InvalidOperationException($"{Device.Name} has {MaxConfigured} configured entries, the most it can have.");
        if (old is not null)
            Forget(old);
        Add(new FdbEntry(mac, port, ++_created, _clock.Now) { IsLocal = permanent, IsStatic = true, IsAddedByUser = true });
    }

    /// <summary>Removes an entry, learned or configured (`bridge fdb del`).</summary>
    /// <param name="mac">The address.</param>
    /// <returns>Whether there was one.</returns>
    public bool RemoveEntry(MacAddress mac)
    {
        if (_table.Find(mac.Value) is not { } entry)
            return false;
        Forget(entry);
        return true;
    }

    /// <summary>Removes all learned entries (`bridge fdb flush`).</summary>
    public void Flush()
    {
        foreach (FdbEntry entry in _table.Snapshot())
        {
            if (entry.IsLearned)
                _table.Remove(entry);
        }
    }

    /// <summary>
    /// Sets a port's state as `bridge link set dev PORT state N` does (br_netlink.c br_set_port_state, br_stp.c br_port_state_selection):
    /// blocking becomes forwarding at once because there is no spanning tree, learned entries stay, and the bridge has carrier while a port
    /// forwards. The state lasts until the port's device or the bridge stops running.
    /// </summary>
    /// <param name="port">A port of this bridge.</param>
    /// <param name="state">The state.</param>
    /// <returns>False (ENETDOWN) when the device is down, or has no carrier and the state is another than disabled.</returns>
    public bool TrySetPortState(BridgePort port, BridgePortState state)
    {
        ArgumentNullException.ThrowIfNull(port);
        if (!_ports.Contains(port))
            throw new ArgumentException($"{port.Device.Name} is not a port of {Device.Name}.", nameof(port));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((int)state, (int)BridgePortState.Blocking, nameof(state));
        if (!port.Device.IsUp || (!port.Device.IsRunning && state != BridgePortState.Disabled))
            return false;
        port.State = state == BridgePortState.Blocking ? BridgePortState.Forwarding : state;
        UpdatePorts();
        return true;
    }

    /// <summary>A port in the learning state learns from what it then drops (br_input.c, br_handle_frame_finish).</summary>
    private void LearnAll(BridgePort port, FrameVector frames)
    {
        if (!port.Learning)
            return;
        Instant now = _clock.Now;
        for (int i = 0; i < frames.Count; i++)
        {
            Span<byte> bytes = frames[i].Span;
            if (bytes.Length < EthernetView.HeaderLength || MacAddress.Read(bytes).Value == PauseGroup)
                continue;
            MacAddress source = MacAddress.Read(bytes[6..]);
            if (source.IsValidUnicast)
                Learn(port, source, now);
        }
    }

    /// <summary>br_fdb_update.</summary>
    private void Learn(BridgePort port, MacAddress source, Instant now)
    {
        if (_ageingTime == TimeSpan.Zero)
            return;
        FdbEntry? entry = _table.Find(source.Value);
        if (entry is not null)
        {
            if (entry.IsLocal)
            {
                OwnAddressSeen++;
                return;
            }

            if (!ReferenceEquals(entry.Port, port))
            {
                entry.Port = port;
                Moves++;
            }

            entry.LastUpdated = now;
            return;
        }

        if (_table.Learned >= MaxLearned)
        {
            LearnFailures++;
            return;
        }

        _table.Add(new FdbEntry(source, port, ++_created, now));
        if (_nextCollection == Instant.Never)
            _nextCollection = now + _ageingTime;
    }

    /// <summary>fdb_add_local: the first port with an address keeps it; a learned entry gives way.</summary>
    private void AddLocal(BridgePort? port, MacAddress mac)
    {
        if (!mac.IsValidUnicast)
            return;
        if (_table.Find(mac.Value) is { } old)
        {
            if (old.IsLocal)
                return;
            Forget(old);
        }

        Add(new FdbEntry(mac, port, ++_created, _clock.Now) { IsLocal = true, IsStatic = true });
    }

    /// <summary>fdb_delete_local: the entry goes to another port, or to the bridge, that has the same address.</summary>
    private void RemoveLocal(BridgePort? port, MacAddress mac)
    {
        if (_table.Find(mac.Value) is not { IsLocal: true, IsAddedByUser: false } entry || !ReferenceEquals(entry.Port, port))
            return;
        BridgePort? heir = _ports.Find(p => !ReferenceEquals(p, port) && p.Device.Mac == mac);
        if (heir is not null)
            entry.Port = heir;
        else if (port is not null && Device.Mac == mac)
            entry.Port = null;
        else
            _table.Remove(entry);
    }

    /// <summary>br_fdb_delete_by_port.</summary>
    private void FlushPort(BridgePort port, bool withStatic)
    {
        foreach (FdbEntry entry in _table.Snapshot())
        {
            if (!ReferenceEquals(entry.Port, port))
                continue;
            if (entry is { IsLocal: true, IsAddedByUser: false })
            {
                if (withStatic)
                    RemoveLocal(port, entry.Mac);
            }
            else if (withStatic || entry.IsLearned)
            {
                Forget(entry);
            }
        }
    }

    private void Add(FdbEntry entry)
    {
        _table.Add(entry);
        if (entry.IsAddedByUser)
            _configured++;
    }

    private void Forget(FdbEntry entry)
    {
        _table.Remove(entry);
        if (entry.IsAddedByUser)
            _configured--;
    }
}
