using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using ActorNet.Sockets.Kestrel;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>Servers on ports that answer the same to everybody; disposing closes them all.</summary>
internal sealed class PortServers(AgnhostRun run) : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _open = [];
    private readonly List<Task> _serving = [];
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Serves HTTP.</summary>
    /// <returns>What Go says where it cannot, or null.</returns>
    public Task<string?> ServeHttpAsync(ushort port, RequestDelegate answer) => ServeHttpAsync(port, answer, isHttp2: false);

    /// <summary>Serves HTTP/2 without TLS, to clients that know it: gRPC.</summary>
    /// <returns>What Go says where it cannot, or null.</returns>
    public Task<string?> ServeHttp2Async(ushort port, RequestDelegate answer) => ServeHttpAsync(port, answer, isHttp2: true);

    private async Task<string?> ServeHttpAsync(ushort port, RequestDelegate answer, bool isHttp2)
    {
        if (run.Context.Http is null)
            return $"listen tcp :{port}: there is no HTTP server for programs here";
        (SocketResult result, PodHttpListener? listener) =
            await run.Context.Http.ListenAsync(run.Context.Namespace, run.Context.HostName, new Ipv4Endpoint(Ipv4Address.Any, port), answer, isHttp2).ConfigureAwait(false);
        return Take(listener, result, $"listen tcp :{port}");
    }

    /// <summary>Sends each connection a text and closes it.</summary>
    public async Task<string?> ServeTcpAsync(ushort port, byte[] text, string log)
    {
        (SocketResult result, TcpAcceptor? acceptor) = await TcpAcceptor.ListenAsync(run.Context.Namespace, new Ipv4Endpoint(Ipv4Address.Any, port)).ConfigureAwait(false);
        if (acceptor is not null)
            _serving.Add(AcceptAsync(acceptor, text, log));
        return Take(acceptor, result, $"Error from net.Listen(): listen tcp :{port}");
    }

    /// <summary>Answers each datagram with a text.</summary>
    public async Task<string?> ServeUdpAsync(ushort port, byte[] text, string? log)
    {
        (SocketResult result, DatagramEndpoint? endpoint) = await DatagramEndpoint.OpenAsync(run.Context.Namespace, new Ipv4Endpoint(Ipv4Address.Any, port)).ConfigureAwait(false);
        if (endpoint is not null)
            _serving.Add(AnswerAsync(endpoint, text, log));
        return Take(endpoint, result, $"listen udp :{port}");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (IAsyncDisposable open in _open)
            await open.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private string? Take(IAsyncDisposable? server, SocketResult result, string doing)
    {
        if (server is null)
            return $"{doing}: bind: {result.Describe().ToLowerInvariant()}";
        _open.Add(server);
        return null;
    }

    private async Task AcceptAsync(TcpAcceptor acceptor, byte[] text, string log)
    {
        while (await acceptor.AcceptAsync(_stop.Token).ConfigureAwait(false) is { } connection)
        {
            await run.LogAsync(string.Format(CultureInfo.InvariantCulture, log, connection.Remote)).ConfigureAwait(false);
            // A name fits into the send buffer: nobody is waited for.
            await connection.Output.WriteAsync(text, _stop.Token).ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task AnswerAsync(DatagramEndpoint endpoint, byte[] text, string? log)
    {
        while (true)
        {
            ReceivedDatagram datagram = await endpoint.ReceiveAsync(_stop.Token).ConfigureAwait(false);
            if (datagram.Result == SocketResult.Closed)
                return;
            if (datagram.Result != SocketResult.Ok)
                continue;
            if (log is not null)
                await run.LogAsync(string.Format(CultureInfo.InvariantCulture, log, datagram.Sender)).ConfigureAwait(false);
            await endpoint.SendToAsync(text, datagram.Sender).ConfigureAwait(false);
        }
    }
}
