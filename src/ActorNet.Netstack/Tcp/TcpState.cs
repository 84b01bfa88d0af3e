namespace ActorNet.Netstack;

/// <summary>The states of a connection (RFC 9293, 3.3.2).</summary>
public enum TcpState : byte
{
    /// <summary>No connection.</summary>
    Closed,

    /// <summary>Waits for a connection request from any peer.</summary>
    Listen,

    /// <summary>Sent a SYN, waits for the peer's.</summary>
    SynSent,

    /// <summary>Both SYNs are out, ours is not acknowledged yet.</summary>
    SynReceived,

    /// <summary>Data flows both ways.</summary>
    Established,

    /// <summary>Our FIN is out and not acknowledged yet.</summary>
    FinWait1,

    /// <summary>Our FIN is acknowledged, the peer may still send.</summary>
    FinWait2,

    /// <summary>The peer sent FIN, we may still send.</summary>
    CloseWait,

    /// <summary>Both FINs are out, ours is not acknowledged yet.</summary>
    Closing,

    /// <summary>Our FIN answers the peer's and is not acknowledged yet.</summary>
    LastAck,

    /// <summary>Both sides are done; late segments are answered for 60 s.</summary>
    TimeWait,
}

/// <summary>Names of states as Linux prints them.</summary>
public static class TcpStateNames
{
    /// <summary>The name in the State column of ss(8).</summary>
    /// <param name="state">The state.</param>
    public static string ToSocketStatisticsName(this TcpState state) => state switch
    {
        TcpState.Listen => "LISTEN",
        TcpState.SynSent => "SYN-SENT",
        TcpState.SynReceived => "SYN-RECV",
        TcpState.Established => "ESTAB",
        TcpState.FinWait1 => "FIN-WAIT-1",
        TcpState.FinWait2 => "FIN-WAIT-2",
        TcpState.CloseWait => "CLOSE-WAIT",
        TcpState.Closing => "CLOSING",
        TcpState.LastAck => "LAST-ACK",
        TcpState.TimeWait => "TIME-WAIT",
        _ => "UNCONN",
    };
}
