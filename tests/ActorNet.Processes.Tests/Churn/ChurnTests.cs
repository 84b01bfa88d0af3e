using System.Diagnostics;
using System.Globalization;

namespace ActorNet.Processes.Tests.Churn;

/// <summary>What came and went leaves nothing behind.</summary>
public sealed class ChurnTests(ITestOutputHelper output)
{
    private const int RoundsInBatch = 2;

    // A third of the batches is to have at least three.
    private const int FewestBatches = 9;

    // A batch has eight pods a host, eight Services, a kill and a cut: what leaks once with any of them rises by a third of the batches.
    private const double ActorsMore = 1, SocketsMore = 1, HandlesMore = 2, ThreadsMore = 3, HeapMegabytesMore = 8;

    /// <summary>Two rounds behind one that warms up leave the same numbers of everything that is counted, on hosts that stay in the cluster.</summary>
    [Fact]
    public async Task Pods_Services_and_cuts_of_tunnels_leave_as_many_actors_buffers_connections_rules_and_handles_as_there_were()
    {
        // What clients hold open at a moment is not the same at each.
        const int handlesMore = 6;
        await using var lab = new Lab();
        using ChurningLab churning = await ChurningLab.StartAsync(lab, 144);
        await churning.RoundAsync(loseHosts: false);
        HostFigures[] before = await churning.MeasureAsync();
        Tell(before, 0);

        for (int i = 0; i < 2; i++)
            await churning.RoundAsync(loseHosts: false);

        HostFigures[] after = await churning.MeasureAsync(now => before.Zip(now).All(static pair => IsSame(pair.First, pair.Second)));
        Tell(after, 0);

        static bool IsSame(HostFigures was, HostFigures now) =>
            (was.Links, was.Rules, was.Sockets) == (now.Links, now.Rules, now.Sockets) && now.Actors <= was.Actors && now.Handles <= was.Handles + handlesMore;
    }

    /// <summary>
    /// Equal batches of pods, Services, kills and cuts under load. Each must leave as much of everything as the one before.
    /// ACTORNET_CHURN_MINUTES says for how long; without it there is none: it needs a quarter of an hour to say something.
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
        List<HostFigures[]> batches = [];
        do
        {
            for (int i = 0; i < RoundsInBatch; i++)
                await churning.RoundAsync(loseHosts: true);
            batches.Add(await churning.MeasureAsync());
            Tell(batches[^1], Stopwatch.GetElapsedTime(start).TotalSeconds);
            if (batches.Count > 1)
                output.WriteLine(string.Join('\n', batches[^2].Zip(batches[^1]).Select(static pair => $"  {pair.Second.Host} actors: {pair.Second.ActorsBeside(pair.First)}")));
        }
        while (Stopwatch.GetElapsedTime(start) < length);
        for (int host = 0; host < batches[0].Length; host++)
            AssertLevel([.. batches.Select(batch => batch[host])]);
    }

    private void AssertLevel(HostFigures[] host)
    {
        (Levels Levels, double Bound)[] all =
        [
            (Of("heap, MB", static f => f.Resources.HeapBytes / 1e6), HeapMegabytesMore),
            (Of("actors", static f => f.Actors), ActorsMore),
            (Of("handles beside the log's", static f => f.Handles), HandlesMore),
            (Of("threads", static f => f.Resources.Threads), ThreadsMore),
            (Of("sockets", static f => f.Sockets), SocketsMore),
            (Of("links", static f => f.Links), 0),
            (Of("rules", static f => f.Rules), 0),
        ];
        output.WriteLine(string.Join('\n', all.Select(static each => each.Levels)));
        Assert.SkipUnless(host.Length >= FewestBatches, $"{host.Length} batches say nothing of a level: give it the minutes for {FewestBatches}");
        Assert.All(all, static each => Assert.True(each.Levels.Rise <= each.Bound, $"more than {each.Bound}: {each.Levels}"));

        Levels Of(string figure, Func<HostFigures, double> read) => new($"{host[0].Host} {figure}", [.. host.Select(read)]);
    }

    private void Tell(HostFigures[] figures, double seconds)
    {
        foreach (HostFigures each in figures)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s {each}"));
    }
}
