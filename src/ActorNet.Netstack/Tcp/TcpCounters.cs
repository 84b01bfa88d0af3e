namespace ActorNet.Netstack;

/// <summary>
/// The counters of a namespace's TCP by their names in /proc/net/snmp (Tcp) and /proc/net/netstat (TcpExt), as far as something here can
/// count them (linux net/ipv4/proc.c).
/// </summary>
public sealed class TcpCounters
{
    /// <summary>ActiveOpens: SYN-SENT entered.</summary>
    public long ActiveOpens { get; internal set; }

    /// <summary>PassiveOpens: connections made by listeners.</summary>
    public long PassiveOpens { get; internal set; }

    /// <summary>AttemptFails: attempts that ended before they were established.</summary>
    public long AttemptFails { get; internal set; }

    /// <summary>EstabResets: established connections that were reset.</summary>
    public long EstabResets { get; internal set; }

    /// <summary>CurrEstab: connections in ESTABLISHED or CLOSE-WAIT.</summary>
    public long CurrEstab { get; internal set; }

    /// <summary>InSegs.</summary>
    public long InSegs { get; internal set; }

    /// <summary>OutSegs, without retransmissions alone.</summary>
    public long OutSegs { get; internal set; }

    /// <summary>RetransSegs.</summary>
    public long RetransSegs { get; internal set; }

    /// <summary>InErrs: malformed segments and wrong checksums.</summary>
    public long InErrs { get; internal set; }

    /// <summary>OutRsts.</summary>
    public long OutRsts { get; internal set; }

    /// <summary>InCsumErrors.</summary>
    public long InCsumErrors { get; internal set; }

    /// <summary>TcpExt SyncookiesSent.</summary>
    public long SyncookiesSent { get; internal set; }

    /// <summary>TcpExt SyncookiesRecv.</summary>
    public long SyncookiesRecv { get; internal set; }

    /// <summary>TcpExt SyncookiesFailed.</summary>
    public long SyncookiesFailed { get; internal set; }

    /// <summary>TcpExt ListenOverflows: the accept queue was full.</summary>
    public long ListenOverflows { get; internal set; }

    /// <summary>TcpExt ListenDrops: SYNs that a listener dropped.</summary>
    public long ListenDrops { get; internal set; }

    /// <summary>TcpExt TCPReqQFullDrop: SYNs dropped because the queue of half-open connections was full.</summary>
    public long TCPReqQFullDrop { get; internal set; }

    /// <summary>TcpExt TCPReqQFullDoCookies.</summary>
    public long TCPReqQFullDoCookies { get; internal set; }

    /// <summary>TcpExt TW: connections that went through TIME-WAIT.</summary>
    public long TW { get; internal set; }

    /// <summary>TcpExt TWRecycled: ports taken over from TIME-WAIT.</summary>
    public long TWRecycled { get; internal set; }

    /// <summary>TcpExt TCPTimeWaitOverflow.</summary>
    public long TCPTimeWaitOverflow { get; internal set; }

    /// <summary>TcpExt PAWSActive: answers to a SYN with a timestamp that was never sent.</summary>
    public long PAWSActive { get; internal set; }

    /// <summary>TcpExt PAWSEstab: segments older than the last timestamp.</summary>
    public long PAWSEstab { get; internal set; }

    /// <summary>TcpExt TCPACKSkippedPAWS and its like: ACKs that the rate limit for invalid segments swallowed.</summary>
    public long TCPACKSkipped { get; internal set; }

    /// <summary>TcpExt TCPChallengeACK.</summary>
    public long TCPChallengeACK { get; internal set; }

    /// <summary>TcpExt TCPSYNChallenge: SYNs inside a connection.</summary>
    public long TCPSYNChallenge { get; internal set; }

    /// <summary>TcpExt DelayedACKs: ACKs that the timer sent.</summary>
    public long DelayedACKs { get; internal set; }

    /// <summary>TcpExt DelayedACKLost: segments that came again because our ACK was lost.</summary>
    public long DelayedACKLost { get; internal set; }

    /// <summary>TcpExt TCPOFOQueue: segments kept out of order.</summary>
    public long TCPOFOQueue { get; internal set; }

    /// <summary>TcpExt TCPOFODrop: segments out of order dropped for want of room.</summary>
    public long TCPOFODrop { get; internal set; }

    /// <summary>TcpExt TCPRcvQDrop: data in order dropped for want of room.</summary>
    public long TCPRcvQDrop { get; internal set; }

    /// <summary>TcpExt TCPRcvCoalesce: segments copied behind another's data.</summary>
    public long TCPRcvCoalesce { get; internal set; }

    /// <summary>TcpExt TCPZeroWindowDrop: data beyond a closed window.</summary>
    public long TCPZeroWindowDrop { get; internal set; }

    /// <summary>TcpExt TCPPureAcks: segments without data that were taken as acknowledgments.</summary>
    public long TCPPureAcks { get; internal set; }

    /// <summary>TcpExt TCPOrigDataSent: segments of data sent for the first time.</summary>
    public long TCPOrigDataSent { get; internal set; }

    /// <summary>TcpExt TCPFastRetrans.</summary>
    public long TCPFastRetrans { get; internal set; }

    /// <summary>TcpExt TCPSlowStartRetrans: retransmissions in the loss state.</summary>
    public long TCPSlowStartRetrans { get; internal set; }

    /// <summary>TcpExt TCPLostRetransmit: retransmissions that were lost themselves.</summary>
    public long TCPLostRetransmit { get; internal set; }

    /// <summary>TcpExt TCPSackRecovery.</summary>
    public long TCPSackRecovery { get; internal set; }

    /// <summary>TcpExt TCPRenoRecovery.</summary>
    public long TCPRenoRecovery { get; internal set; }

    /// <summary>TcpExt TCPTimeouts: retransmission timers that ran out.</summary>
    public long TCPTimeouts { get; internal set; }

    /// <summary>TcpExt TCPLossProbes (RFC 8985, 7).</summary>
    public long TCPLossProbes { get; internal set; }

    /// <summary>TcpExt TCPLossProbeRecovery: losses that a probe repaired.</summary>
    public long TCPLossProbeRecovery { get; internal set; }

    /// <summary>TcpExt TCPSACKReorder and TCPTSReorder.</summary>
    public long TCPSACKReorder { get; internal set; }

    /// <summary>TcpExt TCPSACKDiscard: SACK blocks that make no sense.</summary>
    public long TCPSACKDiscard { get; internal set; }

    /// <summary>TcpExt TCPSackReneging: the peer dropped what it had SACKed.</summary>
    public long TCPSACKReneging { get; internal set; }

    /// <summary>TcpExt TCPDSACKRecv.</summary>
    public long TCPDSACKRecv { get; internal set; }

    /// <summary>TcpExt TCPDSACKOldSent and TCPDSACKOfoSent: duplicates that we reported.</summary>
    public long TCPDSACKSent { get; internal set; }

    /// <summary>TcpExt TCPDSACKUndo and TCPFullUndo: congestion window reductions taken back.</summary>
    public long TCPFullUndo { get; internal set; }

    /// <summary>TcpExt TCPLossUndo: timeouts taken back.</summary>
    public long TCPLossUndo { get; internal set; }

    /// <summary>TcpExt TCPFromZeroWindowAdv.</summary>
    public long TCPFromZeroWindowAdv { get; internal set; }

    /// <summary>TcpExt TCPToZeroWindowAdv.</summary>
    public long TCPToZeroWindowAdv { get; internal set; }

    /// <summary>TcpExt TCPWinProbe: zero-window probes.</summary>
    public long TCPWinProbe { get; internal set; }

    /// <summary>TcpExt TCPKeepAlive.</summary>
    public long TCPKeepAlive { get; internal set; }

    /// <summary>TcpExt TCPMTUPFail: times that smaller segments were tried because nothing came through.</summary>
    public long TCPMTUPFail { get; internal set; }

    /// <summary>TcpExt TCPAbortOnData: data came for a closed socket.</summary>
    public long TCPAbortOnData { get; internal set; }

    /// <summary>TcpExt TCPAbortOnClose: closed with unread data.</summary>
    public long TCPAbortOnClose { get; internal set; }

    /// <summary>TcpExt TCPAbortOnTimeout.</summary>
    public long TCPAbortOnTimeout { get; internal set; }

    /// <summary>TcpExt TCPAbortOnMemory: refused because a table was full, or reset because there were too many orphans.</summary>
    public long TCPAbortOnMemory { get; internal set; }

    /// <summary>TcpExt OutOfWindowIcmps: ICMP errors whose quoted sequence number is not in flight (RFC 5927).</summary>
    public long OutOfWindowIcmps { get; internal set; }

    /// <summary>TcpExt TCPAutoCorking's place in a polled stack: sends that left with a later one.</summary>
    public long TCPAutoCorking { get; internal set; }
}
