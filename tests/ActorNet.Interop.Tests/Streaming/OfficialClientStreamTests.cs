using System.Formats.Tar;
using System.Net.WebSockets;
using System.Text;
using k8s;

namespace ActorNet.Interop.Tests.Streaming;

/// <summary>The official C# client's exec and port-forward, and with them its way to copy files.</summary>
public sealed class OfficialClientStreamTests(StreamingBed bed) : IClassFixture<StreamingBed>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task It_executes_with_streams_and_an_exit_code()
    {
        using k8s.Kubernetes client = await ClientAsync();
        string pod = await RunAsync();
        using var patience = new CancellationTokenSource(Patience);
        (string output, string error) = ("", "");
        int code = await client.NamespacedPodExecAsync(pod, "default", "main", ["sh", "-c", "echo out; echo err >&2; exit 5"], false, async (_, stdout, stderr) =>
        {
            output = await new StreamReader(stdout).ReadToEndAsync(patience.Token);
            error = await new StreamReader(stderr).ReadToEndAsync(patience.Token);
        }, patience.Token);
        Assert.Equal((5, "out\n", "err\n"), (code, output, error));
    }

    [Fact]
    public async Task It_copies_a_file_there_and_back()
    {
        using k8s.Kubernetes client = await ClientAsync();
        string pod = await RunAsync();
        using var patience = new CancellationTokenSource(Patience);
        byte[] content = new byte[500_000];
        new Random(4).NextBytes(content);
        var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, leaveOpen: true))
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "copied") { DataStream = new MemoryStream(content) }, patience.Token);
        // This client never ends its input: the command reads as much as it is told.
        int code = await client.NamespacedPodExecAsync(pod, "default", "main", ["sh", "-c", $"head -c {archive.Length} | tar xmf - -C /tmp"], false, async (stdin, stdout, _) =>
        {
            await stdin.WriteAsync(archive.ToArray(), patience.Token);
            await stdout.CopyToAsync(Stream.Null, patience.Token);
        }, patience.Token);
        Assert.Equal(0, code);
        var back = new MemoryStream();
        code = await client.NamespacedPodExecAsync(pod, "default", "main", ["tar", "cf", "-", "-C", "/tmp", "copied"], false, (_, stdout, _) => stdout.CopyToAsync(back, patience.Token), patience.Token);
        Assert.Equal(0, code);
        back.Position = 0;
        TarEntry entry = (await new TarReader(back).GetNextEntryAsync(copyData: true, patience.Token))!;
        var read = new MemoryStream();
        await entry.DataStream!.CopyToAsync(read, patience.Token);
        Assert.Equal("copied", entry.Name);
        Assert.True(content.AsSpan().SequenceEqual(read.ToArray()));
    }

    [Fact]
    public async Task It_forwards_a_port()
    {
        using k8s.Kubernetes client = await ClientAsync();
        string pod = await bed.RunOnceAsync("server", "{metadata: {name: NAME}, spec: {containers: [{name: main, image: agnhost, args: [netexec, --http-port=8080]}]}}");
        using var patience = new CancellationTokenSource(Patience);
        for (bool isReady = false; !isReady;)
            isReady = await client.NamespacedPodExecAsync(pod, "default", "main", ["nc", "-z", "127.0.0.1", "8080"], false, (_, stdout, _) => stdout.CopyToAsync(Stream.Null, patience.Token), patience.Token) == 0;
        using WebSocket socket = await client.WebSocketNamespacedPodPortForwardAsync(pod, "default", [8080], "v4.channel.k8s.io", cancellationToken: patience.Token);
        using var demuxer = new StreamDemuxer(socket, StreamType.PortForward);
        demuxer.Start();
        Stream stream = demuxer.GetStream((byte?)0, (byte?)0);
        await stream.WriteAsync(Encoding.ASCII.GetBytes("GET /hostname HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), patience.Token);
        string answer = "";
        byte[] buffer = new byte[4096];
        while (!answer.EndsWith(pod, StringComparison.Ordinal))
        {
            int count = await stream.ReadAsync(buffer, patience.Token);
            Assert.True(count > 0, answer);
            answer += Encoding.ASCII.GetString(buffer, 0, count);
        }

        Assert.StartsWith("HTTP/1.1 200", answer);
    }

    private async Task<k8s.Kubernetes> ClientAsync() => new(new KubernetesClientConfiguration { Host = (await bed.AddressAsync(32)).ToString() });

    private Task<string> RunAsync() => bed.RunOnceAsync("exec", "{metadata: {name: NAME}, spec: {containers: [{name: main, image: busybox, command: [sleep, infinity]}]}}");
}
