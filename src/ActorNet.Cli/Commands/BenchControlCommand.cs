using System.CommandLine;
using System.Text.Json;
using ActorNet.Cli.Bench;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet bench control`: how fast the API of a cluster on this machine is.</summary>
internal static class BenchControlCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private static readonly ControlBenchOptions Default = new();

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var output = new Option<string?>("-o", "--output") { Description = "json for programs; default: a table", HelpName = "FORMAT" };
        Option<int> pods = Number("--pods", "Pods that a Deployment makes", Default.Pods);
        Option<int> crowd = Number("--crowd", "Pods that a Deployment makes on three further hosts, as 2000; 0: none", Default.Crowd);
        Option<int> objects = Number("--objects", "Objects in the list", Default.Objects);
        Option<int> watchers = Number("--watchers", "Watchers, each with a connection of its own", Default.Watchers);
        Option<int> writers = Number("--writers", "Writers of the store, and of the API, each with one write under way", Default.Writers);
        var rate = new Option<double>("--rate") { Description = $"Events in a second that each watcher is told. Default: {Default.EventsPerSecond:0}", DefaultValueFactory = _ => Default.EventsPerSecond, HelpName = "N" };
        var highest = new Option<double>("--highest-rate") { Description = $"The highest rate that is tried. Default: {Default.HighestRate:0}", DefaultValueFactory = _ => Default.HighestRate, HelpName = "N" };
        var seconds = new Option<double>("--seconds") { Description = "Seconds of events at each rate, and of writes in each round. Default: 5", DefaultValueFactory = _ => Default.Duration.TotalSeconds, HelpName = "S" };
        var command = new Command("control", "The store beside etcd, objects created over HTTPS at one host process and at three beside the store of as many members, then the API over two: pods created to Ready, a long list, watchers of another process over HTTPS at the promised rate and at the highest that holds") { output, pods, crowd, objects, watchers, writers, rate, highest, seconds };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            bool json = result.GetValue(output) == "json";
            ControlReport report = await ControlBench.RunAsync(Checked(new ControlBenchOptions
            {
                Pods = result.GetValue(pods),
                Crowd = result.GetValue(crowd),
                Objects = result.GetValue(objects),
                Watchers = result.GetValue(watchers),
                Writers = result.GetValue(writers),
                EventsPerSecond = result.GetValue(rate),
                HighestRate = result.GetValue(highest),
                Duration = TimeSpan.FromSeconds(result.GetValue(seconds)),
            }), json ? Console.Error : Console.Out, ct).ConfigureAwait(false);
            if (json)
                Console.WriteLine(JsonSerializer.Serialize(report, Json));
            else
                Print(report);
            return report.Watch.Promised.Missing == 0 ? 0 : 1;
        }));
        return command;
    }

    private static Option<int> Number(string name, string what, int byDefault) =>
        new(name) { Description = $"{what}. Default: {byDefault}", DefaultValueFactory = _ => byDefault, HelpName = "N" };

    private static ControlBenchOptions Checked(ControlBenchOptions options) => options switch
    {
        { Pods: < 1 or > 800 } => throw new UsageException($"bench control: --pods {options.Pods}: 1 to 800, as two hosts with --max-pods 400 take."),
        { Crowd: < 0 or > 3_000 } => throw new UsageException($"bench control: --crowd {options.Crowd}: 0 to 3000, as three hosts with --max-pods 1000 take."),
        { Objects: < 1 or > 100_000 } => throw new UsageException($"bench control: --objects {options.Objects}: 1 to 100000."),
        { Watchers: < 1 or > 5_000 } => throw new UsageException($"bench control: --watchers {options.Watchers}: 1 to 5000, as many as one user may have open."),
        { Writers: < 1 or > 1_000 } => throw new UsageException($"bench control: --writers {options.Writers}: 1 to 1000."),
        { EventsPerSecond: not (>= 1 and <= 10_000) } or { HighestRate: not (>= 1 and <= 10_000) } => throw new UsageException("bench control: --rate and --highest-rate take 1 to 10000."),
        { Duration.TotalSeconds: not (>= 0.5 and <= 600) } => throw new UsageException("bench control: --seconds takes 0.5 to 600."),
        _ => options,
    };

    private static string Holds(bool holds) => holds ? "yes" : "no";

    private static string[] Creates(RestReport rest, string where) =>
        [$"objects created by {rest.Writers} clients, {where}, 1/s", $"{rest.CreatesPerSecond:N0}, {rest.ShareOfStore:0.00} of the store's", $"{RestReport.TargetShare:0.00}", Holds(rest.Holds)];

    private static void Print(ControlReport r)
    {
        Console.WriteLine();
        TextTable.Write(Console.Out, ["", "MEASURED", "PROMISED", "HOLDS"],
        [
            .. BenchStoreCommand.Rows(r.Store),
            Creates(r.Rest, "one host"),
            Creates(r.RestOfThree, "three hosts"),
            [$"{r.Pods.Count} pods Ready, s", $"{r.Pods.Seconds:0.0}", $"{PodsReport.TargetSeconds:0}", Holds(r.Pods.Holds)],
            .. r.Crowd is { } crowd ? [[$"{crowd.Count:N0} pods on three hosts Ready, s", $"{crowd.Seconds:0.0}", $"{CrowdReport.TargetSeconds:0}", Holds(crowd.Holds)]] : Array.Empty<string[]>(),
            [$"list of {r.List.Objects:N0}, first, ms", $"{r.List.FirstMilliseconds:0}", $"{ListReport.TargetMilliseconds:0}", Holds(r.List.FirstMilliseconds < ListReport.TargetMilliseconds)],
            ["the same, later, p50 and slowest, ms", $"{r.List.P50Milliseconds:0}, {r.List.MaxMilliseconds:0}", $"{ListReport.TargetMilliseconds:0}", Holds(r.List.MaxMilliseconds < ListReport.TargetMilliseconds)],
            [$"{r.Watch.Watchers:N0} watchers, {r.Watch.Promised.Rate:0} events/s, p99, ms", $"{r.Watch.Promised.P99Milliseconds:0}", $"{WatchReport.TargetMilliseconds:0}", Holds(r.Watch.Holds)],
            ["the same, p50 and latest, ms", $"{r.Watch.Promised.P50Milliseconds:0}, {r.Watch.Promised.MaxMilliseconds:0}", "-", "-"],
            ["highest rate that holds, events/s", $"{r.Watch.HighestRate:0.#}", "-", "-"],
        ]);
        Console.WriteLine($"\n{r.Machine.Cores} cores, {r.Machine.OperatingSystem}, {r.Machine.Runtime}; late heartbeats {r.After.HeartbeatWarnings}, list {r.List.Bytes / 1e6:0.0} MB, pods {string.Join(", ", r.Pods.OnHosts.Select(each => $"{each.Key} {each.Value}"))}");
        BenchStoreCommand.PrintDetails(r.Store);
        foreach (RestReport rest in new[] { r.Rest, r.RestOfThree })
            Console.WriteLine($"  creates, {rest.Hosts} host{(rest.Hosts == 1 ? "" : "s")}: p50 {rest.P50Milliseconds:0.0}, p99 {rest.P99Milliseconds:0.0} ms; microseconds of processor time for each: {string.Join(", ", rest.ProcessorMicroseconds.Select(each => $"{each.Key} {each.Value:0}"))}");
        foreach (WatchPhase phase in r.Watch.Tried)
            Console.WriteLine($"  {phase.Rate,6:0.#} events/s: made {phase.AchievedRate:0.#}/s, p50 {phase.P50Milliseconds:0.0}, p99 {phase.P99Milliseconds:0.0}, latest {phase.MaxMilliseconds:0.0} ms, missing {phase.Missing}, API server {phase.ServerPercentOfOneCore:0}% of a core");
    }
}
