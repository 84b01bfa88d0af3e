using System.Text.Json;
using ActorNet.Sockets.Tests;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tests.Iperf;

/// <summary>Our iperf3 against our own, over a veth pair. What the real one thinks of it is judged among the interoperability tests.</summary>
public sealed class IperfPairTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("-t 1")]
    [InlineData("-t 1 -P 2")]
    [InlineData("-t 1 -R -P 2")]
    [InlineData("-n 4M -P 2")]
    [InlineData("-k 8 -l 64K")]
    [InlineData("-t 1 -b 10M -i 0.5")]
    [InlineData("-u -t 1 -P 2 -b 5M --udp-counters-64bit")]
    [InlineData("-u -t 1 -R -b 5M")]
    public async Task Client_and_server_agree(string flags)
    {
        await using var pods = new PodPair();
        Task<Outcome> serving = RunAsync(pods.Server, "iperf3 -s -1 -J");
        await pods.Server.ListensAsync(5201);

        Outcome client = await RunAsync(pods.Client, $"iperf3 -c {pods.Server.Address} -J {flags}").WaitAsync(Patience, TestContext.Current.CancellationToken);
        Outcome server = await serving.WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.True(client.Code == 0 && server.Code == 0, $"{client}\n{server}");
        JsonElement ours = JsonDocument.Parse(client.Output).RootElement.GetProperty("end");
        JsonElement theirs = JsonDocument.Parse(server.Output).RootElement.GetProperty("end");
        bool reverse = flags.Contains("-R", StringComparison.Ordinal);
        string side = reverse ? "sum_sent" : "sum_received";
        Assert.Equal(Bytes(theirs, side), Bytes(ours, side));
        Assert.True(Bytes(ours, "sum_received") <= Bytes(ours, "sum_sent"));
        if (flags.Contains("-n 4M", StringComparison.Ordinal))
            Assert.InRange(Bytes(ours, "sum_sent"), 4 << 20, (4 << 20) + (128 << 10));
        if (flags.Contains("-k 8", StringComparison.Ordinal))
            Assert.Equal(8 << 16, Bytes(ours, "sum_sent"));
    }

    private static long Bytes(JsonElement end, string sum) => end.GetProperty(sum).GetProperty("bytes").GetInt64();

    private static async Task<Outcome> RunAsync(PodPair.Pod pod, string command)
    {
        var output = new StringWriter();
        var error = new StringWriter();
        var context = new ProgramContext { Namespace = pod, HostName = "pod", Stdout = output, Stderr = error };
        int code = await ProgramTable.CreateDefault().RunAsync(context, command.Split(' '));
        return new Outcome(code, output.ToString(), error.ToString());
    }

    private sealed record Outcome(int Code, string Output, string Error);
}
