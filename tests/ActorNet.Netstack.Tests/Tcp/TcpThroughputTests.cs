using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack.Tests;

/// <summary>
/// What a flow gets from a lossy path, beside the average windows of RFC 9438: 5.1 for CUBIC's own region, 4.3 for the Reno-friendly
/// one; a flow is in the region that gives more. The formulas are for losses at even distances and for none while one is repaired; ours
/// come at random.
/// </summary>
public sealed class TcpThroughputTests(ITestOutputHelper output)
{
    private const double C = 0.4;
    private const double Beta = 0.7;
    private const int SegmentBytes = 1448;

    [Theory]
    [InlineData(0.0001, 100)]
    [InlineData(0.001, 20)]
    [InlineData(0.001, 100)]
    [InlineData(0.001, 200)]
    [InlineData(0.01, 10)]
    [InlineData(0.01, 40)]
    [InlineData(0.01, 200)]
    [InlineData(0.03, 40)]
    public void The_average_window_lies_in_the_band_of_the_formulas(double loss, int rttMilliseconds)
    {
        double rtt = rttMilliseconds / 1000.0;
        double expected = Math.Max(AverageCubicWindow(loss, rtt), AverageRenoWindow(loss));
        // As long as 50 losses take, so that chance averages out.
        double seconds = Math.Max(30, 50 / loss / (expected / rtt));
        double window = Measure(loss, rttMilliseconds, TimeSpan.FromSeconds(seconds));
        output.WriteLine($"loss {loss}, {rttMilliseconds} ms: {window:F1} segments, formula {expected:F1} (CUBIC {AverageCubicWindow(loss, rtt):F1}, Reno {AverageRenoWindow(loss):F1}): {window / expected:F2}, {seconds:F0} s");
        Assert.InRange(window / expected, 0.75, 1.35);
    }

    // RFC 9438, 5.1, equation 5, in segments.
    private static double AverageCubicWindow(double loss, double rtt) =>
        Math.Pow(C * (3 + Beta) / (4 * (1 - Beta)), 0.25) * Math.Pow(rtt / loss, 0.75);

    // RFC 9438, 4.3: the average window of AIMD with the decrease of CUBIC and the increase that makes it as fast as Reno.
    private static double AverageRenoWindow(double loss)
    {
        const double Increase = 3 * (1 - Beta) / (1 + Beta);
        return Math.Sqrt(Increase * (1 + Beta) / (2 * (1 - Beta) * loss));
    }

    // The goodput of a flow that always has data, behind slow start, as a window.
    private static double Measure(double loss, int rttMilliseconds, TimeSpan span)
    {
        var delay = new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(rttMilliseconds / 2.0), Seed = 11 };
        using var lab = new TcpLab(delay with { Loss = loss }, delay);
        (TcpSocket client, TcpSocket server) = lab.Connect();
        var data = new byte[65_536];
        long received = 0;
        Pump(TimeSpan.FromSeconds(10));
        received = 0;
        Instant begin = lab.Now;
        Pump(span);
        return received * (rttMilliseconds / 1000.0) / (lab.Now - begin).TotalSeconds / SegmentBytes;

        void Pump(TimeSpan time)
        {
            Instant end = lab.Now + time;
            lab.RunUntil(
                () =>
                {
                    while (client.Send(data, out _) == SocketResult.Ok)
                    {
                    }

                    for (int piece = server.Peek().Length; piece > 0; piece = server.Peek().Length)
                    {
                        server.Consume(piece);
                        received += piece;
                    }

                    return lab.Now >= end;
                },
                time + TimeSpan.FromSeconds(300));
        }
    }
}
