using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace ActorNet.Processes.Tests;

/// <summary>`actornet bench control` as a user runs it, with little of everything. Its times depend on the machine and are not judged here.</summary>
public sealed class ControlBenchTests
{
    private const int Pods = 4, Objects = 20, Watchers = 10;
    private const double Seconds = 0.5;

    [Fact]
    public async Task The_control_benchmark_reports_what_it_promises_and_leaves_nothing_behind()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        using Process process = Process.Start(LabProcess.Executable(
            ["bench", "control", "-o", "json", "--pods", $"{Pods}", "--objects", $"{Objects}", "--watchers", $"{Watchers}", "--rate", "10", "--highest-rate", "20", "--seconds", $"{Seconds.ToString(CultureInfo.InvariantCulture)}"]))!;
        string state = Path.Combine(Path.GetTempPath(), $"actornet-bench-{process.Id}");
        try
        {
            process.StandardInput.Close();
            Task<string> progress = process.StandardError.ReadToEndAsync(limit.Token);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}:\n{output}\n{await progress}");

            using JsonDocument report = JsonDocument.Parse(output);
            AssertStores(report.RootElement.GetProperty("store"));
            AssertCreates(report.RootElement.GetProperty("rest"), report.RootElement.GetProperty("store").GetProperty("one"), ["n1"]);
            AssertCreates(report.RootElement.GetProperty("restOfThree"), report.RootElement.GetProperty("store").GetProperty("three"), ["n1", "n2", "n3"]);
            JsonElement pods = report.RootElement.GetProperty("pods");
            Assert.Equal(Pods, pods.GetProperty("count").GetInt32());
            Assert.Equal(["n1", "n2"], pods.GetProperty("onHosts").EnumerateObject().Select(host => host.Name));
            Assert.Equal(Pods, pods.GetProperty("onHosts").EnumerateObject().Sum(host => host.Value.GetInt32()));
            Assert.True(pods.GetProperty("seconds").GetDouble() > 0, output);
            JsonElement list = report.RootElement.GetProperty("list");
            Assert.Equal(Objects, list.GetProperty("objects").GetInt32());
            foreach (string field in new[] { "bytes", "firstMilliseconds", "p50Milliseconds", "maxMilliseconds" })
                Assert.True(list.GetProperty(field).GetDouble() > 0, output);
            JsonElement watch = report.RootElement.GetProperty("watch");
            Assert.Equal(Watchers, watch.GetProperty("watchers").GetInt32());
            Assert.True(watch.TryGetProperty("highestRate", out _), output);
            Assert.All(watch.GetProperty("tried").EnumerateArray().Prepend(watch.GetProperty("promised")), phase =>
            {
                Assert.Equal(0, phase.GetProperty("missing").GetInt64());
                Assert.Equal((long)(phase.GetProperty("rate").GetDouble() * Seconds) * Watchers, phase.GetProperty("delivered").GetInt64());
                foreach (string field in new[] { "achievedRate", "p50Milliseconds", "p99Milliseconds", "maxMilliseconds" })
                    Assert.True(phase.GetProperty(field).GetDouble() > 0, output);
            });
            Assert.True(report.RootElement.GetProperty("after").TryGetProperty("heartbeatWarnings", out _), output);
            Assert.False(Directory.Exists(state), state);
            if (OperatingSystem.IsLinux())
                Assert.Empty(CommandLinesWith(state));
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    private static void AssertStores(JsonElement store)
    {
        bool hasEtcd = store.GetProperty("etcdNotMeasured").ValueKind == JsonValueKind.Null;
        Assert.True(hasEtcd || Environment.GetEnvironmentVariable("CI") is null, $"{store.GetProperty("etcdNotMeasured")}");
        foreach ((string size, int members) in new[] { ("one", 1), ("three", 3) })
        {
            JsonElement measured = store.GetProperty(size);
            Assert.Equal(members, measured.GetProperty("members").GetInt32());
            foreach (JsonElement rate in hasEtcd ? [measured.GetProperty("embedded"), measured.GetProperty("etcd")] : new[] { measured.GetProperty("embedded") })
            {
                AssertWrites(rate, "writesPerSecond");
                // Writers that wait for the same disk share its flushes.
                Assert.InRange(rate.GetProperty("fsyncsPerWrite").GetDouble(), double.Epsilon, 0.999);
            }

            Assert.Equal(hasEtcd ? 3 : 0, measured.GetProperty("ratios").GetArrayLength());
        }
    }

    // Each beside the store with as many members as there are hosts.
    private static void AssertCreates(JsonElement rest, JsonElement store, string[] hosts)
    {
        AssertWrites(rest, "createsPerSecond");
        Assert.Equal(hosts.Length, rest.GetProperty("hosts").GetInt32());
        Assert.Equal(store.GetProperty("members").GetInt32(), rest.GetProperty("hosts").GetInt32());
        Assert.Equal(["clients", .. hosts], rest.GetProperty("processorMicroseconds").EnumerateObject().Select(static each => each.Name).Order());
        double share = rest.GetProperty("createsPerSecond").GetDouble() / store.GetProperty("embedded").GetProperty("writesPerSecond").GetDouble();
        Assert.Equal(share, rest.GetProperty("shareOfStore").GetDouble(), 0.011);
    }

    private static void AssertWrites(JsonElement rate, string field)
    {
        foreach (string each in new[] { field, "p50Milliseconds", "p99Milliseconds" })
            Assert.True(rate.GetProperty(each).GetDouble() > 0, $"{rate}");
    }

    private static List<string> CommandLinesWith(string text)
    {
        var found = new List<string>();
        foreach (string directory in Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            try
            {
                string line = File.ReadAllText(Path.Combine(directory, "cmdline"));
                if (line.Contains(text, StringComparison.Ordinal))
                    found.Add(line);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile, or is another user's.
            }
        }

        return found;
    }
}
