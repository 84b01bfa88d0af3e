using System.Diagnostics;
using System.Text.Json;

namespace ActorNet.Processes.Tests;

/// <summary>`actornet bench dataplane` as a user runs it. Figures depend on the machine and are not judged here; what must hold on every machine is.</summary>
public sealed class BenchTests
{
    private const double OtherBytes = 1 << 20;

    [Fact]
    public async Task The_dataplane_benchmark_reports_what_it_promises_and_leaves_no_buffer_out()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string word in new[] { Path.Combine(AppContext.BaseDirectory, "actornet.dll"), "bench", "dataplane", "-o", "json", "--seconds", "0.5", "--rest", "1", "--idle", "1" })
            start.ArgumentList.Add(word);
        using Process process = Process.Start(start)!;
        try
        {
            process.StandardInput.Close();
            Task<string> progress = process.StandardError.ReadToEndAsync(limit.Token);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(output.Length > 0, $"exit code {process.ExitCode}:\n{await progress}");

            using JsonDocument report = JsonDocument.Parse(output);
            JsonElement udp = report.RootElement.GetProperty("udp64");
            Assert.True(udp.GetProperty("framesPerSecond").GetDouble() > 0, output);
            Assert.True(udp.GetProperty("coldFramesPerSecond").GetDouble() > 0, output);
            Assert.True(udp.TryGetProperty("coldRatioToKernel", out _), output);
            Assert.True(udp.TryGetProperty("ratioToKernel", out JsonElement ratio), output);
            Assert.True(udp.TryGetProperty("ratioToKernelOffload", out _), output);
            Assert.True(report.RootElement.GetProperty("ping").GetProperty("p50Microseconds").GetDouble() > 0, output);
            Assert.True(report.RootElement.GetProperty("ping").TryGetProperty("ratioToKernel", out _), output);
            JsonElement tcp = report.RootElement.GetProperty("tcp");
            foreach (string field in new[] { "gigabitsPerSecond", "cpuSecondsPerGigabyteSender", "cpuSecondsPerGigabyteReceiver" })
                Assert.True(tcp.GetProperty(field).GetDouble() > 0, output);
            Assert.True(tcp.TryGetProperty("ratioToKernel", out JsonElement tcpRatio), output);
            Assert.Equal(ratio.ValueKind, tcpRatio.ValueKind);
            Assert.True(report.RootElement.GetProperty("connect").GetProperty("perSecond").GetDouble() > 0, output);
            Assert.True(report.RootElement.GetProperty("connect").TryGetProperty("ratioToKernel", out _), output);
            JsonElement http = report.RootElement.GetProperty("http");
            Assert.True(http.GetProperty("requestsPerSecond").GetDouble() > 0, output);
            Assert.True(http.TryGetProperty("ratioToKernel", out JsonElement httpRatio), output);
            Assert.Equal(ratio.ValueKind, httpRatio.ValueKind);
            JsonElement service = report.RootElement.GetProperty("service");
            foreach (string figure in new[] { "udp64FramesPerSecond", "udpNewFlowsPerSecond", "tcpGigabitsPerSecond", "connectionsPerSecond", "httpRequestsPerSecond" })
            {
                foreach (string field in new[] { "through", "without", "ratio" })
                    Assert.True(service.GetProperty(figure).GetProperty(field).GetDouble() > 0, output);
            }

            JsonElement idle = report.RootElement.GetProperty("idle");
            Assert.InRange(idle.GetProperty("percentOfOneCore").GetDouble(), 0, 100 * Environment.ProcessorCount);
            Assert.Equal(1, idle.GetProperty("settlingPercent").GetArrayLength());
            Assert.Equal(0, report.RootElement.GetProperty("after").GetProperty("buffersOut").GetInt32());

            // The smallest .NET object has 24 bytes: one allocation a frame would show. What is left is the process's other work meanwhile, which weighs
            // more the fewer frames a full machine lets pass.
            double most = 4 + (OtherBytes / udp.GetProperty("framesPerSecond").GetDouble());
            Assert.InRange(udp.GetProperty("senderAllocatedBytesPerFrame").GetDouble(), 0, most);
            if (ratio.ValueKind == JsonValueKind.Null)
                Assert.False(string.IsNullOrEmpty(report.RootElement.GetProperty("kernelNotMeasured").GetString()), output);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
