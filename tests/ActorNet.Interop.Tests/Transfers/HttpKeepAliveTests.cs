using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Packets;
using ActorNet.Sockets.Http;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>HTTP connections that stay: after silence the next request goes over the same connection, whichever end is the kernel's.</summary>
[Collection(TransferTestCollection.Name)]
public sealed partial class HttpKeepAliveTests(SharedTransferBed shared)
{
    // Longer than a timeout, a delayed ACK and a tail probe take; nginx closes after 75 s, Kestrel after 130.
    private const int SilenceInMilliseconds = 2000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(KernelEnd.Client)]
    [InlineData(KernelEnd.Server)]
    public async Task After_silence_the_next_request_goes_over_the_same_connection(KernelEnd end)
    {
        Need.Tool("ss");
        TransferBed bed = await shared.GetAsync();
        (SocketsHttpHandler handler, string url, string filter) = end == KernelEnd.Client
            ? (KernelsHandler(bed), $"http://{bed.Server.Address}:{TransferBed.HttpPort}/hostname", string.Create(CultureInfo.InvariantCulture, $"dst {bed.Server.Address}:{TransferBed.HttpPort}"))
            : (NamespaceHttp.CreateHandler(bed.Client, static (_, _) => ValueTask.FromResult<IReadOnlyList<Ipv4Address>>([])), $"{bed.KernelUrl}/echo", $"src {bed.Kernel.Address}:80 and dst {bed.Client.Address}");
        int opened = 0;
        Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> connect = handler.ConnectCallback!;
        handler.ConnectCallback = (context, cancellation) =>
        {
            opened++;
            return connect(context, cancellation);
        };
        using var client = new HttpClient(handler);
        string first = await client.GetStringAsync(new Uri(url), Ct);

        await Eventually.HoldsAsync("the kernel's end has sent and heard nothing for two seconds", async () =>
        {
            string rows = (await bed.Kernel.Namespace.ExecAsync(["ss", "-HtniO", "state", "established", .. filter.Split(' ')])).Output;
            int[] silences = [.. Silence().Matches(rows).Select(static match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];
            return silences.Length > 0 && silences.All(static silence => silence > SilenceInMilliseconds);
        });

        Assert.Equal(first, await client.GetStringAsync(new Uri(url), Ct));
        Assert.Equal(1, opened);
    }

    private static SocketsHttpHandler KernelsHandler(TransferBed bed) => new()
    {
        UseProxy = false,
        ConnectCallback = async (context, cancellation) =>
        {
            Socket socket = NamespaceSocket.OpenTcp(bed.Kernel.Namespace);
            await socket.ConnectAsync(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    [GeneratedRegex(@"last(?:snd|rcv|ack):(\d+)")]
    private static partial Regex Silence();
}
