using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <summary>Path MTUs learned from "fragmentation needed" (RFC 1191; linux net/ipv4/route.c __ip_rt_update_pmtu, fnhe entries), bounded and expiring.</summary>
internal sealed class PathMtuCache(NamespaceOptions options)
{
    private readonly Dictionary<uint, (int Mtu, Instant Expires)> _entries = [];

    internal int Count => _entries.Count;

    internal int? Find(Ipv4Address destination, Instant now)
    {
        if (_entries.Count == 0 || !_entries.TryGetValue(destination.Value, out (int Mtu, Instant Expires) entry))
            return null;
        if (entry.Expires > now)
            return entry.Mtu;
        _entries.Remove(destination.Value);
        return null;
    }

    /// <summary>Learns an MTU. It only ever shrinks a living entry, never below min_pmtu; a report of 0 (RFC 1191, 5: an old router) counts as the minimum.</summary>
    /// <param name="destination">Destination of the packet that was too big.</param>
    /// <param name="mtu">The reported next hop MTU in bytes.</param>
    /// <param name="current">What the path MTU is now.</param>
    /// <param name="now">Time.</param>
    internal bool Learn(Ipv4Address destination, int mtu, int current, Instant now)
    {
        if (mtu > current)
            return false;
        mtu = Math.Max(mtu, Math.Min(options.MinPathMtu, current));
        if (!_entries.ContainsKey(destination.Value) && _entries.Count >= options.MaxPathMtus)
            Evict();
        _entries[destination.Value] = (mtu, now + options.PathMtuExpiry);
        return true;
    }

    internal void Clear() => _entries.Clear();

    // fnhe_remove_oldest: the one that expires first goes.
    private void Evict()
    {
        uint oldest = 0;
        Instant first = Instant.Never;
        foreach ((uint address, (int _, Instant expires)) in _entries)
        {
            if (expires < first)
                (oldest, first) = (address, expires);
        }

        _entries.Remove(oldest);
    }
}
