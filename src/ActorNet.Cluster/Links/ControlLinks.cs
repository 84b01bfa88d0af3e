using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace ActorNet.Cluster.Links;

/// <summary>Which way a cut works, seen from the host that makes it.</summary>
[Flags]
public enum LinkDirection
{
    /// <summary>Neither way.</summary>
    None = 0,

    /// <summary>What this host sends to the peer is lost.</summary>
    Send = 1,

    /// <summary>What the peer sends to this host is lost.</summary>
    Receive = 2,

    /// <summary>Both ways.</summary>
    Both = Send | Receive,
}

/// <summary>What is wrong with one control link.</summary>
/// <param name="Peer">The other end.</param>
/// <param name="Host">The peer's host name when it is known, else its endpoint as text.</param>
/// <param name="Cut">Directions in which everything is lost.</param>
/// <param name="Delay">How much later than usual what this host sends leaves; order is kept.</param>
public sealed record ControlLinkFault(ControlEndpoint Peer, string Host, LinkDirection Cut, TimeSpan Delay)
{
    internal bool IsNone => Cut == LinkDirection.None && Delay == TimeSpan.Zero;
}

/// <summary>
/// The faults of one host's control links. One object per process: it outlives control systems, so a cut stays cut when the
/// system behind it is created again. A cut is a blackhole: TCP stays open, whole messages vanish. Thread-safe.
/// </summary>
public sealed class ControlLinks
{
    /// <summary>The longest delay a link can have.</summary>
    public static readonly TimeSpan MaximumDelay = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<ControlEndpoint, Tally> _tallies = new();
    private ImmutableDictionary<ControlEndpoint, ControlLinkFault> _faults = ImmutableDictionary<ControlEndpoint, ControlLinkFault>.Empty;
    private ImmutableDictionary<string, ControlEndpoint> _names = ImmutableDictionary<string, ControlEndpoint>.Empty;
    private long _strangers;

    /// <summary>Messages that cuts swallowed, both directions.</summary>
    public long MessagesLost => _tallies.Values.Sum(tally => Interlocked.Read(ref tally.Lost));

    /// <summary>Messages that left later because of a delay.</summary>
    public long MessagesDelayed => _tallies.Values.Sum(tally => Interlocked.Read(ref tally.Delayed));

    /// <summary>
    /// Connections to the control port that ended before a host's handshake came: strangers, and other hosts that only looked whether somebody listens.
    /// </summary>
    public long Strangers => Interlocked.Read(ref _strangers);

    /// <summary>Messages lost and delayed on the link to one host.</summary>
    /// <param name="host">A host name seen in the cluster, or host:port.</param>
    /// <exception cref="ArgumentException">The host is unknown.</exception>
    public (long Lost, long Delayed) MessagesOn(string host)
    {
        ControlEndpoint peer;
        lock (_gate)
            peer = Resolve(host);
        return _tallies.TryGetValue(peer, out Tally? tally) ? (Interlocked.Read(ref tally.Lost), Interlocked.Read(ref tally.Delayed)) : (0, 0);
    }

    /// <summary>Loses everything on the link to a host until it is healed.</summary>
    /// <param name="host">A host name seen in the cluster, or host:port.</param>
    /// <param name="direction">Which way.</param>
    /// <exception cref="ArgumentException">The host is unknown.</exception>
    public void Cut(string host, LinkDirection direction = LinkDirection.Both)
    {
        if (direction is LinkDirection.None || (direction & ~LinkDirection.Both) != 0)
            throw new ArgumentException($"{direction} is no direction of a link: Send, Receive or Both was expected.", nameof(direction));
        Change(host, fault => fault with { Cut = fault.Cut | direction });
    }

    /// <summary>Ends the cut of a link; its delay stays.</summary>
    /// <param name="host">A host name seen in the cluster, or host:port.</param>
    /// <exception cref="ArgumentException">The host is unknown.</exception>
    public void Heal(string host) => Change(host, fault => fault with { Cut = LinkDirection.None });

    /// <summary>Makes everything this host sends to a host leave later, as netem does on egress; zero ends the delay.</summary>
    /// <param name="host">A host name seen in the cluster, or host:port.</param>
    /// <param name="delay">0 to <see cref="MaximumDelay"/>.</param>
    /// <exception cref="ArgumentException">The host is unknown or the delay out of range.</exception>
    public void SetDelay(string host, TimeSpan delay)
    {
        if (delay < TimeSpan.Zero || delay > MaximumDelay)
            throw new ArgumentOutOfRangeException(nameof(delay), delay, "The delay of a control link is 0 to 60 seconds.");
        Change(host, fault => fault with { Delay = delay });
    }

    /// <summary>Ends every cut and delay.</summary>
    public void Clear()
    {
        lock (_gate)
            _faults = ImmutableDictionary<ControlEndpoint, ControlLinkFault>.Empty;
    }

    /// <summary>Every faulty link.</summary>
    public IReadOnlyList<ControlLinkFault> List() => [.. Volatile.Read(ref _faults).Values.OrderBy(fault => fault.Host, StringComparer.Ordinal)];

    /// <summary>A connection to another host that meets the faults of the link to it, from this side. Where several hosts have the address, nobody can tell which link that is: it meets none.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="address">The other host's IP address, as text.</param>
    public Stream Over(Stream connection, string address) =>
        Volatile.Read(ref _names).Values.Where(each => each.Host == address).Distinct().Take(2).ToArray() is [var peer] ? new LinkStream(connection, this, peer) : connection;

    /// <summary>The connections behind the links.</summary>
    internal LiveAssociations Live { get; } = new();

    /// <summary>Remembers where a host is, so that faults can be ordered by its name.</summary>
    /// <param name="host">Its name.</param>
    /// <param name="endpoint">Where its control system is reached.</param>
    public void Learn(string host, ControlEndpoint endpoint)
    {
        lock (_gate)
            _names = _names.SetItem(host, endpoint);
    }

    internal ControlLinkFault? For(ControlEndpoint? peer) =>
        peer is { } known && Volatile.Read(ref _faults).TryGetValue(known, out ControlLinkFault? fault) ? fault : null;

    internal void CountStranger() => Interlocked.Increment(ref _strangers);

    internal bool Knows(string host) => Volatile.Read(ref _names).ContainsKey(host) || ControlEndpoint.TryParse(host, out _);

    // Only links that have had a fault are counted, so the table is as small as the cluster.
    internal void CountLost(ControlEndpoint? peer)
    {
        if (peer is { } known)
            Interlocked.Increment(ref _tallies.GetOrAdd(known, _ => new Tally()).Lost);
    }

    internal void CountDelayed(ControlEndpoint? peer)
    {
        if (peer is { } known)
            Interlocked.Increment(ref _tallies.GetOrAdd(known, _ => new Tally()).Delayed);
    }

    private void Change(string host, Func<ControlLinkFault, ControlLinkFault> change)
    {
        lock (_gate)
        {
            ControlEndpoint peer = Resolve(host);
            ControlLinkFault changed = change(_faults.GetValueOrDefault(peer) ?? new ControlLinkFault(peer, host, LinkDirection.None, TimeSpan.Zero));
            _faults = changed.IsNone ? _faults.Remove(peer) : _faults.SetItem(peer, changed);
        }
    }

    private ControlEndpoint Resolve(string host)
    {
        if (_names.TryGetValue(host, out ControlEndpoint endpoint) || ControlEndpoint.TryParse(host, out endpoint))
            return endpoint;
        string known = _names.IsEmpty ? "none yet" : string.Join(", ", _names.Keys.Order(StringComparer.Ordinal));
        throw new ArgumentException($"No host '{host}' has been seen in the cluster (seen: {known}); give one of these names or host:port.", nameof(host));
    }
    private sealed class Tally
    {
        public long Lost;
        public long Delayed;
    }
}
