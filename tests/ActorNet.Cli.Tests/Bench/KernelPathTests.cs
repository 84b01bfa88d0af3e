using System.Diagnostics;
using ActorNet.Cli.Bench;

namespace ActorNet.Cli.Tests.Bench;

/// <summary>The kernel's side of the data plane benchmark.</summary>
public sealed class KernelPathTests
{
    [Fact]
    public void Round_trip_times_are_read_from_what_ping_prints()
    {
        // iputils 20221126, `ping -n -i 0.01 -c 3`, with a lost reply between.
        const string Output = """
            PING 10.244.2.2 (10.244.2.2) 56(84) bytes of data.
            64 bytes from 10.244.2.2: icmp_seq=1 ttl=62 time=0.102 ms
            64 bytes from 10.244.2.2: icmp_seq=3 ttl=62 time=1.25 ms

            --- 10.244.2.2 ping statistics ---
            3 packets transmitted, 2 received, 33.3333% packet loss, time 20ms
            rtt min/avg/max/mdev = 0.102/0.676/1.250/0.574 ms

            """;
        Assert.Equal([102.0, 1250.0], KernelPathRunner.ParsePing(Output).Select(t => Math.Round(t, 6)));
    }

    [Theory]
    [InlineData(0.5, 20)]
    [InlineData(0.51, 30)]
    [InlineData(0.99, 40)]
    [InlineData(0.0, 10)]
    [InlineData(1.0, 40)]
    public void A_percentile_is_the_nearest_rank(double share, double expected) =>
        Assert.Equal(expected, KernelPathRunner.Percentile([10, 20, 30, 40], share));

    [Fact]
    public async Task The_kernels_path_is_measured_and_its_namespaces_are_gone_afterwards()
    {
        RequireRoot();
        var options = new KernelPathOptions { Duration = TimeSpan.FromSeconds(1), Pings = 20, Program = [Program()] };
        (KernelPathResult? result, string? whyNot) = await KernelPathRunner.RunAsync(options, null, TestContext.Current.CancellationToken);
        Assert.Null(whyNot);
        Assert.NotNull(result);
        Assert.True(result.FramesPerSecond > 1000, $"{result}");
        // That offload does more is the reason to report it; by how much is the machine's affair.
        Assert.True(result.OffloadFramesPerSecond > result.FramesPerSecond, $"{result}");
        Assert.True(result.PingP50Microseconds is null or > 0 and < 1_000_000, $"{result}");
        Assert.True(result.Tcp is { GigabitsPerSecond: > 0, ConnectionsPerSecond: > 0 }, $"{result}");
        Assert.Empty(await OwnNamespacesAsync());
    }

    [Fact]
    public async Task A_cancelled_measurement_leaves_no_namespace()
    {
        RequireRoot();
        using var cancel = new CancellationTokenSource();
        var options = new KernelPathOptions { Duration = TimeSpan.FromMinutes(5), Pings = 2, Program = [Program()] };
        var progress = new Immediate(step =>
        {
            if (step.Contains("UDP", StringComparison.Ordinal))
                cancel.CancelAfter(TimeSpan.FromSeconds(1));
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => KernelPathRunner.RunAsync(options, progress, cancel.Token));
        Assert.Empty(await OwnNamespacesAsync());
    }

    [Fact]
    public async Task A_program_that_is_missing_is_a_reason_and_not_a_crash()
    {
        RequireRoot();
        var options = new KernelPathOptions { Duration = TimeSpan.FromSeconds(1), Pings = 2, Program = ["/nowhere/actornet"] };
        (KernelPathResult? result, string? whyNot) = await KernelPathRunner.RunAsync(options, null, TestContext.Current.CancellationToken);
        Assert.Null(result);
        Assert.Contains("/nowhere/actornet", whyNot, StringComparison.Ordinal);
        Assert.Empty(await OwnNamespacesAsync());
    }

    private static string Program() => Path.Combine(AppContext.BaseDirectory, "actornet");

    private static void RequireRoot()
    {
        if (OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess)
            return;
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail("Network namespaces need root on Linux, and CI has both.");
        Assert.Skip("This test needs root on Linux, because it makes network namespaces. Run the tests with sudo, or in a privileged container.");
    }

    private static async Task<string[]> OwnNamespacesAsync()
    {
        using Process ip = Process.Start(new ProcessStartInfo("ip", "netns list") { RedirectStandardOutput = true })!;
        string output = await ip.StandardOutput.ReadToEndAsync();
        await ip.WaitForExitAsync();
        return [.. output.Split('\n').Where(line => line.StartsWith($"actornet-bench-{Environment.ProcessId}-", StringComparison.Ordinal))];
    }

    /// <summary>Reports on the caller's thread; <see cref="Progress{T}"/> would post it.</summary>
    private sealed class Immediate(Action<string> report) : IProgress<string>
    {
        public void Report(string value) => report(value);
    }
}
