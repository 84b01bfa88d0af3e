using System.Net;
using System.Net.Sockets;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Stores.Peers;

/// <summary>
/// A store's port for a <see cref="StoreClient"/> of another process, in the clear and without asking who calls: for loopback. It answers the members' own
/// calls, many at a time on each connection. No host opens one; measurements and tests of a store without a host around it do.
/// </summary>
public sealed class StoreClientPort : IAsyncDisposable
{
    private readonly TcpListener _listening;
    private readonly CancellationTokenSource _ending = new();
    private readonly CallAnswers _answers;
    private readonly Task _accepting;

    /// <summary>Begins to listen.</summary>
    /// <param name="store">What answers.</param>
    /// <param name="at">Where.</param>
    /// <exception cref="SocketException">The port is taken.</exception>
    public StoreClientPort(IObjectStore store, IPEndPoint at)
    {
        _answers = new CallAnswers(async (command, cancel) => await RunAsync(store, command, cancel).ConfigureAwait(false));
        _listening = new TcpListener(at);
        _listening.Start();
        _accepting = AcceptAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync().ConfigureAwait(false);
        _listening.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private static async Task<TransactionResult?> RunAsync(IObjectStore store, StoreCommand command, CancellationToken cancel)
    {
        // What a client only reads does not go through the log.
        if (command is CommitCommand { Transaction: { Comparisons.IsEmpty: true, Success: [RangeOperation read] } })
        {
            RangeResult range = await store.RangeAsync(read.Request, cancel).ConfigureAwait(false);
            return new TransactionResult(true, range.Revision, [new OperationResult(range)]);
        }

        if (command is CommitCommand commit)
            return await store.CommitAsync(commit.Transaction, cancel).ConfigureAwait(false);
        await store.CompactAsync(((CompactCommand)command).Revision, cancel).ConfigureAwait(false);
        return null;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client = await _listening.AcceptSocketAsync(_ending.Token).ConfigureAwait(false);
            client.NoDelay = true;
            _ = ServeAsync(new NetworkStream(client, ownsSocket: true));
        }
    }

    private async Task ServeAsync(NetworkStream stream)
    {
        await using (stream.ConfigureAwait(false))
            await _answers.ServeAsync(stream, _ending.Token).ConfigureAwait(false);
    }
}
