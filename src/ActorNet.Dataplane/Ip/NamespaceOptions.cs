namespace ActorNet.Dataplane.Ip;

/// <summary>Reverse path filter modes (linux Documentation/networking/ip-sysctl.rst, rp_filter; RFC 3704).</summary>
public enum ReversePathFilter : byte
{
    /// <summary>No source validation beyond martian addresses.</summary>
    Off = 0,

    /// <summary>The best route back must leave by the interface that the packet came in by.</summary>
    Strict = 1,

    /// <summary>Some route back must exist.</summary>
    Loose = 2,
}

/// <summary>Settings of a namespace: the sysctls that matter, with the kernel's defaults, and the bounds of its tables.</summary>
public sealed record NamespaceOptions
{
    /// <summary>The namespace's name, for people.</summary>
    public required string Name { get; init; }

    /// <summary>Seed of every pseudo-random choice made here.</summary>
    public ulong Seed { get; init; }

    /// <summary>net.ipv4.ip_forward.</summary>
    public bool IpForward { get; init; }

    /// <summary>net.ipv4.ip_default_ttl.</summary>
    public byte DefaultTimeToLive { get; init; } = 64;

    /// <summary>net.ipv4.conf.*.rp_filter for interfaces attached from now on.</summary>
    public ReversePathFilter ReversePathFilter { get; init; }

    /// <summary>net.ipv4.conf.*.arp_notify for interfaces attached from now on: a gratuitous ARP when the device comes up or its MAC changes.</summary>
    public bool ArpNotify { get; init; }

    /// <summary>net.ipv4.icmp_echo_ignore_all.</summary>
    public bool IgnoreEcho { get; init; }

    /// <summary>net.ipv4.icmp_ratelimit: the time that one error to one destination costs. Zero lifts the limit.</summary>
    public TimeSpan IcmpRateLimit { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>net.ipv4.icmp_ratemask: a bit for each ICMP type that is limited; 6168 is unreachable, source quench, time exceeded, parameter problem.</summary>
    public uint IcmpRateMask { get; init; } = 6168;

    /// <summary>net.ipv4.icmp_msgs_per_sec: limited messages a second in all. 1,000 is what Linux 6.18 has.</summary>
    public int IcmpMessagesPerSecond { get; init; } = 1000;

    /// <summary>net.ipv4.icmp_msgs_burst.</summary>
    public int IcmpMessagesBurst { get; init; } = 50;

    /// <summary>net.ipv4.route.min_pmtu in bytes.</summary>
    public int MinPathMtu { get; init; } = 552;

    /// <summary>net.ipv4.route.mtu_expires.</summary>
    public TimeSpan PathMtuExpiry { get; init; } = TimeSpan.FromSeconds(600);

    /// <summary>Learned path MTUs kept at most.</summary>
    public int MaxPathMtus { get; init; } = 1024;

    /// <summary>net.ipv4.ipfrag_time.</summary>
    public TimeSpan FragmentTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>net.ipv4.ipfrag_high_thresh in bytes of buffer memory.</summary>
    public int FragmentMemory { get; init; } = 4 * 1024 * 1024;

    /// <summary>Incomplete datagrams kept at most.</summary>
    public int MaxFragmentQueues { get; init; } = 1024;

    /// <summary>Routes in the main table at most.</summary>
    public int MaxRoutes { get; init; } = 65_536;

    /// <summary>Addresses in all at most.</summary>
    public int MaxAddresses { get; init; } = 4096;

    /// <summary>Multicast memberships at most, all devices together. Linux bounds only each socket's (net.ipv4.igmp_max_memberships).</summary>
    public int MaxGroups { get; init; } = 4096;

    /// <summary>Entries of the flow cache in front of the routing tables, a power of two; memory is taken with the first packet.</summary>
    public int FlowCacheSize { get; init; } = 256;

    /// <summary>Neighbour settings.</summary>
    public NeighbourOptions Neighbours { get; init; } = new();
}

/// <summary>net.ipv4.neigh.default.* with the kernel's defaults (linux net/ipv4/arp.c, arp_tbl).</summary>
public sealed record NeighbourOptions
{
    /// <summary>base_reachable_time: the real time is a draw between half and one and a half of it.</summary>
    public TimeSpan BaseReachableTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>delay_first_probe_time.</summary>
    public TimeSpan DelayFirstProbe { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>retrans_time.</summary>
    public TimeSpan RetransmitTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>gc_stale_time: an unused entry goes after this time, once there are more than <see cref="GcThreshold1"/>.</summary>
    public TimeSpan GcStaleTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>locktime: a second, differing answer within this time is ignored.</summary>
    public TimeSpan LockTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>ucast_solicit.</summary>
    public int UnicastProbes { get; init; } = 3;

    /// <summary>mcast_solicit; ARP broadcasts them.</summary>
    public int MulticastProbes { get; init; } = 3;

    /// <summary>unres_qlen: packets that wait for one neighbour.</summary>
    public int UnresolvedQueueLength { get; init; } = 101;

    /// <summary>Packets that wait in the whole namespace. Linux bounds only each neighbour's; a flood to many addresses must not eat the pool.</summary>
    public int UnresolvedQueueTotal { get; init; } = 4096;

    /// <summary>gc_thresh1: below it nothing is collected.</summary>
    public int GcThreshold1 { get; init; } = 128;

    /// <summary>gc_thresh2: above it entries older than five seconds may be collected when a new one is made.</summary>
    public int GcThreshold2 { get; init; } = 512;

    /// <summary>gc_thresh3: the table's bound, permanent entries apart.</summary>
    public int GcThreshold3 { get; init; } = 1024;

    /// <summary>Permanent entries at most; Linux has no such bound.</summary>
    public int MaxPermanent { get; init; } = 65_536;
}
