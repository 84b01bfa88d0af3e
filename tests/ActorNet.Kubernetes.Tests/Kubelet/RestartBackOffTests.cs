using ActorNet.Kubernetes.Kubelet;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>kubernetes client-go util/flowcontrol/backoff_test.go in a kubelet's use: 10 s, twice as long each time, five minutes at most, anew after ten.</summary>
public sealed class RestartBackOffTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_first_restart_is_at_once_and_the_waits_double_up_to_five_minutes()
    {
        RestartBackOff backOff = New();
        DateTimeOffset now = Start;
        var waits = new List<double>();
        for (int i = 0; i < 8; i++)
        {
            // It crashes at once each time.
            DateTimeOffset due = backOff.DueAfter(now);
            waits.Add(due == DateTimeOffset.MinValue ? 0 : (due - now).TotalSeconds);
            DateTimeOffset finished = now;
            now = due > now ? due : now;
            backOff.Next(finished, now);
        }

        Assert.Equal([0, 10, 20, 40, 80, 160, 300, 300], waits);
    }

    [Theory]
    [InlineData(599, 40)]
    [InlineData(600, 40)]
    [InlineData(601, 0)]
    public void What_ran_for_more_than_ten_minutes_begins_anew(int seconds, int wait)
    {
        RestartBackOff backOff = New();
        DateTimeOffset now = Start;
        foreach (int _ in new[] { 0, 10, 20 })
        {
            DateTimeOffset due = backOff.DueAfter(now);
            backOff.Next(now, due > now ? due : now);
            now = due > now ? due : now;
        }

        // The third restart was at "now".
        DateTimeOffset finished = now.AddSeconds(seconds);
        DateTimeOffset next = backOff.DueAfter(finished);
        Assert.Equal(wait, next == DateTimeOffset.MinValue ? 0 : (next - finished).TotalSeconds);
    }

    private static RestartBackOff New()
    {
        var settings = new KubeletSettings();
        return new RestartBackOff(settings.RestartBackOff, settings.MaxRestartBackOff);
    }
}
