using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using ActorNet.Netstack;
using ActorNet.Sockets;

namespace ActorNet.Node.Edge;

/// <summary>
/// A real connection joined to one of the edge's namespace: bytes, the end of each direction and resets pass both ways. Whoever reads slowly
/// holds the other side back, for nothing is buffered here beyond one read. No thread waits for an idle one.
/// </summary>
/// <param name="client">The real connection, taken over.</param>
/// <param name="target">Where it goes in the node's network.</param>
/// <param name="executor">The door to the edge's namespace.</param>
/// <param name="clients">By which address the client is known there.</param>
/// <param name="counters">Figures.</param>
internal sealed class EdgeConnection(Socket client, Ipv4Endpoint target, INamespaceExecutor executor, EdgeClients clients, EdgeCounters counters)
{
    private const int PieceLength = 16 * 1024;

    private static readonly TcpOptions Shared = new() { ReuseAddress = true, NoDelay = true };

    /// <summary>Carries it from beginning to end; does not fail.</summary>
    /// <param name="stop">Ends it.</param>
    public async Task RunAsync(CancellationToken stop)
    {
        using (client)
        {
            Ipv4Endpoint source = default;
            try
            {
                client.NoDelay = true;
                source = await clients.HoldAsync((IPEndPoint)client.RemoteEndPoint!).ConfigureAwait(false);
                TcpDuplexPipe? connection = await ConnectAsync(source, stop).ConfigureAwait(false);
                if (connection is null)
                {
                    counters.CountRefused();
                    Reset();
                    return;
                }

                await using (connection.ConfigureAwait(false))
                    await JoinAsync(connection, stop).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or IOException or ObjectDisposedException)
            {
                counters.CountAborted();
                Reset();
            }
            finally
            {
                if (source != default)
                    clients.Release(source);
            }
        }
    }

    // A client keeps its port. Where two clients of one machine share the edge's address that may be taken; another one does then.
    private async Task<TcpDuplexPipe?> ConnectAsync(Ipv4Endpoint source, CancellationToken stop)
    {
        (SocketResult result, TcpDuplexPipe? connection) = await TcpConnector.ConnectAsync(executor, target, Shared, source, stop).ConfigureAwait(false);
        if (result is SocketResult.AddressInUse or SocketResult.AddressNotAvailable)
            (_, connection) = await TcpConnector.ConnectAsync(executor, target, Shared, source with { Port = 0 }, stop).ConfigureAwait(false);
        return connection;
    }

    private async Task JoinAsync(TcpDuplexPipe connection, CancellationToken stop)
    {
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task[] ways = [InwardAsync(connection, over.Token), OutwardAsync(connection, over.Token)];
        try
        {
            // The end of one direction leaves the other one open; a failure of either is the end of both.
            await (await Task.WhenAny(ways).ConfigureAwait(false)).ConfigureAwait(false);
            await Task.WhenAll(ways).ConfigureAwait(false);
        }
        catch
        {
            connection.Abort();
            await over.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(ways).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private async Task InwardAsync(TcpDuplexPipe connection, CancellationToken stop)
    {
        PipeWriter output = connection.Output;
        while (true)
        {
            // Memory is taken once there is something for it.
            await client.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, stop).ConfigureAwait(false);
            int length = await client.ReceiveAsync(output.GetMemory(PieceLength), SocketFlags.None, stop).ConfigureAwait(false);
            if (length == 0)
                break;
            output.Advance(length);
            if ((await output.FlushAsync(stop).ConfigureAwait(false)).IsCompleted)
                throw new IOException($"{connection.Remote} takes no more data.");
        }

        await output.CompleteAsync().ConfigureAwait(false);
    }

    private async Task OutwardAsync(TcpDuplexPipe connection, CancellationToken stop)
    {
        while (true)
        {
            ReadResult read = await connection.Input.ReadAsync(stop).ConfigureAwait(false);
            ReadOnlySequence<byte> data = read.Buffer;
            foreach (ReadOnlyMemory<byte> piece in data)
            {
                for (int sent = 0; sent < piece.Length;)
                    sent += await client.SendAsync(piece[sent..], SocketFlags.None, stop).ConfigureAwait(false);
            }

            connection.Input.AdvanceTo(data.End);
            if (read.IsCompleted)
                break;
        }

        client.Shutdown(SocketShutdown.Send);
    }

    // SO_LINGER with no time: the close is a RST.
    private void Reset()
    {
        try
        {
            client.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
    }
}
