using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorNet.Interop.Tests.Judges;

namespace ActorNet.Interop.Tests.Iperf;

/// <summary>iperf3 in a pod and Debian's iperf3 in a kernel pod, over VXLAN, each as the other's server.</summary>
public sealed class IperfTests(SharedBed shared) : IClassFixture<SharedBed>
{
    private const int Port = 5201;

    [Theory]
    [InlineData("", 1)]
    [InlineData("-R", 1)]
    [InlineData("-P 4", 4)]
    [InlineData("-P 4 -R", 4)]
    public async Task Over_TCP_our_client_and_the_kernels_server_tell_the_same_bytes(string flags, int streams)
    {
        JudgementBed bed = await BedAsync();

        (JsonDocument client, JsonDocument server) = await OursAsksKernelAsync(bed, $"-t 1 -J -C cubic {flags}");

        bool reverse = flags.Contains("-R", StringComparison.Ordinal);
        AssertSameTest(client, server, streams);
        JsonElement ours = client.RootElement.GetProperty("end");
        JsonElement theirs = server.RootElement.GetProperty("end");
        // 3.12 tells at the server its own side alone.
        Assert.Equal(Bytes(theirs, reverse ? "sum_sent" : "sum_received"), Bytes(ours, reverse ? "sum_sent" : "sum_received"));
        Assert.InRange(Bytes(ours, "sum_received"), 1_000_000, Bytes(ours, "sum_sent"));
        // The kernel's default here is another: -C sets it on both sides' sockets, and each reads back what it has.
        Assert.Equal("cubic", ours.GetProperty("sender_tcp_congestion").GetString());
        Assert.Equal("cubic", ours.GetProperty("receiver_tcp_congestion").GetString());
        Assert.True(ours.GetProperty("sum_sent").GetProperty("retransmits").GetInt64() >= 0);
        long total = client.RootElement.GetProperty("intervals").EnumerateArray().Sum(each => Bytes(each, "sum"));
        Assert.Equal(total, Bytes(ours, reverse ? "sum_received" : "sum_sent"));
    }

    [Theory]
    [InlineData("-b 10M", 1)]
    [InlineData("-b 10M -R", 1)]
    [InlineData("-b 5M -P 2 --udp-counters-64bit", 2)]
    public async Task Over_UDP_our_client_and_the_kernels_server_tell_the_same_datagrams(string flags, int streams)
    {
        JudgementBed bed = await BedAsync();

        (JsonDocument client, JsonDocument server) = await OursAsksKernelAsync(bed, $"-u -t 1 -J {flags}");

        bool reverse = flags.Contains("-R", StringComparison.Ordinal);
        AssertSameTest(client, server, streams);
        JsonElement ours = client.RootElement.GetProperty("end");
        JsonElement theirs = server.RootElement.GetProperty("end");
        string side = reverse ? "sum_sent" : "sum_received";
        Assert.Equal(Bytes(theirs, side), Bytes(ours, side));
        Assert.Equal(Number(theirs, "sum", "packets"), Number(ours, reverse ? "sum_sent" : "sum_received", "packets"));
        if (!reverse)
            Assert.Equal(Number(theirs, "sum", "lost_packets"), Number(ours, "sum", "lost_packets"));
        // 10 Mbit/s in one second, whole datagrams, and the one with which iperf begins.
        int length = client.RootElement.GetProperty("start").GetProperty("test_start").GetProperty("blksize").GetInt32();
        Assert.InRange(Bytes(ours, "sum_sent"), 0.9 * 1_250_000, (1.15 * 1_250_000) + (streams * length));
        Assert.InRange(Number(ours, "sum_received", "lost_percent"), 0, 10);
        Assert.InRange(Number(ours, "sum_received", "jitter_ms"), 0, 1000);
        // Datagrams fit the path whole: 1450 less 20 IPv4, 20 TCP and 12 of timestamps, as iperf takes it from its control connection.
        Assert.Equal(1398, length);
    }

    [Theory]
    [InlineData("-t 1 -C cubic", false)]
    [InlineData("-t 1 -R -P 2 -C cubic", false)]
    [InlineData("-u -b 10M -t 1", true)]
    [InlineData("-u -b 5M -P 2 -R -t 1", true)]
    public async Task The_kernels_client_and_our_server_tell_the_same_bytes(string flags, bool udp)
    {
        JudgementBed bed = await BedAsync();
        Task<CommandResult> serving = bed.Far.InPodAsync("iperf3", "-s", "-1", "-J");
        await Eventually.HoldsAsync("our server answers", async () => (await bed.NearPod.Namespace.TryExecAsync(
            "timeout", "1", "bash", "-c", string.Create(CultureInfo.InvariantCulture, $"</dev/tcp/{bed.Far.PodAddress}/{Port}"))).ExitCode == 0);

        CommandResult kernels = await bed.NearPod.Namespace.TryExecAsync(["iperf3", "-c", bed.Far.PodAddress, "-J", .. Words(flags)], TimeSpan.FromSeconds(60));
        CommandResult ours = await serving;

        Assert.True(kernels.ExitCode == 0 && ours.ExitCode == 0, $"{kernels}\n{ours}");
        using var client = JsonDocument.Parse(kernels.Output);
        using var server = JsonDocument.Parse(ours.Output);
        bool reverse = flags.Contains("-R", StringComparison.Ordinal);
        AssertSameTest(client, server, flags.Contains("-P 2", StringComparison.Ordinal) ? 2 : 1);
        JsonElement theirEnd = client.RootElement.GetProperty("end");
        JsonElement ourEnd = server.RootElement.GetProperty("end");
        string side = reverse ? "sum_sent" : "sum_received";
        Assert.Equal(Bytes(ourEnd, side), Bytes(theirEnd, side));
        Assert.InRange(Bytes(theirEnd, "sum_received"), 1_000_000, Bytes(theirEnd, "sum_sent"));
        if (udp)
            Assert.InRange(Number(theirEnd, "sum", "lost_percent"), 0, 10);
    }

    [Fact]
    public async Task The_lines_of_our_client_are_those_of_iperf3()
    {
        JudgementBed bed = await BedAsync();
        using Process server = await StartKernelServerAsync(bed);

        CommandResult ours = await bed.Far.InPodAsync("iperf3", "-c", bed.NearPod.Address, "-t", "2", "-O", "1");

        string text = ours.EnsureSuccess().Output;
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);
        string[] lines = text.Split('\n');
        Assert.Equal($"Connecting to host {bed.NearPod.Address}, port {Port}", lines[0]);
        Assert.Matches($@"^\[  5\] local {bed.Far.PodAddress} port \d+ connected to {bed.NearPod.Address} port {Port}$", lines[1]);
        Assert.Equal("[ ID] Interval           Transfer     Bitrate         Retr  Cwnd", lines[2]);
        // A second that a full machine makes longer is told as long as it was.
        Assert.Matches(Interval("0.00-1...", @" +\d+   +[\d.]+ [KM]?Bytes       \(omitted\)"), lines[3]);
        Assert.Matches(Interval("0.00-1...", @" +\d+   +[\d.]+ [KM]?Bytes       "), lines[4]);
        Assert.Matches(Interval("1...-2...", @" +\d+   +[\d.]+ [KM]?Bytes       "), lines[5]);
        Assert.Equal("- - - - - - - - - - - - - - - - - - - - - - - - -", lines[6]);
        Assert.Equal("[ ID] Interval           Transfer     Bitrate         Retr", lines[7]);
        Assert.Matches(Interval("0.00-2...", @" +\d+             sender"), lines[8]);
        Assert.Matches(Interval("0.00-2...", "                 receiver"), lines[9]);
        Assert.Equal(["", "iperf Done.", ""], lines[10..]);
    }

    [Theory]
    [InlineData("--no-such-option")]
    [InlineData("-x")]
    [InlineData("-t")]
    [InlineData("-s -c 10.0.0.1")]
    [InlineData("-s -R")]
    [InlineData("-c 10.0.0.1 -1")]
    [InlineData("-c 10.0.0.1 -P 129")]
    [InlineData("-c 10.0.0.1 -t 1 -n 1")]
    [InlineData("-c 10.0.0.1 -i 0.01")]
    [InlineData("-c 10.0.0.1 -l 2M")]
    [InlineData("-c 10.0.0.1 -u -l 15")]
    [InlineData("--ti 5")]
    [InlineData("-c 127.0.0.1 -p 9")]
    [InlineData("")]
    public async Task What_is_wrong_is_said_in_iperf3s_words(string flags)
    {
        JudgementBed bed = await BedAsync();

        CommandResult kernels = await bed.NearPod.Namespace.TryExecAsync(["iperf3", .. Words(flags)], TimeSpan.FromSeconds(60));
        CommandResult ours = await bed.Far.InPodAsync(["iperf3", .. Words(flags)]);

        Assert.Equal(kernels.ExitCode, ours.ExitCode);
        Assert.Equal(kernels.Error.Split('\n')[0], ours.Error.Split('\n')[0]);
    }

    [Fact]
    public async Task A_second_client_is_told_that_the_server_is_busy()
    {
        JudgementBed bed = await BedAsync();
        using Process server = await StartKernelServerAsync(bed);
        using Process first = bed.NearPod.Namespace.Start(["iperf3", "-c", "127.0.0.1", "-t", "600", "--forceflush"]);
        // The first client's second line says that its stream stands.
        await first.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        await first.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);

        CommandResult ours = await bed.Far.InPodAsync("iperf3", "-c", bed.NearPod.Address, "-t", "1");

        Assert.Equal(1, ours.ExitCode);
        Assert.Contains("the server is busy running a test. try again later", ours.Error, StringComparison.Ordinal);
        await ProcessRunner.RunAsync(["kill", "-INT", first.Id.ToString(CultureInfo.InvariantCulture)]);
        await first.WaitForExitAsync(TestContext.Current.CancellationToken);
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<(JsonDocument Client, JsonDocument Server)> OursAsksKernelAsync(JudgementBed bed, string flags)
    {
        using Process server = await StartKernelServerAsync(bed);
        Task<string> said = server.StandardOutput.ReadToEndAsync();
        CommandResult ours = await bed.Far.InPodAsync(["iperf3", "-c", bed.NearPod.Address, .. Words(flags)]);
        if (ours.ExitCode != 0)
            ProcessRunner.Kill(server);
        await server.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(ours.ExitCode == 0, $"{ours}\n--- server\n{await said}");
        return (JsonDocument.Parse(ours.Output), JsonDocument.Parse(await said));
    }

    private static async Task<Process> StartKernelServerAsync(JudgementBed bed)
    {
        Process server = bed.NearPod.Namespace.Start(["iperf3", "-s", "-1", "-J"]);
        await Eventually.HoldsAsync("the kernel's server listens",
            async () => (await bed.NearPod.Namespace.ExecAsync("ss", "-Hltn")).Output.Contains($":{Port} ", StringComparison.Ordinal));
        return server;
    }

    private static void AssertSameTest(JsonDocument client, JsonDocument server, int streams)
    {
        JsonElement ours = client.RootElement.GetProperty("start");
        JsonElement theirs = server.RootElement.GetProperty("start");
        Assert.Equal(ours.GetProperty("cookie").GetString(), theirs.GetProperty("cookie").GetString());
        Assert.Equal(streams, ours.GetProperty("connected").GetArrayLength());
        Assert.Equal(streams, theirs.GetProperty("connected").GetArrayLength());
        foreach (string member in new[] { "protocol", "num_streams", "blksize", "omit", "duration", "bytes", "blocks", "reverse", "tos", "target_bitrate" })
            Assert.Equal(theirs.GetProperty("test_start").GetProperty(member).ToString(), ours.GetProperty("test_start").GetProperty(member).ToString());
        Assert.Equal(
            Ports(theirs, "remote_port").Order(), Ports(ours, "local_port").Order());
    }

    private static IEnumerable<int> Ports(JsonElement start, string member) =>
        start.GetProperty("connected").EnumerateArray().Select(each => each.GetProperty(member).GetInt32());

    private static long Bytes(JsonElement owner, string member) => owner.GetProperty(member).GetProperty("bytes").GetInt64();

    private static double Number(JsonElement owner, string sum, string member) => owner.GetProperty(sum).GetProperty(member).GetDouble();

    private static string[] Words(string flags) => flags.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Interval(string span, string rest) => $@"^\[  5\]   {span}   sec  +[\d.]+ [KMG]?Bytes  +[\d.]+ [KMG]?bits/sec {rest}$";

    private async Task<JudgementBed> BedAsync()
    {
        Need.Tool("iperf3", "ss", "bash", "timeout");
        return await shared.GetAsync(ActorNetJudgedNode.CreateAsync);
    }
}
