using ActorNet.Netstack;

namespace ActorNet.Workloads.Ss;

/// <summary>Sets of states, as ss keeps them: a bit for each (iproute2 misc/ss.c).</summary>
[Flags]
internal enum SsStates
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Those of a socket with a peer.</summary>
    Established = 1 << 1,

    /// <summary>SYN-SENT.</summary>
    SynSent = 1 << 2,

    /// <summary>SYN-RECV.</summary>
    SynReceived = 1 << 3,

    /// <summary>FIN-WAIT-1.</summary>
    FinWait1 = 1 << 4,

    /// <summary>FIN-WAIT-2.</summary>
    FinWait2 = 1 << 5,

    /// <summary>TIME-WAIT.</summary>
    TimeWait = 1 << 6,

    /// <summary>UNCONN.</summary>
    Closed = 1 << 7,

    /// <summary>CLOSE-WAIT.</summary>
    CloseWait = 1 << 8,

    /// <summary>LAST-ACK.</summary>
    LastAck = 1 << 9,

    /// <summary>LISTEN.</summary>
    Listen = 1 << 10,

    /// <summary>CLOSING.</summary>
    Closing = 1 << 11,

    /// <summary>Every state.</summary>
    All = (1 << 12) - 2,

    /// <summary>What is listed when nothing is asked for.</summary>
    Usual = All & ~(Listen | Closed | TimeWait | SynReceived),
}

/// <summary>Names of sets of states.</summary>
internal static class SsStateNames
{
    /// <summary>Finds the set that a state filter names (scan_state), or null.</summary>
    /// <param name="name">Name.</param>
    public static SsStates? Find(string name) => name switch
    {
        "close" or "closed" or "unconnected" => SsStates.Closed,
        "syn-rcv" or "syn-recv" => SsStates.SynReceived,
        "established" => SsStates.Established,
        "all" => SsStates.All,
        "connected" => SsStates.All & ~(SsStates.Closed | SsStates.Listen),
        "synchronized" => SsStates.All & ~(SsStates.Closed | SsStates.Listen | SsStates.SynSent),
        "bucket" => SsStates.SynReceived | SsStates.TimeWait,
        "big" => SsStates.All & ~(SsStates.SynReceived | SsStates.TimeWait),
        "syn-sent" => SsStates.SynSent,
        "fin-wait-1" => SsStates.FinWait1,
        "fin-wait-2" => SsStates.FinWait2,
        "time-wait" => SsStates.TimeWait,
        "close-wait" => SsStates.CloseWait,
        "last-ack" => SsStates.LastAck,
        "listen" or "listening" => SsStates.Listen,
        "closing" => SsStates.Closing,
        _ => null,
    };

    /// <summary>The set of one state.</summary>
    /// <param name="state">State.</param>
    public static SsStates Of(TcpState state) => state switch
    {
        TcpState.Established => SsStates.Established,
        TcpState.SynSent => SsStates.SynSent,
        TcpState.SynReceived => SsStates.SynReceived,
        TcpState.FinWait1 => SsStates.FinWait1,
        TcpState.FinWait2 => SsStates.FinWait2,
        TcpState.TimeWait => SsStates.TimeWait,
        TcpState.CloseWait => SsStates.CloseWait,
        TcpState.LastAck => SsStates.LastAck,
        TcpState.Listen => SsStates.Listen,
        TcpState.Closing => SsStates.Closing,
        _ => SsStates.Closed,
    };
}
