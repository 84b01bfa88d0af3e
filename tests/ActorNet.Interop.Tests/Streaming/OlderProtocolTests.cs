using System.Net.WebSockets;
using System.Text;

namespace ActorNet.Interop.Tests.Streaming;

/// <summary>
/// The channel protocols that no client of today offers, spoken by hand: what messages look like is written in apiserver pkg/util/wsstream/conn.go (a byte
/// for the channel, or a digit before base64), what the last one says in apimachinery pkg/util/remotecommand/constants.go (a Status from version 4 on).
/// </summary>
public sealed class OlderProtocolTests(StreamingBed bed) : IClassFixture<StreamingBed>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private const string Status = """{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code: exit status 3","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}""";

    private const string Text = "command terminated with non-zero exit code: exit status 3";

    [Theory]
    [InlineData("v4.channel.k8s.io", Status)]
    [InlineData("v3.channel.k8s.io", Text)]
    [InlineData("v2.channel.k8s.io", Text)]
    [InlineData("channel.k8s.io", Text)]
    [InlineData("", Text)]
    [InlineData("v4.base64.channel.k8s.io", Status)]
    [InlineData("base64.channel.k8s.io", Text)]
    public async Task A_command_runs_over_every_channel_protocol(string protocol, string last)
    {
        string pod = await bed.RunOnceAsync("exec", "{metadata: {name: NAME}, spec: {containers: [{name: main, image: busybox, command: [sleep, infinity]}]}}");
        Uri server = await bed.AddressAsync(32);
        bool isBase64 = protocol.Contains("base64", StringComparison.Ordinal);
        using var patience = new CancellationTokenSource(Patience);
        using var socket = new ClientWebSocket();
        if (protocol.Length > 0)
            socket.Options.AddSubProtocol(protocol);
        string command = string.Join('&', new[] { "sh", "-c", "head -c 6; echo told >&2; exit 3" }.Select(word => $"command={Uri.EscapeDataString(word)}"));
        await socket.ConnectAsync(new Uri($"ws://{server.Authority}/api/v1/namespaces/default/pods/{pod}/exec?{command}&stdin=1&stdout=1&stderr=1"), patience.Token);
        Assert.Equal(protocol.Length == 0 ? null : protocol, socket.SubProtocol);
        byte[] input = Encoding.UTF8.GetBytes("a\nb\nc\nd\n");
        if (isBase64)
            await socket.SendAsync(Encoding.ASCII.GetBytes("0" + Convert.ToBase64String(input)), WebSocketMessageType.Text, true, patience.Token);
        else
            await socket.SendAsync(new byte[] { 0 }.Concat(input).ToArray(), WebSocketMessageType.Binary, true, patience.Token);

        var channels = new Dictionary<int, string>();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            int length = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(buffer.AsMemory(length), patience.Token);
                length += received.Count;
            }
            while (!received.EndOfMessage);
            if (received.MessageType == WebSocketMessageType.Close)
                break;
            Assert.Equal(isBase64 ? WebSocketMessageType.Text : WebSocketMessageType.Binary, received.MessageType);
            int channel = isBase64 ? buffer[0] - '0' : buffer[0];
            byte[] data = isBase64 ? Convert.FromBase64String(Encoding.ASCII.GetString(buffer, 1, length - 1)) : buffer[1..length];
            channels[channel] = channels.GetValueOrDefault(channel, "") + Encoding.UTF8.GetString(data);
        }

        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
        Assert.Equal(("a\nb\nc\n", "told\n", last), (channels.GetValueOrDefault(1), channels.GetValueOrDefault(2), channels.GetValueOrDefault(3)));
    }

    [Fact]
    public async Task A_client_of_unknown_protocols_only_is_told_which_there_are()
    {
        string pod = await bed.RunOnceAsync("exec", "{metadata: {name: NAME}, spec: {containers: [{name: main, image: busybox, command: [sleep, infinity]}]}}");
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v9.channel.k8s.io");
        socket.Options.CollectHttpResponseDetails = true;
        using var patience = new CancellationTokenSource(Patience);
        await Assert.ThrowsAsync<WebSocketException>(async () => await socket.ConnectAsync(new Uri($"ws://{(await bed.AddressAsync(32)).Authority}/api/v1/namespaces/default/pods/{pod}/exec?command=true&stdout=1"), patience.Token));
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, socket.HttpStatusCode);
    }
}
