using CsCheck;

namespace ActorNet.Netstack.Tests;

/// <summary>Random scenarios. Each range is mostly plain, so that what is odd in a failing one stands out when it is shrunk.</summary>
internal static class TcpScenarios
{
    private static readonly Gen<double> Losses = Gen.Frequency((2, Gen.Const(0.0)), (1, Gen.Double[0, 0.05]), (1, Gen.Double[0, 0.3]));

    private static readonly Gen<LinkQuality> Qualities = Gen.Select(
        Gen.Select(Gen.Int[0, 150], Mostly(0, Gen.Int[1, 100])),
        Gen.Select(Losses, Often(false, true)),
        Gen.Select(Mostly(0.0, Gen.Double[0, 0.2]), Mostly(0.0, Gen.Double[0, 0.3]), Mostly(0.0, Gen.Double[0, 0.05])),
        Gen.Select(Mostly(0, Gen.Int[64, 2000], Gen.Int[2000, 100_000]), Mostly(0, Mostly(0, Gen.Int[600, 1400]))))
        .Select((time, loss, noise, size) =>
            new LinkQuality(time.Item1, time.Item2, loss.Item1, loss.Item2, noise.Item1, noise.Item2, noise.Item3, size.Item1, size.Item2));

    private static readonly Gen<LinkPhase[]> Phases =
        Gen.Select(Gen.Int[1, 5000], Qualities, Qualities, (length, there, back) => new LinkPhase(length, there, back)).Array[1, 4];

    private static readonly Gen<EndPlan> Ends = Gen.Select(
        Gen.Select(Often(true, false), Often(true, false), Often(true, false), Often(false, true)),
        Gen.Select(Mostly(0, Gen.Int[1024, 20_000]), Mostly(0, Gen.Int[1024, 20_000]), Mostly(0, Gen.Int[88, 1400])),
        Gen.Select(Gen.OneOf(Gen.Int[0, 5000], Gen.Int[0, 60_000], Gen.Int[0, 300_000]), Sizes(), Mostly(0, Gen.Int[1, 50])),
        Gen.Select(Sizes(), Mostly(0, Gen.Int[1, 50]), Mostly(0, Gen.Int[0, 2000])),
        Gen.Select(Gen.Frequency((6, Gen.Const(Ending.HalfClose)), (2, Gen.Const(Ending.AfterPeer)), (1, Gen.Const(Ending.CloseAtOnce)), (1, Gen.Const(Ending.Abort))), Gen.Int[0, 100_000]),
        Gen.Select(Gen.Int[5, 90], Mostly(0, Mostly(0, Gen.Int[2000, 60_000])), Mostly(false, Gen.Bool)))
        .Select((stack, buffers, write, read, ending, rest) => new EndPlan
        {
            Sack = stack.Item1,
            Timestamps = stack.Item2,
            WindowScaling = stack.Item3,
            NoDelay = stack.Item4,
            Cork = rest.Item3,
            SendBuffer = buffers.Item1,
            ReceiveBuffer = buffers.Item2,
            MaxSegment = buffers.Item3,
            Write = write.Item1,
            // A stream of many single bytes takes its time to simulate and shows nothing that a short one does not.
            WriteSize = Math.Max(write.Item2, write.Item1 / 400),
            WritePause = write.Item3,
            ReadSize = Math.Max(read.Item1, 200),
            ReadPause = read.Item2,
            StartPause = read.Item3,
            Ending = ending.Item1,
            AbortAfter = ending.Item2,
            KeepAliveIdle = rest.Item1 * 1000,
            UserTimeout = rest.Item2,
        });

    /// <summary>All of them.</summary>
    public static readonly Gen<TcpScenario> All = Gen.Select(
        Gen.Select(Gen.ULong, Gen.Frequency((9, Gen.Const(Opening.Passive)), (1, Gen.Const(Opening.Simultaneous))), Mostly(1500, Gen.Int[576, 9000]), Mostly(false, Gen.Bool)),
        Phases, Ends, Ends)
        .Select((first, phases, client, server) => new TcpScenario(
            first.Item1, first.Item2, first.Item3, first.Item4, phases, client,
            // Somebody has to finish first.
            client.Ending == Ending.AfterPeer && server.Ending == Ending.AfterPeer ? server with { Ending = Ending.HalfClose } : server));

    private static Gen<int> Sizes() => Gen.OneOf(Gen.Int[1, 100], Gen.Int[1, 3000], Gen.Int[1000, 65_536]);

    private static Gen<T> Often<T>(T plain, T odd) => Gen.Frequency((4, Gen.Const(plain)), (1, Gen.Const(odd)));

    private static Gen<T> Mostly<T>(T plain, params Gen<T>[] odd) => Gen.Frequency((2, Gen.Const(plain)), (1, Gen.OneOf(odd)));
}
