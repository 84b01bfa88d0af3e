using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Services;

/// <summary>
/// A TCP server in a kernel namespace. To an HTTP request it answers with the client's address and port, as agnhost's /clientip does, and the server's
/// name; to anything else, once the client has ended its direction, how many bytes it was sent.
/// </summary>
internal sealed class SeenServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly string _name;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <summary>Starts it.</summary>
    /// <param name="ns">The namespace to serve in.</param>
    /// <param name="port">The port.</param>
    /// <param name="name">What it answers to /hostname.</param>
    public SeenServer(NetworkNamespace ns, int port, string name)
    {
        _name = name;
        _listener = NamespaceSocket.OpenTcp(ns);
        _listener.Bind(new IPEndPoint(IPAddress.Any, port));
        _listener.Listen();
        _loop = AcceptAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
                serving.Add(ServeAsync(await _listener.AcceptAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        using Socket ended = client;
        byte[] buffer = new byte[65_536];
        var request = new StringBuilder();
        long bytes = 0;
        try
        {
            while (await client.ReceiveAsync(buffer, SocketFlags.None, _stop.Token) is > 0 and int read)
            {
                bytes += read;
                if (bytes < 2000)
                    request.Append(Encoding.ASCII.GetString(buffer, 0, read));
                if (request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && bytes == request.Length)
                {
                    string body = request.ToString().StartsWith("GET /hostname", StringComparison.Ordinal) ? _name : $"{client.RemoteEndPoint}";
                    await client.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"), SocketFlags.None, _stop.Token);
                    return;
                }
            }

            await client.SendAsync(Encoding.ASCII.GetBytes($"{bytes}\n"), SocketFlags.None, _stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // Disposed, or the client was.
        }
    }
}
