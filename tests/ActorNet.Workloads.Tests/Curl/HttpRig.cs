using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Sockets.Kestrel;
using ActorNet.Sockets.Tests;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Workloads.Tests.Curl;

/// <summary>A client's pod 10.0.0.1, and a server's pod 10.0.0.2 where Kestrel answers on port 80 and a raw port 81 says what a test tells it.</summary>
internal sealed class HttpRig : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly PodHttpServer _server;
    private readonly List<PodHttpListener> _listeners = [];
    private TcpAcceptor? _raw;
    private Task _answering = Task.CompletedTask;

    private HttpRig(PodHttpServer server) => _server = server;

    public PodPair Pods { get; } = new();

    public FileTree Files { get; } = ContainerFiles.Create("client", "10.0.0.1", ProgramTable.CreateDefault().Names, TimeProvider.System);

    /// <summary>The connections that requests came on.</summary>
    public HashSet<string> Connections { get; } = [];

    public static byte[] Content { get; } = RandomNumberGenerator.GetBytes(5_000_000);

    public static async Task<HttpRig> StartAsync()
    {
        var rig = new HttpRig(new PodHttpServer());
        (SocketResult result, PodHttpListener? listener) = await rig._server.ListenAsync(rig.Pods.Server, "web", new Ipv4Endpoint(Ipv4Address.Any, 80), rig.AnswerAsync);
        Assert.Equal(SocketResult.Ok, result);
        rig._listeners.Add(listener!);
        return rig;
    }

    /// <summary>Has port 81 answer each connection's first bytes with a text, and close.</summary>
    /// <param name="answer">What to send.</param>
    /// <param name="end">How the connection ends: closed, reset or left open.</param>
    public async Task AnswerRawAsync(string answer, ConnectionEnd end)
    {
        (_, _raw) = await TcpAcceptor.ListenAsync(Pods.Server, new Ipv4Endpoint(Ipv4Address.Any, 81));
        _answering = ServeRawAsync(Encoding.Latin1.GetBytes(answer), end);
    }

    public Task<CurlRun> RunAsync(string arguments, string stdin = "", CancellationToken cancellation = default) =>
        RunWordsAsync(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), stdin, cancellation);

    public async Task<CurlRun> RunWordsAsync(IReadOnlyList<string> words, string stdin = "", CancellationToken cancellation = default)
    {
        var output = new MemoryStream();
        var error = new MemoryStream();
        var context = new ProgramContext
        {
            Input = new MemoryStream(Encoding.UTF8.GetBytes(stdin)),
            Output = output,
            Error = error,
            Namespace = Pods.Client,
            HostName = "client",
            Environment = new Dictionary<string, string> { ["PATH"] = ContainerFiles.DefaultPath },
            Hosts = new Dictionary<string, Ipv4Address> { ["web"] = Pods.Server.Address },
            Devices = ["lo", "eth0"],
            Files = Files,
            Cancellation = cancellation,
        };
        int code = await ProgramTable.CreateDefault().RunAsync(context, words).WaitAsync(Patience, CancellationToken.None);
        return new CurlRun(code, output.ToArray(), Encoding.UTF8.GetString(error.ToArray()));
    }

    public async ValueTask DisposeAsync()
    {
        if (_raw is not null)
            await _raw.DisposeAsync();
        await _answering;
        await _server.DisposeAsync();
        await Pods.DisposeAsync();
    }

    private async Task ServeRawAsync(byte[] answer, ConnectionEnd end)
    {
        while (await _raw!.AcceptAsync() is { } connection)
        {
            var stream = new TcpStream(connection);
            try
            {
                await AnswerRawAsync(stream, answer, end);
            }
            catch (Exception left) when (left is IOException or OperationCanceledException)
            {
                // A client that gives up may leave at any time, and with what it has not read.
            }

            await stream.DisposeAsync();
        }
    }

    private static async Task AnswerRawAsync(TcpStream stream, byte[] answer, ConnectionEnd end)
    {
        if (await stream.ReadAsync(new byte[4096]) == 0)
            return;
        await stream.WriteAsync(answer);
        if (end == ConnectionEnd.Reset)
            stream.Abort();
        else if (end == ConnectionEnd.LeftOpen)
            Assert.Equal(0, await stream.ReadAsync(new byte[1]));
    }

    private async Task AnswerAsync(HttpContext context)
    {
        Connections.Add(context.Connection.Id);
        string path = context.Request.Path.Value!;
        HttpResponse response = context.Response;
        using var reader = new StreamReader(context.Request.Body, Encoding.Latin1);
        string body = await reader.ReadToEndAsync();
        switch (path)
        {
            case "/content":
                response.ContentLength = Content.Length;
                await response.Body.WriteAsync(Content);
                return;
            case "/echo":
                string headers = string.Concat(context.Request.Headers.Select(static h => $"{h.Key}: {h.Value}\n"));
                await SayAsync(response, 200, $"{context.Request.Method} {context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget} {context.Request.Protocol}\n{headers}\n{body}");
                return;
            case "/port":
                await SayAsync(response, 200, $"{context.Connection.RemoteIpAddress}:{context.Connection.RemotePort}\n");
                return;
            case "/chunked":
                await response.WriteAsync("one ");
                await response.Body.FlushAsync();
                await response.WriteAsync("two\n");
                return;
            case "/loop":
                response.Headers.Location = "/loop";
                await SayAsync(response, 301, "");
                return;
            case var _ when path.StartsWith("/to/", StringComparison.Ordinal):
                response.Headers.Location = "/echo";
                await SayAsync(response, int.Parse(path[4..], CultureInfo.InvariantCulture), "moved\n");
                return;
            case var _ when path.StartsWith("/status/", StringComparison.Ordinal):
                await SayAsync(response, int.Parse(path[8..], CultureInfo.InvariantCulture), "the body\n");
                return;
            default:
                await SayAsync(response, 200, path + "\n");
                return;
        }
    }

    private static Task SayAsync(HttpResponse response, int status, string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        response.StatusCode = status;
        response.ContentType = "text/plain";
        response.ContentLength = bytes.Length;
        return HttpMethods.IsHead(response.HttpContext.Request.Method) ? Task.CompletedTask : response.Body.WriteAsync(bytes).AsTask();
    }
}

/// <summary>How the raw port ends a connection.</summary>
internal enum ConnectionEnd
{
    Closed,
    Reset,
    LeftOpen,
}

/// <summary>What a run left.</summary>
internal sealed record CurlRun(int Code, byte[] Bytes, string Error)
{
    public string Output => Encoding.Latin1.GetString(Bytes);
}
