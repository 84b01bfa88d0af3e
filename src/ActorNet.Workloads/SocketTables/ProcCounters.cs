using ActorNet.Dataplane.Ip;
using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Workloads.SocketTables;

/// <summary>
/// The counters of a namespace by their names in /proc/net/snmp and /proc/net/netstat, as far as something here counts them, in the kernel's
/// order (linux net/ipv4/proc.c). Of the counters that Linux divides further, as TCPACKSkippedSeq, the sum stands under the commonest name.
/// </summary>
internal static class ProcCounters
{
    /// <summary>Reads the counters; to be called in a turn of their owner.</summary>
    /// <param name="sockets">The sockets.</param>
    /// <returns>Sections, each with its counters in order.</returns>
    public static List<ProcSection> Read(SocketLayer sockets) =>
    [
        new("Ip", Ip(sockets.Stack.Ip, sockets.Stack.IsForwarding)),
        new("Icmp", Icmp(sockets.Stack.IcmpCounters)),
        new("IcmpMsg", IcmpTypes(sockets.Stack.IcmpCounters)),
        new("Tcp", Tcp(sockets.Tcp)),
        new("Udp", Udp(sockets.Udp)),
        new("TcpExt", TcpExtension(sockets.Tcp)),
        new("IpExt", [("InNoRoutes", sockets.Stack.Ip.InNoRoutes), ("InTruncatedPkts", sockets.Stack.Ip.InTruncatedPkts)]),
    ];

    private static (string Name, long Value)[] Ip(IpCounters ip, bool isForwarding) =>
    [
        ("Forwarding", isForwarding ? 1 : 2), ("InReceives", ip.InReceives), ("InHdrErrors", ip.InHdrErrors), ("InAddrErrors", ip.InAddrErrors),
        ("ForwDatagrams", ip.ForwDatagrams), ("InUnknownProtos", ip.InUnknownProtos), ("InDiscards", ip.InDiscards), ("InDelivers", ip.InDelivers),
        ("OutRequests", ip.OutRequests), ("OutDiscards", ip.OutDiscards), ("OutNoRoutes", ip.OutNoRoutes), ("ReasmTimeout", ip.ReasmTimeout),
        ("ReasmReqds", ip.ReasmReqds), ("ReasmOKs", ip.ReasmOKs), ("ReasmFails", ip.ReasmFails), ("FragOKs", ip.FragOKs), ("FragFails", ip.FragFails),
        ("FragCreates", ip.FragCreates),
    ];

    private static (string Name, long Value)[] Icmp(IcmpCounters icmp) =>
    [
        ("InMsgs", icmp.InMsgs), ("InErrors", icmp.InErrors), ("InCsumErrors", icmp.InCsumErrors), .. ByType("In", icmp.Received), ("OutMsgs", icmp.OutMsgs),
        ("OutErrors", icmp.OutErrors), ("OutRateLimitGlobal", icmp.OutRateLimitGlobal), ("OutRateLimitHost", icmp.OutRateLimitHost), .. ByType("Out", icmp.Sent),
    ];

    private static IEnumerable<(string Name, long Value)> ByType(string way, Func<byte, long> count) =>
    [
        (way + "DestUnreachs", count((byte)IcmpType.DestinationUnreachable)), (way + "TimeExcds", count((byte)IcmpType.TimeExceeded)),
        (way + "ParmProbs", count((byte)IcmpType.ParameterProblem)), (way + "SrcQuenchs", count(4)), (way + "Redirects", count(5)),
        (way + "Echos", count((byte)IcmpType.EchoRequest)), (way + "EchoReps", count((byte)IcmpType.EchoReply)), (way + "Timestamps", count(13)),
        (way + "TimestampReps", count(14)), (way + "AddrMasks", count(17)), (way + "AddrMaskReps", count(18)),
    ];

    // The kernel lists only types that were seen.
    private static (string Name, long Value)[] IcmpTypes(IcmpCounters icmp) =>
    [
        .. Enumerable.Range(0, 256).Where(type => icmp.Received((byte)type) > 0).Select(type => ($"InType{type}", icmp.Received((byte)type))),
        .. Enumerable.Range(0, 256).Where(type => icmp.Sent((byte)type) > 0).Select(type => ($"OutType{type}", icmp.Sent((byte)type))),
    ];

    private static (string Name, long Value)[] Tcp(TcpCounters tcp) =>
    [
        ("ActiveOpens", tcp.ActiveOpens), ("PassiveOpens", tcp.PassiveOpens), ("AttemptFails", tcp.AttemptFails), ("EstabResets", tcp.EstabResets),
        ("CurrEstab", tcp.CurrEstab), ("InSegs", tcp.InSegs), ("OutSegs", tcp.OutSegs), ("RetransSegs", tcp.RetransSegs), ("InErrs", tcp.InErrs),
        ("OutRsts", tcp.OutRsts), ("InCsumErrors", tcp.InCsumErrors),
    ];

    private static (string Name, long Value)[] Udp(UdpCounters udp) =>
    [
        ("InDatagrams", udp.InDatagrams), ("NoPorts", udp.NoPorts), ("InErrors", udp.InErrors), ("OutDatagrams", udp.OutDatagrams),
        ("RcvbufErrors", udp.ReceiveBufferErrors), ("SndbufErrors", udp.SendBufferErrors), ("InCsumErrors", udp.ChecksumErrors),
    ];

    private static (string Name, long Value)[] TcpExtension(TcpCounters tcp) =>
    [
        ("SyncookiesSent", tcp.SyncookiesSent), ("SyncookiesRecv", tcp.SyncookiesRecv), ("SyncookiesFailed", tcp.SyncookiesFailed),
        ("OutOfWindowIcmps", tcp.OutOfWindowIcmps), ("TW", tcp.TW), ("TWRecycled", tcp.TWRecycled), ("PAWSActive", tcp.PAWSActive),
        ("PAWSEstab", tcp.PAWSEstab), ("DelayedACKs", tcp.DelayedACKs), ("DelayedACKLost", tcp.DelayedACKLost), ("ListenOverflows", tcp.ListenOverflows),
        ("ListenDrops", tcp.ListenDrops), ("TCPPureAcks", tcp.TCPPureAcks), ("TCPRenoRecovery", tcp.TCPRenoRecovery),
        ("TCPSackRecovery", tcp.TCPSackRecovery), ("TCPSACKReneging", tcp.TCPSACKReneging), ("TCPSACKReorder", tcp.TCPSACKReorder),
        ("TCPFullUndo", tcp.TCPFullUndo), ("TCPLossUndo", tcp.TCPLossUndo), ("TCPLostRetransmit", tcp.TCPLostRetransmit),
        ("TCPFastRetrans", tcp.TCPFastRetrans), ("TCPSlowStartRetrans", tcp.TCPSlowStartRetrans), ("TCPTimeouts", tcp.TCPTimeouts),
        ("TCPLossProbes", tcp.TCPLossProbes), ("TCPLossProbeRecovery", tcp.TCPLossProbeRecovery), ("TCPDSACKOldSent", tcp.TCPDSACKSent),
        ("TCPDSACKRecv", tcp.TCPDSACKRecv), ("TCPAbortOnData", tcp.TCPAbortOnData), ("TCPAbortOnClose", tcp.TCPAbortOnClose),
        ("TCPAbortOnMemory", tcp.TCPAbortOnMemory), ("TCPAbortOnTimeout", tcp.TCPAbortOnTimeout), ("TCPSACKDiscard", tcp.TCPSACKDiscard),
        ("TCPTimeWaitOverflow", tcp.TCPTimeWaitOverflow), ("TCPReqQFullDoCookies", tcp.TCPReqQFullDoCookies), ("TCPReqQFullDrop", tcp.TCPReqQFullDrop),
        ("TCPRcvCoalesce", tcp.TCPRcvCoalesce), ("TCPOFOQueue", tcp.TCPOFOQueue), ("TCPOFODrop", tcp.TCPOFODrop), ("TCPChallengeACK", tcp.TCPChallengeACK),
        ("TCPSYNChallenge", tcp.TCPSYNChallenge), ("TCPAutoCorking", tcp.TCPAutoCorking), ("TCPFromZeroWindowAdv", tcp.TCPFromZeroWindowAdv),
        ("TCPToZeroWindowAdv", tcp.TCPToZeroWindowAdv), ("TCPOrigDataSent", tcp.TCPOrigDataSent), ("TCPACKSkippedSeq", tcp.TCPACKSkipped),
        ("TCPWinProbe", tcp.TCPWinProbe), ("TCPKeepAlive", tcp.TCPKeepAlive), ("TCPMTUPFail", tcp.TCPMTUPFail), ("TCPZeroWindowDrop", tcp.TCPZeroWindowDrop),
        ("TCPRcvQDrop", tcp.TCPRcvQDrop),
    ];
}

/// <summary>One section of counters, as the two lines "Tcp:" of /proc/net/snmp.</summary>
/// <param name="Title">Title.</param>
/// <param name="Counters">Names and values in order.</param>
internal sealed record ProcSection(string Title, IReadOnlyList<(string Name, long Value)> Counters);
