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
    private const double ActorsMore = 1, SocketsMore = 1, HandlesMore = 2, ThreadsMore = 3;

    // Hosts keep up to 4,096 changes of each kind for watches (ObjectReplica). Pods, events and endpoints fill that in half of this time, leases, small ones, in 20
    // minutes: some 3 MB from the middle to the last third. There are 15 batches between: 24 pods a batch that each left 10 KB would add another 3.6.
    private static readonly TimeSpan HeapNeeds = TimeSpan.FromMinutes(15);
    private const double HeapMegabytesMore = 6;

    /// <summary>
    /// Rounds of pods, Services and faults under load leave as much of everything as there was. ACTORNET_CHURN_MINUTES says for how long, with hosts that are
    /// killed and cut off; without it there are three rounds with neither, judged by what is counted: the heap needs a quarter of an hour to say something.
    /// </summary>
    [Fact]
    public Task Pods_Services_and_faults_that_come_and_go_leave_the_hosts_with_what_they_had() =>
        Environment.GetEnvironmentVariable("ACTORNET_CHURN_MINUTES") is { } minutes ? ManyBatchesAsync(TimeSpan.FromMinutes(double.Parse(minutes, CultureInfo.InvariantCulture))) : FewRoundsAsync();

    // Two rounds behind one that warms up.
    private async Task FewRoundsAsync()
    {
        // One actor and a few connections of clients may be on their way; what a round leaves behind is there twice.
        const int actorsMore = 1, handlesMore = 12;
        await using var lab = new Lab();
        long start = Stopwatch.GetTimestamp();
        using ChurningLab churning = await ChurningLab.StartAsync(lab, 144);
        await churning.RoundAsync(loseHosts: false);
        HostFigures[] before = await churning.MeasureAsync();
        Tell(before, start);

        for (int i = 0; i < 2; i++)
            await churning.RoundAsync(loseHosts: false);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0} s all rounds"));

        Tell(await churning.MeasureAsync(now => IsSame(before, now)), start);

        // Together, because the API server may move from one to the other.
        static bool IsSame(HostFigures[] was, HostFigures[] now) =>
            was.Zip(now).All(static pair => (pair.First.Links, pair.First.Rules, pair.First.Sockets) == (pair.Second.Links, pair.Second.Rules, pair.Second.Sockets))
            && now.Sum(static host => host.Actors) <= was.Sum(static host => host.Actors) + actorsMore && now.Sum(static host => host.Handles) <= was.Sum(static host => host.Handles) + handlesMore;
    }

    private async Task ManyBatchesAsync(TimeSpan length)
    {
        await using var lab = new Lab();
        using ChurningLab churning = await ChurningLab.StartAsync(lab, 140);
        long start = Stopwatch.GetTimestamp();
        List<HostFigures[]> batches = [];
        do
        {
            for (int i = 0; i < RoundsInBatch; i++)
                await churning.RoundAsync(loseHosts: true);
            batches.Add(await churning.MeasureAsync());
            Tell(batches[^1], start);
            if (batches.Count > 1)
                output.WriteLine(string.Join('\n', batches[^2].Zip(batches[^1]).Select(static pair => $"  {pair.Second.Host} actors: {pair.Second.ActorsBeside(pair.First)}")));
        }
        while (Stopwatch.GetElapsedTime(start) < length);
        for (int host = 0; host < batches[0].Length; host++)
            AssertLevel([.. batches.Select(batch => batch[host])], judgesHeap: length >= HeapNeeds);
    }

    private void AssertLevel(HostFigures[] host, bool judgesHeap)
    {
        var heap = new HeapGrowth(host);
        (Levels Levels, double Bound)[] all =
        [
            (Of("actors", static f => f.Actors), ActorsMore),
            (Of("handles beside the log's", static f => f.Handles), HandlesMore),
            (Of("threads", static f => f.Resources.Threads), ThreadsMore),
            (Of("sockets", static f => f.Sockets), SocketsMore),
            (Of("links", static f => f.Links), 0),
            (Of("rules", static f => f.Rules), 0),
        ];
        output.WriteLine(string.Join('\n', all.Select(static each => $"{each.Levels}").Prepend($"{heap}")));
        Assert.SkipUnless(host.Length >= FewestBatches, $"{host.Length} batches say nothing of a level: give it the minutes for {FewestBatches}");
        Assert.All(all, static each => Assert.True(each.Levels.Rise <= each.Bound, $"more than {each.Bound}: {each.Levels}"));
        Assert.True(!judgesHeap || heap.Megabytes <= HeapMegabytesMore, $"more than {HeapMegabytesMore}: {heap}");

        Levels Of(string figure, Func<HostFigures, double> read) => new($"{host[0].Host} {figure}", [.. host.Select(read)]);
    }

    private void Tell(HostFigures[] figures, long start)
    {
        foreach (HostFigures each in figures)
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0} s {each}"));
    }
}
