using System.Diagnostics;
using System.Globalization;

namespace ActorNet.Processes.Tests.Churn;

/// <summary>What came and went leaves nothing behind.</summary>
public sealed class ChurnTests(ITestOutputHelper output)
{
    private const int RoundsInBatch = 2;
    private const int HandlesMore = 6, ActorsMore = 6, ThreadsMore = 10;
    private const long HeapMore = 100 << 20;

    /// <summary>
    /// Equal batches of pods, Services, kills and cuts under load. The first warms up; each further one must leave as much of everything as the one before.
    /// ACTORNET_CHURN_MINUTES says for how long; without it there is none: it has not run often enough to be judged on every machine.
    /// </summary>
    [Fact]
    public async Task Batch_after_batch_of_pods_Services_kills_and_cuts_leaves_the_hosts_with_what_they_had()
    {
        string? minutes = Environment.GetEnvironmentVariable("ACTORNET_CHURN_MINUTES");
        Assert.SkipUnless(minutes is not null, "runs when ACTORNET_CHURN_MINUTES says for how long");
        TimeSpan length = TimeSpan.FromMinutes(double.Parse(minutes!, CultureInfo.InvariantCulture));
        await using var lab = new Lab();
        using ChurningLab churning = await ChurningLab.StartAsync(lab, 140);
        long start = Stopwatch.GetTimestamp();
        HostFigures[] before = await BatchAsync(churning, start);
        HostFigures[] first = before;
        do
        {
            HostFigures[] after = await BatchAsync(churning, start);
            foreach ((HostFigures was, HostFigures now) in before.Zip(after))
                output.WriteLine($"  {now.Host} actors: {now.ActorsBeside(was)}");
            before = after;
        }
        while (Stopwatch.GetElapsedTime(start) < length);
        foreach ((HostFigures was, HostFigures now) in first.Zip(before))
            AssertNoMore(was, now);
    }

    private async Task<HostFigures[]> BatchAsync(ChurningLab churning, long start)
    {
        for (int i = 0; i < RoundsInBatch; i++)
            await churning.RoundAsync();
        HostFigures[] figures = await churning.MeasureAsync(waitForClosedConnections: false);
        foreach (HostFigures each in figures)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0} s {each}"));
        return figures;
    }

    // Each batch has eight pods a host, eight Services, a kill and a cut: what leaks with any of them grows by more than these allow.
    private static void AssertNoMore(HostFigures was, HostFigures now)
    {
        string both = $"{was}\n{now}\n{now.ActorsBeside(was)}";
        Assert.True((was.Links, was.Rules, was.Sockets) == (now.Links, now.Rules, now.Sockets), both);
        // One may be on its way at any moment.
        Assert.True(now.Actors - was.Actors <= ActorsMore, both);
        // The log of the store has files of its own until a snapshot takes their place.
        Assert.True(now.Resources.Handles - now.LogFiles - (was.Resources.Handles - was.LogFiles) <= HandlesMore, both);
        Assert.True(now.Resources.Threads - was.Resources.Threads <= ThreadsMore, both);
        // Old revisions of the store are kept for five to ten minutes.
        Assert.True(now.Resources.HeapBytes - was.Resources.HeapBytes <= HeapMore, both);
    }
}
