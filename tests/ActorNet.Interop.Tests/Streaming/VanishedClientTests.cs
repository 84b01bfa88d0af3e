using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Streaming;

/// <summary>Real kubectl on a link of the kernel's that begins to lose everything.</summary>
public sealed class VanishedClientTests(StreamingBed bed) : IClassFixture<StreamingBed>
{
    // Looks 50 ms apart at which nothing has changed: a server on a busy machine may be late with an answer.
    private const int QuietLooks = 20;

    private const string Idle = "{metadata: {name: NAME}, spec: {containers: [{name: main, image: busybox, command: [sh, -c, 'echo begun; sleep infinity']}]}}";

    [Fact]
    public async Task The_streams_of_a_client_that_vanishes_without_a_word_are_ended_and_counted()
    {
        Need.Root();
        Need.Tool("kubectl", "ip", "iptables", "ss");
        string pod = await bed.RunOnceAsync("idle", Idle);
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        NetworkNamespace server = await lab.AddNamespaceAsync("api"), client = await lab.AddNamespaceAsync("client");
        await lab.AddVethAsync(server, "eth0", client, "eth0");
        await server.IpAsync("addr add 192.0.2.1/24 dev eth0");
        await client.IpAsync("addr add 192.0.2.2/24 dev eth0");
        using Socket listening = NamespaceSocket.OpenTcp(server);
        listening.Bind(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0));
        listening.Listen();
        await using IAsyncDisposable api = await bed.ServeOnAsync(listening, TimeSpan.FromSeconds(1));
        long before = bed.Sessions.Deserted;
        string kubectl = $"KUBECACHEDIR={bed.Folder}/vanish exec kubectl --kubeconfig=/dev/null --server=http://192.0.2.1:{((IPEndPoint)listening.LocalEndPoint!).Port} ";
        using Process exec = client.Start(["bash", "-c", $"{kubectl} exec {pod} -- sh -c 'echo begun; sleep 1000'"]);
        using Process logs = client.Start(["bash", "-c", $"{kubectl} logs -f {pod}"]);
        foreach (Process each in new[] { exec, logs })
            Assert.Equal("begun", await each.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        await Until(() => bed.Sessions.Open == 2, "kubectl's two streams are not open");
        await SettleAsync(server, client);

        foreach (string chain in new[] { "INPUT", "OUTPUT" })
            await client.ExecAsync("iptables", "-A", chain, "-j", "DROP");

        // Nine questions without an answer, a second apart.
        await Until(() => bed.Sessions.Open == 0, "a stream is still open");
        Assert.Equal(before + 2, bed.Sessions.Deserted);
        exec.Kill(entireProcessTree: true);
        logs.Kill(entireProcessTree: true);
    }

    // What is under way at the cut would be sent again for a quarter of an hour, and until then no one asks whether the peer is there. So kubectl, which
    // sends a ping every 5 s, is stopped first; then both kernels say until nothing changes any more that nothing is under way.
    private static async Task SettleAsync(NetworkNamespace server, NetworkNamespace client)
    {
        foreach (System.Text.RegularExpressions.Match pid in System.Text.RegularExpressions.Regex.Matches((await client.ExecAsync("ss", "-Htnp", "state", "established")).Output, @"pid=(\d+)"))
            await client.ExecAsync("kill", "-STOP", pid.Groups[1].Value);
        string last = "";
        int same = 0;
        for (int looks = 0; same < QuietLooks; looks++)
        {
            Assert.True(looks < 1200, $"the connection does not come to rest: {last}");
            await Task.Delay(50, TestContext.Current.CancellationToken);
            string now = await UnderWayAsync(server) + await UnderWayAsync(client);
            same = now == last && !now.Contains("under way", StringComparison.Ordinal) ? same + 1 : 0;
            last = now;
        }
    }

    // tcp_info of the established connections: what was sent and received, and whether something has not been acknowledged or not been sent.
    private static async Task<string> UnderWayAsync(NetworkNamespace place)
    {
        string sockets = (await place.ExecAsync("ss", "-HtniO", "state", "established")).Output;
        string counters = string.Join(' ', System.Text.RegularExpressions.Regex.Matches(sockets, @"bytes_(?:sent|received):\d+").Select(static m => m.Value));
        return System.Text.RegularExpressions.Regex.IsMatch(sockets, @"\b(?:unacked|notsent):[1-9]") ? counters + " under way;" : counters + ";";
    }

    private static async Task Until(Func<bool> condition, string what)
    {
        long end = Environment.TickCount64 + 90_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < end, what);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }
}
