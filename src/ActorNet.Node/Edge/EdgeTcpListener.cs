using System.Net.Sockets;
using ActorNet.Kubernetes.Edge;

namespace ActorNet.Node.Edge;

/// <summary>Takes real connections; each goes its own way from then on.</summary>
internal sealed class EdgeTcpListener : EdgeListener
{
    private const int Backlog = 512;

    private static readonly TimeSpan AfterError = TimeSpan.FromMilliseconds(100);

    public EdgeTcpListener(EdgePort port, Socket socket, EdgeRoom room, CancellationToken stop)
        : base(port, socket, room, stop) => socket.Listen(Backlog);

    public override void Start() => _ = AcceptAsync();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                if (await AcceptOneAsync().ConfigureAwait(false) is not { } client)
                    continue;
                if (await HasRoomAsync(client).ConfigureAwait(false))
                    _ = CarryAsync(client);
            }
        }
        catch (OperationCanceledException)
        {
            // It stopped listening.
        }
    }

    private async Task<Socket?> AcceptOneAsync()
    {
        try
        {
            Socket client = await Socket.AcceptAsync(Stopped).ConfigureAwait(false);
            Room.Counters.CountAccepted();
            return client;
        }
        catch (Exception e) when (Stopped.IsCancellationRequested && (e is ObjectDisposedException or SocketException))
        {
            throw new OperationCanceledException(Stopped);
        }
        catch (SocketException)
        {
            // The client is gone already, or the process has no descriptor left: a moment later there may be one.
            await Task.Delay(AfterError, Room.Time, Stopped).ConfigureAwait(false);
            return null;
        }
    }

    // While there is no room, the one that was accepted waits, and those behind it in the kernel's backlog.
    private async Task<bool> HasRoomAsync(Socket client)
    {
        try
        {
            await Room.Connections.WaitAsync(Stopped).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            client.Dispose();
            throw;
        }
    }

    private async Task CarryAsync(Socket client)
    {
        try
        {
            await new EdgeConnection(client, Target, Room.Executor, Room.Clients, Room.Counters).RunAsync(Everything).ConfigureAwait(false);
        }
        finally
        {
            Room.Connections.Release();
        }
    }
}
