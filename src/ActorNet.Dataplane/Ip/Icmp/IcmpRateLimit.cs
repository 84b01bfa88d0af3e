using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Icmp;

/// <summary>
/// The two limits of ICMP errors. Each destination has a token bucket of time (linux net/ipv4/inetpeer.c inet_peer_xrlim_allow: a message costs
/// icmp_ratelimit, at most six are saved). All together have a bucket of icmp_msgs_per_sec with a burst of icmp_msgs_burst (net/ipv4/icmp.c
/// icmp_global_allow, icmp_global_consume: refilled at most every 20 ms, a message costs 0 to 2 by chance). As since Linux 6.13 the
/// destination is asked first.
/// </summary>
internal sealed class IcmpRateLimit(NamespaceOptions options)
{
    // XRLIM_BURST_FACTOR.
    private const int SavedMessages = 6;
    private const int Peers = 1024;

    private static readonly TimeSpan RefillInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan RefillMost = TimeSpan.FromSeconds(1);

    // Direct-mapped: a peer that shares a place with another takes it over with a full bucket; the limit over all bounds what that gains.
    private Peer[]? _peers;
    private int _credit;
    private Instant _stamp;
    private ulong _ordinal;
    private bool _started;

    /// <summary>Whether the type is limited at all (icmpv4_mask_allow): path MTU discovery never is.</summary>
    internal bool Applies(IcmpType type, byte code) =>
        (byte)type <= 18 && !(type == IcmpType.DestinationUnreachable && code == 4) && ((1u << (byte)type) & options.IcmpRateMask) != 0;

    /// <summary>inet_peer_xrlim_allow.</summary>
    internal bool TryTakePeer(Ipv4Address destination, Instant now) => TryTake(destination, SavedMessages, options.IcmpRateLimit, now);

    /// <summary>The limit of ip_error in front of it, from the same bucket: a message costs one second, five are saved (ip_rt_error_cost, ip_rt_error_burst).</summary>
    internal bool TryTakeRoutingError(Ipv4Address destination, Instant now) => TryTake(destination, 5, TimeSpan.FromSeconds(1), now);

    /// <summary>icmp_global_allow.</summary>
    internal bool TryTakeGlobal(Instant now)
    {
        if (_credit <= 0)
        {
            TimeSpan since = _started ? now - _stamp : RefillMost;
            if (since < RefillInterval)
                return false;
            if (since > RefillMost)
                since = RefillMost;
            int refill = (int)(options.IcmpMessagesPerSecond * since.Ticks / TimeSpan.TicksPerSecond);
            if (refill == 0)
                return false;
            _started = true;
            _stamp = now;
            _credit = Math.Min(_credit + refill, options.IcmpMessagesBurst);
        }

        _credit -= (int)SeededHash.Below(SeededHash.Mix(options.Seed, 0x6963_6d70, 0, _ordinal++), 3);
        return true;
    }

    private bool TryTake(Ipv4Address destination, int saved, TimeSpan cost, Instant now)
    {
        if (cost == TimeSpan.Zero)
            return true;
        _peers ??= new Peer[Peers];
        ref Peer peer = ref _peers[(int)(SeededHash.Mix(options.Seed, 0x7065_6572, destination.Value, 0) % Peers)];
        // inet_getpeer: a new peer last spoke a minute ago.
        if (!peer.Used || peer.Address != destination)
            peer = new Peer { Address = destination, Used = true, Last = new Instant(now.Nanoseconds - 60_000_000_000) };
        long tokens = Math.Min(peer.Tokens + (now.Nanoseconds - peer.Last.Nanoseconds), cost.Ticks * 100 * saved);
        peer.Last = now;
        bool allowed = tokens >= cost.Ticks * 100;
        peer.Tokens = allowed ? tokens - (cost.Ticks * 100) : tokens;
        return allowed;
    }

    private struct Peer
    {
        internal Ipv4Address Address;
        internal bool Used;
        internal long Tokens;
        internal Instant Last;
    }
}
