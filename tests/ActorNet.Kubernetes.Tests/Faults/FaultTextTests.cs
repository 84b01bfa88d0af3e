using ActorNet.Dataplane.Links;
using ActorNet.Kubernetes.Faults;

namespace ActorNet.Kubernetes.Tests.Faults;

public sealed class FaultTextTests
{
    [Theory]
    [InlineData("1%", 0.01)]
    [InlineData("0.5%", 0.005)]
    [InlineData("0%", 0.0)]
    [InlineData("100%", 1.0)]
    public void Shares_are_per_cent(string text, double share)
    {
        Assert.True(FaultText.TryReadShare(text, out double read));
        Assert.Equal(share, read, 12);
        Assert.Equal(text, FaultText.Share(read));
    }

    [Theory]
    [InlineData("20ms", 20_000)]
    [InlineData("1500us", 1_500)]
    [InlineData("0.5s", 500_000)]
    [InlineData("30s", 30_000_000)]
    [InlineData("2m", 120_000_000)]
    [InlineData("1h", 3_600_000_000)]
    public void Times_have_a_unit(string text, long microseconds)
    {
        Assert.True(FaultText.TryReadTime(text, out TimeSpan read));
        Assert.Equal(microseconds, read.TotalMicroseconds);
        Assert.True(FaultText.TryReadTime(FaultText.Of(read), out TimeSpan again));
        Assert.Equal(read, again);
    }

    [Theory]
    [InlineData("10mbit", 10_000_000)]
    [InlineData("2.5Gbit", 2_500_000_000)]
    [InlineData("64kbit", 64_000)]
    [InlineData("9600bit", 9_600)]
    public void Rates_are_in_the_bits_of_tc(string text, long bits)
    {
        Assert.True(FaultText.TryReadRate(text, out long read));
        Assert.Equal(bits, read);
        Assert.True(FaultText.TryReadRate(FaultText.Rate(read), out long again));
        Assert.Equal(read, again);
    }

    [Theory]
    [InlineData("130%")]
    [InlineData("-1%")]
    [InlineData("0.1")]
    [InlineData("1e300%")]
    [InlineData("NaN%")]
    [InlineData("%")]
    [InlineData("")]
    public void What_is_no_share_is_refused(string text) => Assert.False(FaultText.TryReadShare(text, out _));

    [Theory]
    [InlineData("20")]
    [InlineData("ms")]
    [InlineData("-5ms")]
    [InlineData("20 days")]
    [InlineData("99999999h")]
    public void What_is_no_time_is_refused(string text) => Assert.False(FaultText.TryReadTime(text, out _));

    [Theory]
    [InlineData("10")]
    [InlineData("0bit")]
    [InlineData("10mbps")]
    [InlineData("2tbit")]
    public void What_is_no_rate_is_refused(string text) => Assert.False(FaultText.TryReadRate(text, out _));

    [Fact]
    public void Bursts_take_two_to_four_shares()
    {
        Assert.True(FaultText.TryReadBurst("1%,25%", out BurstLoss? two));
        Assert.Equal(new BurstLoss(0.01, 0.25), two);
        Assert.True(FaultText.TryReadBurst("1%,25%,50%,2%", out BurstLoss? four));
        Assert.Equal(new BurstLoss(0.01, 0.25, 0.5, 0.02), four);
        Assert.False(FaultText.TryReadBurst("1%", out _));
        Assert.False(FaultText.TryReadBurst("1%,2%,3%,4%,5%", out _));
        Assert.False(FaultText.TryReadBurst("1%,200%", out _));
    }

    [Fact]
    public void What_is_wrong_is_said_in_the_words_of_the_command_line() => Assert.Equal(
        "loss 1% loss-correlation 25% delay 20ms jitter 5ms distribution paretonormal duplicate 2% reorder 3% corrupt 0.1% rate 10mbit mtu 1400",
        FaultText.Of(new ImpairmentSettings
        {
            Loss = 0.01,
            LossCorrelation = 0.25,
            Delay = TimeSpan.FromMilliseconds(20),
            Jitter = TimeSpan.FromMilliseconds(5),
            Distribution = JitterDistribution.ParetoNormal,
            Duplicate = 0.02,
            Reorder = 0.03,
            Corrupt = 0.001,
            Rate = 10_000_000,
            Mtu = 1400,
        }));
}
