namespace ActorNet.Workloads.Iperf;

/// <summary>What the control connection carries between messages, one signed byte each (esnet/iperf src/iperf_api.h).</summary>
internal enum ControlState : sbyte
{
    /// <summary>Server to client, followed by two integers of four bytes: iperf's error number and errno.</summary>
    ServerError = -2,

    /// <summary>Server to client: another test is running.</summary>
    AccessDenied = -1,

    /// <summary>Server to client: make your timers.</summary>
    TestStart = 1,

    /// <summary>Server to client: send, or expect data.</summary>
    TestRunning = 2,

    /// <summary>Client to server: the time is up.</summary>
    TestEnd = 4,

    /// <summary>Server to client: send the parameters.</summary>
    ParamExchange = 9,

    /// <summary>Server to client: open the data streams.</summary>
    CreateStreams = 10,

    /// <summary>Server to client: the server goes.</summary>
    ServerTerminate = 11,

    /// <summary>Client to server: the client goes.</summary>
    ClientTerminate = 12,

    /// <summary>Server to client: send your results and read mine.</summary>
    ExchangeResults = 13,

    /// <summary>Server to client: print.</summary>
    DisplayResults = 14,

    /// <summary>Client to server: good-bye.</summary>
    IperfDone = 16,
}
