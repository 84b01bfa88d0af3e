using System.Net;
using System.Net.Sockets;
using ActorNet.Cluster.Stores;
using ActorNet.Cluster.Stores.Peers;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.StoreServer;

/// <summary>The port of a store server for clients, in the clear on loopback: the members' own calls, many at a time on each connection.</summary>
internal sealed class ClientPort : IAsyncDisposable
{
    private readonly TcpListener _listening;
    private readonly CancellationTokenSource _ending = new();
    private readonly CallAnswers _answers;
    private readonly Task _accepting;

    /// <summary>Begins to listen.</summary>
    public ClientPort(IObjectStore store, IPEndPoint at)
    {
        _answers = new CallAnswers(async (command, cancel) => await RunAsync(store, command, cancel));
        _listening = new TcpListener(at);
        _listening.Start();
        _accepting = AcceptAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listening.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private static async Task<TransactionResult?> RunAsync(IObjectStore store, StoreCommand command, CancellationToken cancel)
    {
        // What a client only reads does not go through the log.
        if (command is CommitCommand { Transaction: { Comparisons.IsEmpty: true, Success: [RangeOperation read] } })
        {
            RangeResult range = await store.RangeAsync(read.Request, cancel);
            return new TransactionResult(true, range.Revision, [new OperationResult(range)]);
        }

        if (command is CommitCommand commit)
            return await store.CommitAsync(commit.Transaction, cancel);
        await store.CompactAsync(((CompactCommand)command).Revision, cancel);
        return null;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client = await _listening.AcceptSocketAsync(_ending.Token);
            client.NoDelay = true;
            _ = ServeAsync(new NetworkStream(client, ownsSocket: true));
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        await using (stream.ConfigureAwait(false))
            await _answers.ServeAsync(stream, _ending.Token);
    }
}
