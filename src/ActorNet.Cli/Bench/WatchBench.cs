using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Bench;

/// <summary>Measures how late many watchers hear of a change: at the promised rate, and then at higher ones until they are too late.</summary>
internal sealed class WatchBench : IAsyncDisposable
{
    // Each is changed by one writer, so that no write waits for a race.
    private const int Writers = 16;
    private const int StepsBetween = 3;
    private const string Namespace = "bench-watch";
    private const string ConfigMaps = $"api/v1/namespaces/{Namespace}/configmaps";
    private const string Selector = "labelSelector=told%3Dyes";

    private readonly BenchObjects _objects;
    private readonly LabHost _server;
    private readonly ControlBenchOptions _options;
    private readonly Tool _watchers;
    private readonly TextWriter _progress;
    private int _phase;

    private WatchBench(BenchObjects objects, LabHost server, ControlBenchOptions options, Tool watchers, TextWriter progress)
    {
        (_objects, _server, _options, _watchers, _progress) = (objects, server, options, watchers, progress);
    }

    /// <summary>Makes what will be changed and opens the watches.</summary>
    /// <param name="objects">The API.</param>
    /// <param name="server">The host that has it.</param>
    /// <param name="kubeconfig">By which the watchers find it.</param>
    /// <param name="options">How much.</param>
    /// <param name="progress">Where progress is said.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<WatchBench> StartAsync(BenchObjects objects, LabHost server, string kubeconfig, ControlBenchOptions options, TextWriter progress, CancellationToken ct)
    {
        await objects.CreateNamespaceAsync(Namespace, ct).ConfigureAwait(false);
        for (int i = 0; i < Writers; i++)
        {
            JsonObject map = BenchObjects.ConfigMap(NameOf(i), (WatchStamp.Key, default(WatchStamp).ToString()));
            map["metadata"]!["labels"] = new JsonObject { ["told"] = "yes" };
            await objects.CreateAsync(ConfigMaps, map, ct).ConfigureAwait(false);
        }

        ProcessStartInfo self = LabHost.Self();
        Tool watchers = Tool.Start(self.FileName, [.. self.ArgumentList, "bench", WatchersCommand.Name, kubeconfig, $"{ConfigMaps}?watch=1&allowWatchBookmarks=true&{Selector}", $"{options.Watchers}"]);
        try
        {
            await watchers.ReadLineAsync(ct).ConfigureAwait(false);
            return new WatchBench(objects, server, options, watchers, progress);
        }
        catch
        {
            await watchers.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Measures.</summary>
    /// <param name="ct">Cancellation.</param>
    public async Task<WatchReport> RunAsync(CancellationToken ct)
    {
        // The runtime compiles what the first events make hot.
        await PhaseAsync(_options.EventsPerSecond, ct).ConfigureAwait(false);
        WatchPhase promised = await PhaseAsync(_options.EventsPerSecond, ct).ConfigureAwait(false);
        return new WatchReport { Watchers = _options.Watchers, Promised = promised, Tried = await SearchAsync(promised, ct).ConfigureAwait(false) };
    }

    public ValueTask DisposeAsync() => _watchers.DisposeAsync();

    // Twice as fast until it does not hold, then between.
    private async Task<List<WatchPhase>> SearchAsync(WatchPhase first, CancellationToken ct)
    {
        List<WatchPhase> tried = [first];
        while (tried[^1].Holds && tried[^1].Rate * 2 <= _options.HighestRate)
            tried.Add(await PhaseAsync(tried[^1].Rate * 2, ct).ConfigureAwait(false));
        if (tried[^1].Holds)
            return tried;
        (double low, double high) = tried.Count > 1 ? (tried[^2].Rate, tried[^1].Rate) : (0, first.Rate);
        for (int step = 0; step < StepsBetween; step++)
        {
            double rate = Math.Round((low + high) / 2, 1);
            tried.Add(await PhaseAsync(rate, ct).ConfigureAwait(false));
            (low, high) = tried[^1].Holds ? (rate, high) : (low, rate);
        }

        return tried;
    }

    private async Task<WatchPhase> PhaseAsync(double rate, CancellationToken ct)
    {
        await _progress.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{_options.Watchers} watchers, {rate:0.#} events/s, {_options.Duration.TotalSeconds:0.#} s")).ConfigureAwait(false);
        int phase = ++_phase;
        TimeSpan before = _server.ProcessorTime;
        long start = TimeProvider.System.GetTimestamp();
        int events = Math.Max(1, (int)(rate * _options.Duration.TotalSeconds));
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => WriteAsync(writer, phase, rate, events, start, ct))).ConfigureAwait(false);
        double seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        double used = (_server.ProcessorTime - before).TotalSeconds;
        await _watchers.WriteLineAsync($"{phase} {(long)events * _options.Watchers}", ct).ConfigureAwait(false);
        WatchersSaw saw = JsonSerializer.Deserialize<WatchersSaw>(await _watchers.ReadLineAsync(ct).ConfigureAwait(false))!;
        return new WatchPhase
        {
            Rate = rate,
            // The last event is made one interval before the end.
            AchievedRate = Math.Round(Math.Min(rate, events / seconds), 1),
            Delivered = saw.Delivered,
            Missing = (long)events * _options.Watchers - saw.Delivered,
            P50Milliseconds = saw.P50Milliseconds,
            P99Milliseconds = saw.P99Milliseconds,
            MaxMilliseconds = saw.MaxMilliseconds,
            ServerPercentOfOneCore = Math.Round(used / seconds * 100, 1),
        };
    }

    // Every writer makes each of its events at its time, or as soon after it as the one before is answered.
    private async Task WriteAsync(int writer, int phase, double rate, int events, long start, CancellationToken ct)
    {
        for (int number = writer; number < events; number += Writers)
        {
            TimeSpan due = TimeSpan.FromSeconds(number / rate) - TimeProvider.System.GetElapsedTime(start);
            if (due > TimeSpan.Zero)
                await Task.Delay(due, ct).ConfigureAwait(false);
            var stamp = new WatchStamp(phase, TimeProvider.System.GetTimestamp());
            await _objects.PatchAsync($"{ConfigMaps}/{NameOf(writer)}", new JsonObject { ["data"] = new JsonObject { [WatchStamp.Key] = stamp.ToString() } }, ct).ConfigureAwait(false);
        }
    }

    private static string NameOf(int writer) => $"told-{writer}";
}
