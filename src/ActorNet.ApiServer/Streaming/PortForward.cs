using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using ActorNet.ApiServer.Spdy;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Streaming;

namespace ActorNet.ApiServer.Streaming;

/// <summary>
/// Port forwarding over SPDY, plain or inside a WebSocket: for each connection the client opens an error and a data stream with the same
/// requestid (kubelet pkg/cri/streaming/portforward/httpstream.go).
/// </summary>
/// <param name="streams">The host's containers.</param>
/// <param name="space">The pod's namespace.</param>
/// <param name="pod">The pod's name.</param>
/// <param name="cancel">Ends all.</param>
internal sealed class PortForward(IContainerStreams streams, string space, string pod, CancellationToken cancel)
{
    /// <summary>The protocol's name in the SPDY upgrade.</summary>
    public const string Protocol = "portforward.k8s.io";

    /// <summary>Its name as a sub-protocol of a WebSocket that carries SPDY (KEP-4006).</summary>
    public const string TunnelProtocol = "SPDY/3.1+portforward.k8s.io";

    private const int BufferBytes = 32 << 10;

    // Two channels each, whose number is a byte.
    private const int MostPorts = 64;

    private readonly Dictionary<string, SpdyStream> _waiting = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, bool> _running = new();

    /// <summary>Reads the ports of a query (kubelet pkg/cri/streaming/portforward/websocket.go, NewV4Options).</summary>
    /// <param name="ports">Each a port.</param>
    /// <exception cref="ApiException">400: none, too many, or one that is no port.</exception>
    public static int[] ParsePorts(IReadOnlyList<string?> ports)
    {
        if (ports.Count is 0 or > MostPorts)
            throw ApiErrors.BadRequest($"query parameter \"port\" is required, at most {MostPorts} times");
        return [.. ports.Select(static text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= 65_535
            ? port
            : throw ApiErrors.BadRequest($"Unable to parse \"{text}\" as a port: it must be a number between 1 and 65535"))];
    }

    /// <summary>Serves a connection until the client ends it.</summary>
    /// <param name="connection">The connection; not disposed.</param>
    public async Task RunAsync(Stream connection)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        SpdySession? session = null;
        using (session = new SpdySession(connection, stream => Take(session!, stream, ended.Token)))
        {
            await session.RunAsync(ended.Token).ConfigureAwait(false);
            await ended.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(_running.Keys).ConfigureAwait(false);
        }
    }

    /// <summary>Connects and copies both ways until the pod has ended and sent all.</summary>
    /// <param name="port">The pod's port.</param>
    /// <param name="client">The client's side.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>What went wrong, in the kubelet's words; empty when nothing did.</returns>
    public async Task<string> ConnectAsync(int port, Stream client, CancellationToken stop)
    {
        IPodConnection connection;
        try
        {
            connection = await streams.ConnectAsync(space, pod, port, stop).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            return Failure(port, $"failed to connect to localhost:{port} inside namespace of pod \"{pod}\", IPv4: dial tcp4 127.0.0.1:{port}: connect: {Describe(e)}");
        }
        catch (ApiException e)
        {
            return Failure(port, e.Message);
        }

        await using (connection.ConfigureAwait(false))
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
            Task up = SendAsync(client, connection, ended.Token);
            try
            {
                await PumpAsync(connection.Data, client, ended.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // One of both is gone.
            }

            // A pod that has said all may have closed for good: a real kubelet stops here too.
            await ended.CancelAsync().ConfigureAwait(false);
            await up.ConfigureAwait(false);
        }

        return "";
    }

    // In the session's reading.
    private bool Take(SpdySession session, SpdyStream stream, CancellationToken stop)
    {
        string id = stream.Header("requestid");
        string type = stream.Header("streamtype");
        if (type is not ("data" or "error") || !int.TryParse(stream.Header("port"), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > 65_535)
            return false;
        // Old clients name no request: the next stream of the port belongs to it.
        string key = id.Length > 0 ? id : $"port {port}";
        if (!_waiting.Remove(key, out SpdyStream? other))
        {
            _waiting[key] = stream;
            return true;
        }

        if (other.Header("streamtype") == type)
            return false;
        (SpdyStream data, SpdyStream error) = type == "data" ? (stream, other) : (other, stream);
        Task task = ForwardAsync(session, port, data, error, stop);
        _running[task] = true;
        _ = task.ContinueWith(done => _running.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return true;
    }

    private async Task ForwardAsync(SpdySession session, int port, SpdyStream data, SpdyStream error, CancellationToken stop)
    {
        try
        {
            string failure = await ConnectAsync(port, data, stop).ConfigureAwait(false);
            if (failure.Length > 0)
                await error.WriteAsync(Encoding.UTF8.GetBytes(failure), stop).ConfigureAwait(false);
            await data.EndAsync().ConfigureAwait(false);
            await error.EndAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client is gone.
        }
        finally
        {
            session.Forget(data);
            session.Forget(error);
        }
    }

    private static async Task SendAsync(Stream client, IPodConnection connection, CancellationToken stop)
    {
        try
        {
            await PumpAsync(client, connection.Data, stop).ConfigureAwait(false);
            await connection.EndSendingAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // One of both is gone.
        }
    }

    private static async Task PumpAsync(Stream from, Stream to, CancellationToken stop)
    {
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            int length;
            while ((length = await from.ReadAsync(buffer, stop).ConfigureAwait(false)) > 0)
                await to.WriteAsync(buffer.AsMemory(0, length), stop).ConfigureAwait(false);
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private string Failure(int port, string why) => $"error forwarding port {port} to pod {pod}, uid : {why}";

    /// <summary>A refused connection in Go's words.</summary>
    public static string Describe(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.TimedOut => "connection timed out",
        SocketError.NetworkUnreachable => "network is unreachable",
        SocketError.HostUnreachable => "no route to host",
        _ => e.Message,
    };
}
