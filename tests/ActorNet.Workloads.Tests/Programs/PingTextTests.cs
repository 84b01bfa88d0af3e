using ActorNet.Workloads.Ping;

namespace ActorNet.Workloads.Tests.Programs;

/// <summary>The arithmetic of iputils 20221126, computed by hand from real outputs and from its source (ping/ping_common.c).</summary>
public class PingTextTests
{
    [Theory]
    [InlineData(4, "0.004")]
    [InlineData(999, "0.999")]
    [InlineData(1000, "1.00")]
    [InlineData(9994, "9.99")]
    [InlineData(9995, "10.0")]
    [InlineData(99949, "99.9")]
    [InlineData(99950, "100")]
    [InlineData(1499500, "1500")]
    public void Round_trips_have_three_digits(long microseconds, string text) => Assert.Equal(text, PingText.RoundTrip(microseconds));

    [Fact]
    public void A_real_run_has_the_real_numbers()
    {
        // The real tool on lo printed 0.813, 0.042 and 0.044 and then: rtt min/avg/max/mdev = 0.042/0.299/0.813/0.362 ms.
        var counts = new PingStatistics(isTiming: true);
        ushort sequence = 0;
        foreach (long time in new long[] { 813, 42, 44 })
        {
            counts.CountSent();
            Assert.False(counts.CountReply(++sequence, time));
        }

        counts.ElapsedMilliseconds = 406;
        Assert.Equal(
            "\n--- 127.0.0.1 ping statistics ---\n3 packets transmitted, 3 received, 0% packet loss, time 406ms\nrtt min/avg/max/mdev = 0.042/0.299/0.813/0.362 ms\n",
            PingText.Statistics("127.0.0.1", counts));
    }

    [Fact]
    public void Loss_duplicates_and_the_pipe_are_told()
    {
        var counts = new PingStatistics(isTiming: true);
        counts.CountSent();
        counts.CountSent();
        counts.CountSent();
        Assert.False(counts.CountReply(1, 100));
        Assert.True(counts.CountReply(1, 100));
        string text = PingText.Statistics("h", counts);
        // Two of three lost: %g of 66.66667; three were under way when the first came back.
        Assert.Contains("3 packets transmitted, 1 received, +1 duplicates, 66.6667% packet loss", text, StringComparison.Ordinal);
        Assert.EndsWith(" ms, pipe 3\n", text, StringComparison.Ordinal);
    }
}
