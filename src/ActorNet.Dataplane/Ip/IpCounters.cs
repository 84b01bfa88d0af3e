namespace ActorNet.Dataplane.Ip;

/// <summary>The IPv4 counters of a namespace, as /proc/net/snmp "Ip:" (RFC 4293 names as Linux prints them).</summary>
public sealed class IpCounters
{
    /// <summary>Packets received, before any check.</summary>
    public long InReceives { get; internal set; }

    /// <summary>Packets with a malformed header, a wrong checksum or a spent TTL.</summary>
    public long InHdrErrors { get; internal set; }

    /// <summary>Packets to an address that is not ours while forwarding is off, or martian.</summary>
    public long InAddrErrors { get; internal set; }

    /// <summary>Packets without a route.</summary>
    public long InNoRoutes { get; internal set; }

    /// <summary>Packets shorter than their total length says.</summary>
    public long InTruncatedPkts { get; internal set; }

    /// <summary>Packets for a protocol that nobody registered.</summary>
    public long InUnknownProtos { get; internal set; }

    /// <summary>Packets dropped though nothing was wrong with them.</summary>
    public long InDiscards { get; internal set; }

    /// <summary>Packets handed to a protocol.</summary>
    public long InDelivers { get; internal set; }

    /// <summary>Packets forwarded.</summary>
    public long ForwDatagrams { get; internal set; }

    /// <summary>Packets that local protocols asked to send.</summary>
    public long OutRequests { get; internal set; }

    /// <summary>Packets not sent though nothing was wrong with them.</summary>
    public long OutDiscards { get; internal set; }

    /// <summary>Local packets without a route.</summary>
    public long OutNoRoutes { get; internal set; }

    /// <summary>Fragments received for reassembly.</summary>
    public long ReasmReqds { get; internal set; }

    /// <summary>Datagrams reassembled.</summary>
    public long ReasmOKs { get; internal set; }

    /// <summary>Reassemblies that failed, for whatever reason.</summary>
    public long ReasmFails { get; internal set; }

    /// <summary>Reassemblies that ran out of time.</summary>
    public long ReasmTimeout { get; internal set; }

    /// <summary>Datagrams fragmented.</summary>
    public long FragOKs { get; internal set; }

    /// <summary>Datagrams too big with DF set.</summary>
    public long FragFails { get; internal set; }

    /// <summary>Fragments made.</summary>
    public long FragCreates { get; internal set; }
}

/// <summary>The ICMP counters of a namespace, as /proc/net/snmp "Icmp:" and "IcmpMsg:".</summary>
public sealed class IcmpCounters
{
    private readonly long[] _in = new long[256];
    private readonly long[] _out = new long[256];

    /// <summary>Messages received.</summary>
    public long InMsgs { get; internal set; }

    /// <summary>Messages received that were malformed.</summary>
    public long InErrors { get; internal set; }

    /// <summary>Of those, with a wrong checksum.</summary>
    public long InCsumErrors { get; internal set; }

    /// <summary>Messages sent.</summary>
    public long OutMsgs { get; internal set; }

    /// <summary>Messages that could not be sent.</summary>
    public long OutErrors { get; internal set; }

    /// <summary>Errors suppressed by the limit over all destinations.</summary>
    public long OutRateLimitGlobal { get; internal set; }

    /// <summary>Errors suppressed by the limit of one destination.</summary>
    public long OutRateLimitHost { get; internal set; }

    /// <summary>Messages of a type received.</summary>
    /// <param name="type">ICMP type.</param>
    public long Received(byte type) => _in[type];

    /// <summary>Messages of a type sent.</summary>
    /// <param name="type">ICMP type.</param>
    public long Sent(byte type) => _out[type];

    internal void CountIn(byte type) => _in[type]++;

    internal void CountOut(byte type)
    {
        OutMsgs++;
        _out[type]++;
    }
}
