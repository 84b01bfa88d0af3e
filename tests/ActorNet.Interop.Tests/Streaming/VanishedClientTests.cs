using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Streaming;

/// <summary>Real kubectl on a link of the kernel's that begins to lose everything.</summary>
public sealed class VanishedClientTests(StreamingBed bed) : IClassFixture<StreamingBed>
{
    private const string Idle = "{metadata: {name: NAME}, spec: {containers: [{name: main, image: busybox, command: [sh, -c, 'echo begun; sleep infinity']}]}}";

    [Theory]
    [InlineData("exec", "exec {0} -- sh -c 'echo begun; sleep 1000'")]
    [InlineData("logs", "logs -f {0}")]
    public async Task The_stream_of_a_client_that_vanishes_without_a_word_is_ended_and_counted(string kind, string command)
    {
        Need.Root();
        Need.Tool("kubectl", "ip", "iptables");
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
        long before = bed.Sessions.Deserted, opened = bed.Sessions.Opened.GetValueOrDefault(kind);
        string words = string.Format(System.Globalization.CultureInfo.InvariantCulture, command, pod);
        using Process kubectl = client.Start(["bash", "-c",
            $"KUBECACHEDIR={bed.Folder}/vanish exec kubectl --kubeconfig=/dev/null --server=http://192.0.2.1:{((IPEndPoint)listening.LocalEndPoint!).Port} {words}"]);
        await Until(() => bed.Sessions.Opened.GetValueOrDefault(kind) > opened && bed.Sessions.Open > 0, "kubectl opened nothing");
        // All that was sent has come: what is under way would be sent again for a quarter of an hour.
        Assert.Equal("begun", await kubectl.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));

        foreach (string chain in new[] { "INPUT", "OUTPUT" })
            await client.ExecAsync("iptables", "-A", chain, "-j", "DROP");

        // Nine questions without an answer, a second apart.
        await Until(() => bed.Sessions.Open == 0, "the stream is still open");
        Assert.Equal(before + 1, bed.Sessions.Deserted);
        kubectl.Kill();
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
