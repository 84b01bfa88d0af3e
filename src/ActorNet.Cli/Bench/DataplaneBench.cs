using System.Globalization;
using System.Runtime.InteropServices;
using ActorNet.Cli.Client;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Bench;

/// <summary>Measures pod to pod over two host processes, and the kernel's own path beside it where it can.</summary>
internal static class DataplaneBench
{
    private const int Pings = 300;

    private const string Pods = """
        apiVersion: v1
        kind: Pod
        metadata: { name: sender }
        spec: { nodeName: n1, containers: [ { name: pause, image: registry.k8s.io/pause:3.10 } ] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: { name: receiver }
        spec: { nodeName: n2, containers: [ { name: pause, image: registry.k8s.io/pause:3.10 } ] }
        """;

    /// <summary>Runs the benchmark.</summary>
    /// <param name="duration">Of each load.</param>
    /// <param name="rest">Between the load and the idle measurement.</param>
    /// <param name="idling">Of the idle measurement.</param>
    /// <param name="progress">Where progress is said.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<DataplaneReport> RunAsync(TimeSpan duration, TimeSpan rest, TimeSpan idling, TextWriter progress, CancellationToken ct)
    {
        string state = Path.Combine(Path.GetTempPath(), $"actornet-bench-{Environment.ProcessId}");
        try
        {
            DataplaneReport report = await MeasureOursAsync(state, duration, rest, idling, progress, ct).ConfigureAwait(false);
            (KernelPathResult? kernel, string? whyNot) = await KernelPathRunner.RunAsync(
                new KernelPathOptions { Duration = duration, PayloadBytes = UdpBench.PayloadBytes, Pings = Pings }, new WriterProgress(progress), ct).ConfigureAwait(false);
            return report with
            {
                Udp64 = report.Udp64 with { KernelFramesPerSecond = kernel?.FramesPerSecond, KernelOffloadFramesPerSecond = kernel?.OffloadFramesPerSecond },
                Ping = report.Ping with { KernelP50Microseconds = kernel?.PingP50Microseconds },
                Tcp = report.Tcp with { KernelGigabitsPerSecond = kernel?.Tcp.GigabitsPerSecond, KernelCpuSecondsPerGigabyte = kernel?.Tcp.CpuSecondsPerGigabyte },
                Connect = report.Connect with { KernelPerSecond = kernel?.Tcp.ConnectionsPerSecond },
                Http = report.Http with { KernelRequestsPerSecond = kernel?.Tcp.RequestsPerSecond },
                KernelNotMeasured = whyNot,
            };
        }
        finally
        {
            if (Directory.Exists(state))
                Directory.Delete(state, recursive: true);
        }
    }

    private static async Task<DataplaneReport> MeasureOursAsync(string state, TimeSpan duration, TimeSpan rest, TimeSpan idling, TextWriter progress, CancellationToken ct)
    {
        IReadOnlyList<LabAddress> at = LabAddress.ChooseForThisProcess(2);
        await progress.WriteLineAsync("starting two host processes").ConfigureAwait(false);
        await using LabHost n1 = await LabHost.StartAsync("n1", at[0].Address, state, null, [.. at[0].Options, "--profile", "lab"], ct).ConfigureAwait(false);
        await using LabHost n2 = await LabHost.StartAsync("n2", at[1].Address, state, at[0].Control, [.. at[1].Options, "--profile", "lab"], ct).ConfigureAwait(false);
        using HostClient first = n1.Connect();
        using HostClient second = n2.Connect();
        var manifests = new ManifestBody("benchmark", Pods, null);
        await first.PostAsync<ManifestBody, PodRow[]>("actornet/v1/pods", manifests, ct).ConfigureAwait(false);
        PodRow receiver = (await second.PostAsync<ManifestBody, PodRow[]>("actornet/v1/pods", manifests, ct).ConfigureAwait(false))[0];

        var udp = new UdpBench(first, second);
        // The very first traffic of a lab is a figure of its own: neighbours are not resolved and the runtime has compiled nothing of the path.
        await progress.WriteLineAsync($"UDP, {UdpBench.PayloadBytes} bytes, {duration.TotalSeconds:0.#} s, cold").ConfigureAwait(false);
        (_, BenchReceived cold) = await udp.StreamAsync(receiver.PodIp, duration, ct).ConfigureAwait(false);
        // The compiler works in the background and finishes beside these, so that the next load is the steady state.
        await progress.WriteLineAsync("warming up").ConfigureAwait(false);
        string clusterIp = await BenchService.CreateAsync(n1, first, receiver.PodIp, ct).ConfigureAwait(false);
        await udp.StreamAsync(clusterIp, duration / 4, ct).ConfigureAwait(false);
        await PingAsync(first, receiver.PodIp, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"UDP, {UdpBench.PayloadBytes} bytes, {duration.TotalSeconds:0.#} s, then through a Service").ConfigureAwait(false);
        (BenchSent sent, BenchReceived received) = await udp.StreamAsync(receiver.PodIp, duration, ct).ConfigureAwait(false);
        (_, BenchReceived throughService) = await udp.StreamAsync(clusterIp, duration, ct).ConfigureAwait(false);
        await progress.WriteLineAsync("UDP, new flows, then through a Service").ConfigureAwait(false);
        double flows = await udp.FlowsAsync(receiver.PodIp, UdpBench.FlowsPort, ct).ConfigureAwait(false);
        double serviceFlows = await udp.FlowsAsync(clusterIp, UdpBench.ServiceFlowsPort, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"ping, {Pings} times 10 ms apart").ConfigureAwait(false);
        List<double> times = await PingAsync(first, receiver.PodIp, ct).ConfigureAwait(false);
        (TcpBench tcp, TcpBench serviceTcp) = (new(n1, n2, first, second, receiver.PodIp), new(n1, n2, first, second, clusterIp));
        await progress.WriteLineAsync($"TCP, one flow, {duration.TotalSeconds:0.#} s, then through a Service").ConfigureAwait(false);
        TcpReport stream = await tcp.StreamAsync(duration, ct).ConfigureAwait(false);
        TcpReport serviceStream = await serviceTcp.StreamAsync(duration, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"TCP, connections opened and closed, {duration.TotalSeconds / 2:0.#} s, then through a Service").ConfigureAwait(false);
        ConnectReport connect = await tcp.ConnectAsync(TcpBench.ConnectPort, duration / 2, ct).ConfigureAwait(false);
        ConnectReport serviceConnect = await serviceTcp.ConnectAsync(TcpBench.ServiceConnectPort, duration / 2, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"HTTP, {HttpLoad.Connections} connections, {duration.TotalSeconds:0.#} s, then through a Service").ConfigureAwait(false);
        await tcp.ServeAsync(ct).ConfigureAwait(false);
        HttpReport http = await tcp.RequestAsync(duration, ct).ConfigureAwait(false);
        HttpReport serviceHttp = await serviceTcp.RequestAsync(duration, ct).ConfigureAwait(false);
        await progress.WriteLineAsync($"idle, {idling.TotalSeconds:0.#} s after {rest.TotalSeconds:0.#} s of rest").ConfigureAwait(false);
        IdleReport idle = await IdleCost.MeasureAsync([n1, n2], rest, idling, ct).ConfigureAwait(false);
        HostStatus[] after = [await first.GetAsync<HostStatus>("actornet/v1/status", ct).ConfigureAwait(false), await second.GetAsync<HostStatus>("actornet/v1/status", ct).ConfigureAwait(false)];
        foreach (HostStatus host in after)
        {
            foreach ((string place, long count) in host.Drops.OrderByDescending(d => d.Value).Take(4))
                await progress.WriteLineAsync($"  {host.Node} dropped {count} at {place}").ConfigureAwait(false);
        }

        return new DataplaneReport
        {
            Machine = new MachineReport(Environment.ProcessorCount, RuntimeInformation.OSDescription, RuntimeInformation.FrameworkDescription, after[0].SegmentationOffload),
            Udp64 = new ThroughputReport
            {
                FramesPerSecond = UdpBench.RateOf(received),
                ColdFramesPerSecond = UdpBench.RateOf(cold),
                SentPerSecond = Math.Round(sent.Datagrams / duration.TotalSeconds),
                SenderAllocatedBytesPerFrame = Math.Round((double)sent.AllocatedBytes / sent.SteadyDatagrams, 4),
            },
            Ping = new PingReport { P50Microseconds = KernelPathRunner.Percentile(times, 0.5), P99Microseconds = KernelPathRunner.Percentile(times, 0.99) },
            Tcp = stream,
            Connect = connect,
            Http = http,
            Service = new ServiceReport
            {
                Udp64FramesPerSecond = new(UdpBench.RateOf(throughService), UdpBench.RateOf(received)),
                UdpNewFlowsPerSecond = new(serviceFlows, flows),
                TcpGigabitsPerSecond = new(serviceStream.GigabitsPerSecond, stream.GigabitsPerSecond),
                ConnectionsPerSecond = new(serviceConnect.PerSecond, connect.PerSecond),
                HttpRequestsPerSecond = new(serviceHttp.RequestsPerSecond, http.RequestsPerSecond),
            },
            Idle = idle,
            After = new AfterReport(after.Sum(h => h.Pool.SmallOut + h.Pool.LargeOut + h.Pool.VectorsOut), after.Sum(h => h.HeartbeatWarnings)),
        };
    }

    private static async Task<List<double>> PingAsync(HostClient first, string receiver, CancellationToken ct)
    {
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        using var errors = new StringWriter(CultureInfo.InvariantCulture);
        string[] command = ["ping", "-c", $"{Pings}", "-i", "0.01", receiver];
        if (await first.ExecAsync(new ExecRequest("pod/sender", command, null), output, errors, ct).ConfigureAwait(false) != 0)
            throw new UsageException($"bench: ping did not reach {receiver}:\n{output}{errors}");
        List<double> times = KernelPathRunner.ParsePing(output.ToString());
        times.Sort();
        return times;
    }

    private sealed class WriterProgress(TextWriter writer) : IProgress<string>
    {
        public void Report(string value) => writer.WriteLine(value);
    }
}
