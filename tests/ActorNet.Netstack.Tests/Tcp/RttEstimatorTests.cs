using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack.Tests;

/// <summary>RFC 6298, by hand: SRTT and RTTVAR of 2.2 and 2.3 with alpha 1/8 and beta 1/4; the least 200 ms are on the part of the variation.</summary>
public sealed class RttEstimatorTests
{
    private const long Millisecond = 1_000_000;

    [Fact]
    public void Without_a_sample_the_timeout_is_one_second() => Assert.Equal(1000 * Millisecond, default(RttEstimator).Timeout);

    [Fact]
    public void The_first_sample_sets_the_mean_and_half_of_it_as_variation()
    {
        RttEstimator rtt = Sampled(100);
        Assert.Equal(100 * Millisecond, rtt.Smoothed);
        Assert.Equal(50 * Millisecond, rtt.Variation);
        Assert.Equal(300 * Millisecond, rtt.Timeout);
    }

    [Theory]
    [InlineData(200, 112.5, 62.5, 362.5)]
    [InlineData(100, 100, 37.5, 300)]
    [InlineData(900, 200, 237.5, 1150)]
    public void A_second_sample_moves_variation_first_and_then_the_mean(int second, double mean, double variation, double timeout)
    {
        RttEstimator rtt = Sampled(100, second);
        Assert.Equal(mean * Millisecond, rtt.Smoothed);
        Assert.Equal(variation * Millisecond, rtt.Variation);
        Assert.Equal(timeout * Millisecond, rtt.Timeout);
    }

    [Fact]
    public void Each_timeout_doubles_up_to_two_minutes()
    {
        RttEstimator rtt = Sampled(100);
        Assert.Equal(600 * Millisecond, rtt.BackedOff(1));
        Assert.Equal(1200 * Millisecond, rtt.BackedOff(2));
        Assert.Equal(76_800 * Millisecond, rtt.BackedOff(8));
        Assert.Equal(120_000 * Millisecond, rtt.BackedOff(9));
        Assert.Equal(120_000 * Millisecond, rtt.BackedOff(60));
    }

    [Fact]
    public void A_steady_path_brings_the_timeout_down_to_the_mean_and_200_ms()
    {
        RttEstimator rtt = default;
        for (int i = 0; i < 200; i++)
            rtt.Sample(40 * Millisecond, new Instant(i * 40 * Millisecond));
        Assert.Equal(240 * Millisecond, rtt.Timeout);
    }

    [Fact]
    public void The_least_time_is_forgotten_after_ten_minutes()
    {
        RttEstimator rtt = default;
        for (int second = 0; second < 700; second++)
            rtt.Sample((second < 1 ? 10 : 50) * Millisecond, new Instant(second * 1000 * Millisecond));
        Assert.Equal(50 * Millisecond, rtt.Minimum);
    }

    private static RttEstimator Sampled(params int[] milliseconds)
    {
        RttEstimator rtt = default;
        foreach (int sample in milliseconds)
            rtt.Sample(sample * Millisecond, default);
        return rtt;
    }
}
