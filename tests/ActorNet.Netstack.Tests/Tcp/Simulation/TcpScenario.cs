using ActorNet.Dataplane.Links;

namespace ActorNet.Netstack.Tests;

/// <summary>How a simulated connection comes about.</summary>
internal enum Opening
{
    /// <summary>The client connects to a listener.</summary>
    Passive,

    /// <summary>Both connect to each other (RFC 9293, 3.5, figure 7).</summary>
    Simultaneous,
}

/// <summary>What an application does when everything was written.</summary>
internal enum Ending
{
    /// <summary>Half-closes, reads to the end, closes.</summary>
    HalfClose,

    /// <summary>Reads to the peer's end first; never both ends.</summary>
    AfterPeer,

    /// <summary>Closes without reading on: what comes afterwards is answered with a reset.</summary>
    CloseAtOnce,

    /// <summary>Aborts once a number of bytes was written and read.</summary>
    Abort,
}

/// <summary>One direction of a link for a while; milliseconds, chances from 0 to 1, kilobits a second with 0 for no limit, bytes of MTU with 0 for none.</summary>
internal sealed record LinkQuality(
    int Delay, int Jitter, double Loss, bool Bursts, double Duplicate, double Reorder, double Corrupt, int Rate, int Mtu)
{
    /// <summary>The settings of the link.</summary>
    public ImpairmentSettings Settings(ulong seed) => new()
    {
        Seed = seed,
        Delay = TimeSpan.FromMilliseconds(Delay),
        Jitter = TimeSpan.FromMilliseconds(Jitter),
        // Bursts of five frames on average whose share is the loss.
        Burst = Bursts && Loss > 0 ? new BurstLoss(0.2 * Loss / (1 - Loss), 0.2) : null,
        Loss = Bursts ? 0 : Loss,
        Duplicate = Duplicate,
        Reorder = Reorder,
        Corrupt = Corrupt,
        Rate = Rate * 1000L,
        Mtu = Mtu,
    };
}

/// <summary>Both directions for a number of milliseconds; the last phase lasts for ever.</summary>
internal sealed record LinkPhase(int Milliseconds, LinkQuality ToServer, LinkQuality ToClient);

/// <summary>One end: its stack, its socket and what its application does. Sizes in bytes, pauses in milliseconds.</summary>
internal sealed record EndPlan
{
    public bool Sack { get; init; } = true;

    public bool Timestamps { get; init; } = true;

    public bool WindowScaling { get; init; } = true;

    public bool NoDelay { get; init; }

    public bool Cork { get; init; }

    public int SendBuffer { get; init; }

    public int ReceiveBuffer { get; init; }

    public int MaxSegment { get; init; }

    public int KeepAliveIdle { get; init; } = 30_000;

    public int UserTimeout { get; init; }

    public int Write { get; init; }

    public int WriteSize { get; init; } = 4096;

    public int WritePause { get; init; }

    public int ReadSize { get; init; } = 65_536;

    public int ReadPause { get; init; }

    public int StartPause { get; init; }

    public Ending Ending { get; init; }

    public int AbortAfter { get; init; }

    public TcpSettings Settings() => new() { Sack = Sack, Timestamps = Timestamps, WindowScaling = WindowScaling };

    public TcpOptions Options() => new()
    {
        NoDelay = NoDelay,
        Cork = Cork,
        SendBufferSize = SendBuffer,
        ReceiveBufferSize = ReceiveBuffer,
        MaxSegmentSize = MaxSegment,
        // Who only waits learns by keep-alive alone that the peer is gone.
        KeepAlive = true,
        KeepAliveIdle = TimeSpan.FromMilliseconds(KeepAliveIdle),
        KeepAliveInterval = TimeSpan.FromSeconds(5),
        UserTimeout = TimeSpan.FromMilliseconds(UserTimeout),
    };
}

/// <summary>A whole simulated connection: everything that its course depends on.</summary>
internal sealed record TcpScenario(ulong Seed, Opening Opening, int Mtu, bool WrapsSequence, LinkPhase[] Phases, EndPlan Client, EndPlan Server)
{
    /// <summary>Whether the link may keep a connection from ever getting through: then time-outs are among the right ends.</summary>
    public bool IsHarsh => Phases.Any(p => IsHarshTo(p.ToServer) || IsHarshTo(p.ToClient));

    /// <summary>Whether an application ends the connection before both streams are through.</summary>
    public bool IsCutShort => new[] { Client, Server }.Any(e => e.Ending is Ending.Abort or Ending.CloseAtOnce || e.UserTimeout > 0);

    /// <summary>Whether nothing is lost, copied or overtaken, and all takes the same time: nothing has to be sent twice.</summary>
    public bool IsClean => Phases.Length == 1 && IsCleanTo(Phases[0].ToServer) && IsCleanTo(Phases[0].ToClient);

    public override string ToString()
    {
        IEnumerable<string> phases = Phases.Select(p => $"  {p.Milliseconds} ms: > {p.ToServer}\n  {new string(' ', p.Milliseconds.ToString().Length)}     < {p.ToClient}");
        return $"seed {Seed}, {Opening}, MTU {Mtu}{(WrapsSequence ? ", wrapping" : "")}\n{string.Join('\n', phases)}\n  client {Client}\n  server {Server}";
    }

    private static bool IsCleanTo(LinkQuality quality) => quality with { Delay = 0, Bursts = false } == new LinkQuality(0, 0, 0, false, 0, 0, 0, 0, 0);

    private static bool IsHarshTo(LinkQuality quality) =>
        quality.Loss + quality.Corrupt > 0.08 || (quality.Bursts && quality.Loss > 0.01) || quality.Mtu > 0 || (quality.Rate > 0 && quality.Rate < 500);
}
