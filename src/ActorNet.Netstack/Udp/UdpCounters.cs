namespace ActorNet.Netstack;

/// <summary>The counters of the Udp line of /proc/net/snmp (RFC 4113).</summary>
public sealed class UdpCounters
{
    /// <summary>InDatagrams: queued at a socket.</summary>
    public long InDatagrams { get; internal set; }

    /// <summary>NoPorts: nobody bound the destination port.</summary>
    public long NoPorts { get; internal set; }

    /// <summary>InErrors: malformed, wrong checksum, or a full receive buffer.</summary>
    public long InErrors { get; internal set; }

    /// <summary>OutDatagrams: handed to the namespace.</summary>
    public long OutDatagrams { get; internal set; }

    /// <summary>RcvbufErrors: a full receive buffer.</summary>
    public long ReceiveBufferErrors { get; internal set; }

    /// <summary>SndbufErrors: no memory to send.</summary>
    public long SendBufferErrors { get; internal set; }

    /// <summary>InCsumErrors: wrong checksum.</summary>
    public long ChecksumErrors { get; internal set; }
}
