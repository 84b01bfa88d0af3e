using System.CommandLine;
using System.Text.Json;
using ActorNet.Cli.Bench;
using ActorNet.Cli.Bench.Stores;

namespace ActorNet.Cli.Commands;

/// <summary>`actornet bench store`: how fast the embedded store is beside etcd; `bench control` measures it, too.</summary>
internal static class BenchStoreCommand
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private static readonly ControlBenchOptions Default = new();

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var output = new Option<string?>("-o", "--output") { Description = "json for programs; default: a table", HelpName = "FORMAT" };
        var writers = new Option<int>("--writers") { Description = $"Writers, each with one write under way. Default: {Default.Writers}", DefaultValueFactory = static _ => Default.Writers, HelpName = "N" };
        var seconds = new Option<double>("--seconds") { Description = "Seconds of each round; each store has three. Default: 5", DefaultValueFactory = static _ => Default.Duration.TotalSeconds, HelpName = "S" };
        var command = new Command("store", "The embedded store alone beside etcd, where that is installed: writes per second and flushes per write of one member and of three, in processes of their own over loopback, on the same disk") { output, writers, seconds };
        command.SetAction((result, ct) => RootCommandFactory.GuardAsync(async () =>
        {
            if (result.GetValue(writers) is not (>= 1 and <= 1_000) || result.GetValue(seconds) is not (>= 0.5 and <= 600))
                throw new UsageException("bench store: --writers takes 1 to 1000, --seconds 0.5 to 600.");
            bool json = result.GetValue(output) == "json";
            StoreReport report = await RunAsync(result.GetValue(writers), TimeSpan.FromSeconds(result.GetValue(seconds)), json ? Console.Error : Console.Out, ct).ConfigureAwait(false);
            if (json)
                Console.WriteLine(JsonSerializer.Serialize(report, Json));
            else
                Print(report);
            return 0;
        }));
        return command;
    }

    /// <summary>What was promised, as rows of a table: what, measured, promised, whether it holds.</summary>
    /// <param name="report">The measurement.</param>
    internal static IEnumerable<string[]> Rows(StoreReport report) => new[] { report.One, report.Three }.Select(size => new[]
    {
        $"store of {size.Members}, {report.Writers} writers, 1/s",
        size.Ratio is { } ratio ? $"{size.Embedded.WritesPerSecond:N0}, {ratio:0.00} of etcd's" : $"{size.Embedded.WritesPerSecond:N0}",
        size.Ratio is null ? "-" : $"{size.PromisedRatio:0.00}",
        size.Holds switch { true => "yes", false => "no", null => "-" },
    });

    /// <summary>What stands behind those rows.</summary>
    /// <param name="report">The measurement.</param>
    internal static void PrintDetails(StoreReport report)
    {
        foreach (StoreSizeReport size in new[] { report.One, report.Three })
        {
            Console.WriteLine($"  store of {size.Members}: {Of(size.Embedded)}{(size.Etcd is { } etcd ? $"; etcd {Of(etcd)}; ratios {string.Join(", ", size.Ratios.Select(each => $"{each:0.00}"))}" : "")}");
        }

        if (report.EtcdNotMeasured is { } why)
            Console.WriteLine($"  {why}");

        static string Of(StoreRateReport rate) => $"{rate.WritesPerSecond:N0}/s, p50 {rate.P50Milliseconds:0.0}, p99 {rate.P99Milliseconds:0.0} ms, {rate.FsyncsPerWrite:0.000} fsyncs a write{(rate.Failed == 0 ? "" : $", {rate.Failed} not acknowledged")}";
    }

    private static async Task<StoreReport> RunAsync(int writers, TimeSpan duration, TextWriter progress, CancellationToken ct)
    {
        string state = Path.Combine(Path.GetTempPath(), $"actornet-bench-{Environment.ProcessId}");
        try
        {
            return await StoreBench.RunAsync(state, writers, duration, progress, ct).ConfigureAwait(false);
        }
        catch (ToolException e)
        {
            throw new UsageException($"bench: {e.Message}");
        }
        finally
        {
            if (Directory.Exists(state))
                Directory.Delete(state, recursive: true);
        }
    }

    private static void Print(StoreReport report)
    {
        Console.WriteLine();
        TextTable.Write(Console.Out, ["", "MEASURED", "PROMISED", "HOLDS"], [.. Rows(report)]);
        Console.WriteLine($"\nvalues of {report.ValueBytes} bytes on {report.FileSystem}, {Environment.ProcessorCount} cores");
        PrintDetails(report);
    }
}
