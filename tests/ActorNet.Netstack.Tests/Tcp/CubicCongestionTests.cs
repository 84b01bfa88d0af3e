using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack.Tests;

/// <summary>CUBIC against the formulas of RFC 9438, computed here for themselves.</summary>
public sealed class CubicCongestionTests
{
    private const int Mss = 1000;
    private const double C = 0.4;

    [Fact]
    public void Slow_start_grows_by_what_is_acknowledged()
    {
        var cubic = new CubicCongestion { Window = 10 * Mss };
        cubic.OnAcknowledged(10 * Mss, Mss, 1, default);
        Assert.Equal(20 * Mss, cubic.Window);
    }

    [Fact]
    public void Slow_start_stops_at_the_threshold()
    {
        var cubic = new CubicCongestion { Window = 10 * Mss, Threshold = 15 * Mss };
        cubic.OnAcknowledged(5 * Mss, Mss, 100_000_000, default);
        Assert.Equal(15 * Mss, cubic.Window);
    }

    [Fact]
    public void A_loss_leaves_seven_tenths_and_remembers_where_it_was()
    {
        var cubic = new CubicCongestion { Window = 100 * Mss };
        Assert.Equal(70 * Mss, cubic.Reduce(Mss));
        Assert.Equal(100, cubic.WindowMax, 6);
    }

    [Fact]
    public void A_second_loss_further_down_gives_up_room()
    {
        // 4.7: cwnd < W_max, so W_max = cwnd * (1 + beta) / 2 = 80 * 0.85.
        var cubic = new CubicCongestion { Window = 100 * Mss };
        cubic.Reduce(Mss);
        cubic.Window = 80 * Mss;
        cubic.Reduce(Mss);
        Assert.Equal(68, cubic.WindowMax, 6);
    }

    [Fact]
    public void The_threshold_is_never_below_two_segments()
    {
        var cubic = new CubicCongestion { Window = Mss };
        Assert.Equal(2 * Mss, cubic.Reduce(Mss));
    }

    [Theory]
    [InlineData(1000, 0.200)]
    [InlineData(500, 0.100)]
    [InlineData(300, 0.300)]
    public void After_a_loss_the_window_follows_the_curve(int segments, double rtt)
    {
        double beta = 0.7 * segments;
        double k = Math.Cbrt((segments - beta) / C);
        CubicCongestion cubic = AfterLoss(segments);
        for (double t = 0; t < 2 * k; t += rtt)
        {
            double curve = (C * Math.Pow(t - k, 3)) + segments;
            double ahead = (C * Math.Pow(t + rtt - k, 3)) + segments;
            double seen = (double)cubic.Window / Mss;
            if (t > rtt)
                Assert.InRange(seen, curve * 0.98, Math.Max(ahead, curve) * 1.02);
            Acknowledge(cubic, t, rtt);
        }

        Assert.Equal(k, cubic.TimeToOrigin, 6);
    }

    [Fact]
    public void On_a_short_path_the_window_grows_as_Reno_would()
    {
        // 4.3: alpha = 3 (1 - 0.7) / (1 + 0.7) = 0.529 segments each round trip, until the old window is reached.
        CubicCongestion cubic = AfterLoss(40);
        for (int round = 0; round < 15; round++)
            Acknowledge(cubic, round * 0.005, 0.005);
        Assert.InRange((double)cubic.Window / Mss, 28 + (15 * 0.529 * 0.95), 28 + (15 * 0.529 * 1.05));
    }

    [Fact]
    public void Silence_moves_the_curve_on()
    {
        CubicCongestion busy = AfterLoss(1000);
        CubicCongestion idle = AfterLoss(1000);
        for (double t = 0; t < 1; t += 0.1)
        {
            Acknowledge(busy, t, 0.1);
            Acknowledge(idle, t, 0.1);
        }

        idle.OnIdle(60_000_000_000);
        Acknowledge(busy, 1, 0.1);
        Acknowledge(idle, 61, 0.1);
        Assert.Equal(busy.Window, idle.Window);
    }

    private static CubicCongestion AfterLoss(int segments)
    {
        var cubic = new CubicCongestion { Window = segments * Mss };
        cubic.Threshold = cubic.Reduce(Mss);
        cubic.Window = cubic.Threshold;
        return cubic;
    }

    // A round trip's worth of ACKs for two segments each.
    private static void Acknowledge(CubicCongestion cubic, double seconds, double rtt)
    {
        long window = cubic.Window;
        for (long acked = 0; acked < window; acked += 2 * Mss)
        {
            double at = seconds + (rtt * acked / window);
            cubic.OnAcknowledged(Math.Min(2 * Mss, window - acked), Mss, (long)(rtt * 1e9), new Instant((long)(at * 1e9)));
        }
    }
}
