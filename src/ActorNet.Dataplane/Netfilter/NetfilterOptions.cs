namespace ActorNet.Dataplane.Netfilter;

/// <summary>Settings of a namespace's netfilter: the sysctls that matter, with the kernel's defaults, and the bounds of its tables.</summary>
public sealed record NetfilterOptions
{
    /// <summary>net.netfilter.nf_conntrack_max.</summary>
    public int ConntrackMax { get; init; } = 262_144;

    /// <summary>net.netfilter.nf_conntrack_tcp_loose: a packet in mid-stream may begin a connection.</summary>
    public bool TcpLoose { get; init; } = true;

    /// <summary>net.netfilter.nf_conntrack_tcp_be_liberal: only resets out of window are invalid.</summary>
    public bool TcpBeLiberal { get; init; }

    /// <summary>net.netfilter.nf_conntrack_checksum: packets with a wrong transport checksum are invalid.</summary>
    public bool Checksum { get; init; } = true;

    /// <summary>net.bridge.bridge-nf-call-iptables: what passes the namespace's bridges passes its rules, as Kubernetes needs it.</summary>
    public bool BridgeCallsIptables { get; init; } = true;

    /// <summary>Whether packets of established connections pass by what was noted of an earlier one; what comes out and what is counted is the same.</summary>
    public bool ShortPath { get; init; } = true;

    /// <summary>Whether rules of long chains are found by address and port; false asks every rule, as the kernel does, with the same result.</summary>
    public bool IndexesChains { get; init; } = true;

    /// <summary>Chains that users make at most, all tables together; the kernel has no such bound.</summary>
    public int MaxChains { get; init; } = 200_000;

    /// <summary>Rules at most, all tables together; the kernel has no such bound.</summary>
    public int MaxRules { get; init; } = 2_000_000;
}
