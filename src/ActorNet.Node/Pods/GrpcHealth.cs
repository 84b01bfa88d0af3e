using System.Net;
using System.Net.Http.Headers;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets.Http;

namespace ActorNet.Node.Pods;

/// <summary>
/// A gRPC probe: grpc.health.v1.Health/Check over HTTP/2 without TLS (kubernetes pkg/probe/grpc; grpc doc/health-checking.md). The two messages have one
/// field each, so they are written and read here by hand.
/// </summary>
internal static class GrpcHealth
{
    private const int Serving = 1;
    private const int MostRead = 4 << 10;
    private const int Unimplemented = 12;

    private static readonly string[] Names = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

    /// <summary>Asks for the health of a service.</summary>
    /// <param name="root">The door to the namespace that it leaves from.</param>
    /// <param name="remote">Where to.</param>
    /// <param name="service">Service; empty for the whole server.</param>
    /// <param name="timeout">The limit, for the text.</param>
    /// <param name="stop">Time is up.</param>
    public static async Task<ProbeFinding> CheckAsync(INamespaceExecutor root, Ipv4Endpoint remote, string service, TimeSpan timeout, CancellationToken stop)
    {
        using SocketsHttpHandler handler = NamespaceHttp.CreateHandler(root, static (_, _) => ValueTask.FromResult<IReadOnlyList<Ipv4Address>>([]));
        using var client = new HttpMessageInvoker(handler, disposeHandler: false);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{remote}/grpc.health.v1.Health/Check")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Frame(service)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        try
        {
            using HttpResponseMessage answer = await client.SendAsync(request, stop).ConfigureAwait(false);
            byte[] body = await ReadAsync(answer, stop).ConfigureAwait(false);
            return Judge(answer, body);
        }
        catch (OperationCanceledException)
        {
            return ProbeFinding.Failed($"timeout: failed to connect service \"{remote}\" within {timeout.TotalSeconds:0}s: context deadline exceeded");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return ProbeFinding.Failed($"error: failed to connect service at \"{remote}\": {e.GetBaseException().Message}");
        }
    }

    // A frame: not compressed, four bytes of length, the message (grpc PROTOCOL-HTTP2.md). The message: field 1, a string.
    private static byte[] Frame(string service)
    {
        byte[] name = Encoding.UTF8.GetBytes(service);
        List<byte> message = [];
        if (name.Length > 0)
        {
            message.Add(1 << 3 | 2);
            for (int rest = name.Length; ; rest >>= 7)
            {
                message.Add((byte)(rest > 0x7F ? rest & 0x7F | 0x80 : rest));
                if (rest <= 0x7F)
                    break;
            }

            message.AddRange(name);
        }

        return [0, (byte)(message.Count >> 24), (byte)(message.Count >> 16), (byte)(message.Count >> 8), (byte)message.Count, .. message];
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage answer, CancellationToken stop)
    {
        Stream body = await answer.Content.ReadAsStreamAsync(stop).ConfigureAwait(false);
        byte[] bytes = new byte[MostRead];
        int count = 0;
        for (int more = -1; more != 0 && count < MostRead; count += more)
            more = await body.ReadAsync(bytes.AsMemory(count), stop).ConfigureAwait(false);
        return bytes[..count];
    }

    private static ProbeFinding Judge(HttpResponseMessage answer, byte[] body)
    {
        // Trailers, or headers where the answer has nothing else.
        string? status = Header(answer.TrailingHeaders, "grpc-status") ?? Header(answer.Headers, "grpc-status");
        string message = WebUtility.UrlDecode(Header(answer.TrailingHeaders, "grpc-message") ?? Header(answer.Headers, "grpc-message") ?? "");
        if (status is null)
            return ProbeFinding.Failed($"error: health rpc probe failed: the answer is no gRPC (HTTP status {(int)answer.StatusCode})");
        if (status == $"{Unimplemented}")
            return ProbeFinding.Failed($"error: this server does not implement the grpc health protocol (grpc.health.v1.Health): {message}");
        if (status != "0")
            return ProbeFinding.Failed($"error: health rpc probe failed: {message}");
        int health = Health(body);
        return health == Serving ? ProbeFinding.Passed() : ProbeFinding.Failed($"service unhealthy (responded with \"{(health < Names.Length ? Names[health] : health)}\")");
    }

    // Field 1, a number below 128; zero is not written.
    private static int Health(byte[] body) => body.Length >= 7 && body[0] == 0 && body[5] == 1 << 3 && body[6] < 0x80 ? body[6] : 0;

    private static string? Header(HttpHeaders headers, string name) => headers.TryGetValues(name, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
}
