using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using ActorNet.Histories;

namespace ActorNet.Processes.Tests.Nemesis;

/// <summary>
/// Concurrent clients read, append to and compare-and-set lists through the REST API of three real hosts, and watch them, while hosts are killed, frozen, cut
/// off, delayed, stopped and started again. A checker decides whether the answers can be explained by one order of all operations, and whether watchers were told
/// all in order and once; the hosts' copies of the store must be of one log. A minute; ACTORNET_NEMESIS_SECONDS is another time, ACTORNET_NEMESIS_SEED a seed.
/// </summary>
public sealed class HistoryTests(ITestOutputHelper output)
{
    private const int Clients = 6, Lists = 4, FirstToken = 0;

    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(4), KeysLast = TimeSpan.FromSeconds(60);

    private readonly HistoryRecorder _history = new(TimeProvider.System);
    private readonly ConcurrentDictionary<OperationOutcome, int> _outcomes = new();
    private readonly Stopwatch _time = Stopwatch.StartNew();
    private string[] _keys = [];
    private long _lastWrite, _awaited = long.MaxValue, _firstWrite;

    [Fact]
    public async Task What_clients_and_watchers_were_told_has_one_order_while_hosts_are_killed_frozen_and_cut_off()
    {
        TimeSpan length = TimeSpan.FromSeconds(Setting("ACTORNET_NEMESIS_SECONDS", 60));
        int seed = Setting("ACTORNET_NEMESIS_SEED", Random.Shared.Next());
        Say($"seed {seed}, {length.TotalSeconds:0} s");
        await PlayAsync(seed, (trio, fronts) => StrikeAsync(trio, fronts, new Random(seed), length));
    }

    // Each pair of pods on the hosts that live keeps its connection.
    [Fact]
    public async Task Writes_and_connections_go_on_when_the_API_servers_host_is_killed_or_frozen() => await PlayAsync(0, async (trio, _) =>
    {
        await trio.RunPodsAsync();
        var took = new List<double>();
        for (int kill = Setting("ACTORNET_FAILOVER_KILLS", 1); kill > 0; kill--)
            took.Add(await KillAsync(trio));
        took.Sort();
        Say($"{took.Count} kills: acknowledged again after {took[took.Count / 2]:0.00} s at the median, {took[^1]:0.00} s at worst");
        for (int freeze = Setting("ACTORNET_FAILOVER_FREEZES", 1); freeze > 0; freeze--)
            await FreezeUntilAnotherServesAsync(trio);
    });

    /// <returns>The seconds until a write was acknowledged that began when the host was dead.</returns>
    private async Task<double> KillAsync(HostTrio trio)
    {
        int host = await trio.WholeAsync();
        using PodConnection connection = await trio.ConnectAsync((host + 1) % trio.Count, (host + 2) % trio.Count);
        // A write that begins before the host is dead says nothing.
        Volatile.Write(ref _awaited, long.MaxValue);
        Volatile.Write(ref _firstWrite, 0);
        long killed = Stopwatch.GetTimestamp();
        await trio[host].KillAsync();
        Volatile.Write(ref _awaited, Stopwatch.GetTimestamp());
        await Lab.UntilAsync(() => Task.FromResult(Interlocked.Read(ref _firstWrite)), static write => write > 0, "writes are acknowledged again");
        double took = Stopwatch.GetElapsedTime(killed, Interlocked.Read(ref _firstWrite)).TotalSeconds;
        Say($"{HostTrio.NameOf(host)}, which had the API, was killed; a write was acknowledged after {took:0.00} s");
        await connection.GoesOnAsync();
        await connection.EndAsync();
        trio.Restart(host);
        return took;
    }

    // Frozen until another has the API and acknowledges, then thawed into a cluster that went on.
    private async Task FreezeUntilAnotherServesAsync(HostTrio trio)
    {
        int frozen = await trio.WholeAsync();
        await trio[frozen].SignalAsync("STOP");
        long since = Stopwatch.GetTimestamp();
        await Lab.UntilAsync(() => Task.FromResult(Interlocked.Read(ref _lastWrite)), write => write > since, "writes are acknowledged while the API's host is frozen");
        Say($"{HostTrio.NameOf(frozen)}, which had the API, was frozen; a write was acknowledged after {Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s");
        await trio[frozen].SignalAsync("CONT");
        int before = _history.Count;
        await Lab.UntilAsync(() => Task.FromResult(_history.Count), count => count > before + 200, "clients go on behind the thaw");
        await trio.WholeAsync();
    }

    private async Task PlayAsync(int seed, Func<HostTrio, RestLists[], Task> trouble)
    {
        await using var lab = new Lab();
        using var trio = new HostTrio(lab, lab.Place(131), lab.Place(132), lab.Place(133));
        await trio.StartAsync();
        Say("three hosts keep the store");
        RestLists[] fronts = [.. Enumerable.Range(0, trio.Count).Select(each => new RestLists(trio.Open(each)))];
        await NewKeysAsync(trio.Open(0), fronts);
        ListWatcher[] watchers = [.. fronts.Select((_, i) => new ListWatcher($"the watcher that began at {HostTrio.NameOf(i)}", fronts, i))];
        using CancellationTokenSource enough = new(), watchedEnough = new();
        Task[] watching = [.. watchers.Select(each => Task.Run(() => each.RunAsync(watchedEnough.Token)))];
        await Lab.UntilAsync(() => Task.FromResult(watchers.Min(static each => each.Last)), static last => last >= 0, "every watcher has begun");
        Task[] clients = [.. Enumerable.Range(1, Clients).Select(i => Task.Run(() => RunAsync(i, new Random(seed + i), fronts, enough.Token)))];

        await trouble(trio, fronts);

        await enough.CancelAsync();
        await Task.WhenAll(clients);
        long last = await EndAsync(fronts);
        await Lab.UntilAsync(() => Task.FromResult(watchers.Min(static each => each.Last)), each => each >= last, $"every watcher is told of revision {last}");
        await watchedEnough.CancelAsync();
        await Task.WhenAll(watching);
        await trio.AlikeAsync();
        Judge(watchers, fronts, trio.Copies, last);
    }

    private async Task StrikeAsync(HostTrio trio, RestLists[] fronts, Random random, TimeSpan length)
    {
        var strikes = new Strikes(trio, random);
        long until = Stopwatch.GetTimestamp() + (long)(length.TotalSeconds * Stopwatch.Frequency), nextKeys = Stopwatch.GetTimestamp() + (long)(KeysLast.TotalSeconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < until)
        {
            await Task.Delay(random.Next(200, 1500));
            // In half of the cases the cluster is not whole yet: a host is killed that others need, or that is on its way back.
            if (random.Next(2) == 0)
                await trio.WholeAsync();
            Say($"  begins, {_history.Count} operations so far");
            string what = await strikes.NextAsync();
            long ended = Stopwatch.GetTimestamp();
            await WritesGoOnAsync(trio, ended, what);
            Say($"{what}; a write was acknowledged {Stopwatch.GetElapsedTime(ended).TotalSeconds:0.0} s behind it");
            if (Stopwatch.GetTimestamp() < nextKeys)
                continue;
            await NewKeysAsync(null, fronts);
            nextKeys = Stopwatch.GetTimestamp() + (long)(KeysLast.TotalSeconds * Stopwatch.Frequency);
        }

        Say($"faults: {strikes.Counted}");
    }

    private async Task WritesGoOnAsync(HostTrio trio, long since, string what)
    {
        try
        {
            await Lab.UntilAsync(() => Task.FromResult(Interlocked.Read(ref _lastWrite)), write => write > since, $"writes are acknowledged again after: {what}");
        }
        catch
        {
            // What the hosts think of it is what the failure has to be understood by.
            for (int host = 0; host < trio.Count; host++)
                Say($"{HostTrio.NameOf(host)}: {System.Text.Json.JsonSerializer.Serialize(await trio.StatusAsync(host))}\n{string.Join('\n', trio[host].Said.Split('\n').TakeLast(30))}");
            throw;
        }
    }

    private async Task RunAsync(int number, Random random, RestLists[] fronts, CancellationToken enough)
    {
        var client = new ListClient(number, _history, random);
        while (!enough.IsCancellationRequested)
        {
            using var patience = new CancellationTokenSource(RequestPatience);
            RestLists front = fronts[random.Next(fronts.Length)];
            string[] keys = Volatile.Read(ref _keys);
            long begun = Stopwatch.GetTimestamp();
            OperationOutcome outcome = random.Next(20) switch
            {
                0 => await ReadAllAsync(number, front, keys, patience.Token),
                1 => await ReadOldAsync(front, patience.Token),
                _ => await StepAsync(client, front, keys[random.Next(keys.Length)], begun, patience.Token),
            };
            _outcomes.AddOrUpdate(outcome, 1, static (_, n) => n + 1);
            // A host that is away refuses at once.
            await Task.Delay(outcome is OperationOutcome.NotDone ? 50 : random.Next(1, 20), CancellationToken.None);
        }
    }

    private async Task<OperationOutcome> StepAsync(ListClient client, RestLists front, string key, long begun, CancellationToken cancel)
    {
        OperationOutcome outcome = await client.StepAsync(front, key, cancel);
        // Reads show nothing of whether writes are possible.
        if (outcome is OperationOutcome.Answered && client.WroteLast)
        {
            Interlocked.Exchange(ref _lastWrite, begun);
            if (begun > Volatile.Read(ref _awaited))
                Interlocked.CompareExchange(ref _firstWrite, Stopwatch.GetTimestamp(), 0);
        }

        return outcome;
    }

    // One read of each list, all at one moment: each list's history has to explain its own.
    private async Task<OperationOutcome> ReadAllAsync(int client, RestLists front, string[] keys, CancellationToken cancel)
    {
        long call = _history.Call();
        try
        {
            foreach (ListVersion each in (await front.ReadAllAsync(cancel)).Lists.Where(each => keys.Contains(each.Key)))
            {
                _history.Answered(client, each.Key, new ListOperation.Read(each.List), call);
                _history.Told(each);
            }

            return OperationOutcome.Answered;
        }
        catch (Exception failure) when (failure is not Xunit.Sdk.XunitException)
        {
            return failure is NotDoneException ? OperationOutcome.NotDone : OperationOutcome.Unknown;
        }
    }

    // A read that may be of the past but not of before what is known: of no use to the order of all, but it must have been so once.
    private async Task<OperationOutcome> ReadOldAsync(RestLists front, CancellationToken cancel)
    {
        if (_history.Versions.LastOrDefault() is not { } known)
            return OperationOutcome.NotDone;
        try
        {
            ListVersion read = await front.ReadNotOlderAsync(known, cancel);
            Assert.True(read.Revision >= known.Revision, $"not older than {known} was asked for, and {read} was answered");
            _history.Told(read);
            return OperationOutcome.Answered;
        }
        catch (Exception failure) when (failure is not Xunit.Sdk.XunitException)
        {
            return failure is NotDoneException ? OperationOutcome.NotDone : OperationOutcome.Unknown;
        }
    }

    // What a search costs grows with the length of a history: a long run has several.
    private async Task NewKeysAsync(HttpClient? first, RestLists[] fronts)
    {
        string[] keys = [.. Enumerable.Range(0, Lists).Select(i => string.Create(CultureInfo.InvariantCulture, $"k{_time.ElapsedMilliseconds}-{i}"))];
        if (first is not null)
            await SurelyAsync(fronts, cancel => CreateNamespaceAsync(first, cancel));
        foreach (string key in keys)
            await SurelyAsync(fronts, async (front, cancel) => await front.CreateAsync(key, FirstToken, cancel));
        Volatile.Write(ref _keys, keys);
    }

    private static async Task CreateNamespaceAsync(HttpClient http, CancellationToken cancel)
    {
        using var body = new StringContent($$$"""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"{{{RestLists.Namespace}}}"}}""", System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await http.PostAsync("/api/v1/namespaces", body, cancel);
        Assert.True(answer.StatusCode is System.Net.HttpStatusCode.Created or System.Net.HttpStatusCode.Conflict, await answer.Content.ReadAsStringAsync(cancel));
    }

    // All is healed: each host shows what is so, and a last write to each list is what every watcher has to see.
    private async Task<long> EndAsync(RestLists[] fronts)
    {
        var client = new ListClient(Clients + 1, _history, new Random(0));
        foreach (string key in _keys)
        {
            foreach (RestLists front in fronts)
                await SurelyAsync([front], async (_, cancel) => Assert.Equal(OperationOutcome.Answered, await client.ReadAsync(front, key, cancel)));
            await SurelyAsync(fronts, async (front, cancel) => Assert.Equal(OperationOutcome.Answered, await client.AppendAsync(front, key, cancel)));
            await SurelyAsync(fronts, async (front, cancel) => Assert.Equal(OperationOutcome.Answered, await client.ReadAsync(front, key, cancel)));
        }

        return _history.Versions.Max(static each => each.Revision);
    }

    private Task SurelyAsync(RestLists[] fronts, Func<CancellationToken, Task> what) => SurelyAsync(fronts, (_, cancel) => what(cancel));

    private static async Task SurelyAsync(RestLists[] fronts, Func<RestLists, CancellationToken, Task> what)
    {
        int attempt = 0;
        await Lab.UntilAsync(
            async () =>
            {
                using var patience = new CancellationTokenSource(RequestPatience);
                try
                {
                    await what(fronts[attempt++ % fronts.Length], patience.Token);
                    return "";
                }
                catch (Exception failure)
                {
                    return failure.Message;
                }
            },
            static answer => answer.Length == 0, "the API answers");
    }

    private void Judge(ListWatcher[] watchers, RestLists[] fronts, CopyAudit copies, long last)
    {
        IReadOnlyDictionary<string, Verdict> verdicts = _history.Decide(static _ => TokenList.Of(FirstToken));
        IReadOnlyList<string> told = WatchAudit.Violations([.. watchers.SelectMany(each => each.Told(last))], _history.Versions);
        string[] unordered = [.. verdicts.Where(static each => !each.Value.IsLinearizable).Select(static each => $"{each.Key}: {each.Value.Decision}: {each.Value.Explanation}")];
        string[] strange = [.. fronts.SelectMany(static each => each.Strange).Select(static each => $"{each.Value} times {each.Key}")];
        Say($"{_history.Count} operations judged ({string.Join(", ", _outcomes.OrderBy(static each => each.Key).Select(static each => $"{each.Value} {each.Key}"))}) on {verdicts.Count} lists; "
            + $"{watchers.Sum(static each => each.Events)} events over {watchers.Sum(static each => each.Connections)} watches, {watchers.Sum(static each => each.Relists)} of which ended with 410; "
            + $"violations: {unordered.Length} of order, {told.Count} of watches, {copies.Violations.Count} of copies at {copies.Entries} entries of the log; {strange.Length} strange answers");
        foreach (string each in (string[])[.. unordered, .. told.Take(20), .. copies.Violations.Take(20), .. strange.Take(20)])
            Say(each);
        Assert.Empty(unordered);
        Assert.Empty(told);
        Assert.Empty(copies.Violations);
        Assert.Empty(strange);
        Assert.True(_history.Count > 100, "too little was done to be judged");
    }

    private static int Setting(string name, int otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private void Say(string what) => output.WriteLine($"{_time.Elapsed.TotalSeconds,6:0.0} s: {what}");
}
