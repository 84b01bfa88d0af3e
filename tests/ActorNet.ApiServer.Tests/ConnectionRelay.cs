using System.Net;
using System.Net.Sockets;

namespace ActorNet.ApiServer.Tests;

/// <summary>
/// One address that stays while servers behind it come and go: each connection is handed to the server that is behind it now, or closed
/// when there is none.
/// </summary>
internal sealed class ConnectionRelay : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly HashSet<Socket> _open = [];
    private readonly Task _accepting;
    private IPEndPoint? _server;

    public ConnectionRelay()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Address = new Uri($"http://{_listener.LocalEndPoint}");
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public Uri Address { get; }

    /// <summary>How many connections it has taken.</summary>
    public int Taken { get; private set; }

    /// <summary>The server that gets connections from now on; null: none, they are closed at once.</summary>
    public void Serve(Uri? server)
    {
        lock (_lock)
            _server = server is null ? null : new IPEndPoint(IPAddress.Parse(server.Host), server.Port);
    }

    /// <summary>Resets every connection there is, as the loss of a server does.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            foreach (Socket each in _open)
                Reset(each);
            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        Cut();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = CarryAsync(client);
        }
    }

    private async Task CarryAsync(Socket client)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            IPEndPoint? target;
            lock (_lock)
            {
                Taken++;
                target = _server;
                _open.Add(client);
                _open.Add(server);
            }

            if (target is null)
                return;
            await server.ConnectAsync(target);
            await Task.WhenAny(CopyAsync(client, server), CopyAsync(server, client));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The server is gone: so is the connection.
        }
        finally
        {
            lock (_lock)
            {
                _open.Remove(client);
                _open.Remove(server);
            }

            client.Dispose();
            server.Dispose();
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is int count and > 0)
            {
                for (int sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Either end is gone, and the other goes with it.
        }
    }

    private static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }
}
