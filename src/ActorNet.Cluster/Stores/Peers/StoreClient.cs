using System.Net;
using System.Net.Sockets;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Cluster.Stores.Peers;

/// <summary>A store behind a <see cref="StoreClientPort"/> as an <see cref="IObjectStore"/>, over one connection. Watches are not among what it can be asked.</summary>
public sealed class StoreClient : IObjectStore, IAsyncDisposable
{
    private readonly LeaderCalls _calls;

    private StoreClient(LeaderCalls calls) => _calls = calls;

    /// <summary>Connects to a server.</summary>
    /// <param name="server">Where its port is.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="SocketException">It does not listen.</exception>
    public static async Task<StoreClient> ConnectAsync(IPEndPoint server, CancellationToken cancel = default)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server, cancel).ConfigureAwait(false);
            return new StoreClient(LeaderCalls.On(server, new NetworkStream(socket, ownsSocket: true)));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default) =>
        (await CommitAsync(StoreTransaction.Of(new RangeOperation(request)), cancel).ConfigureAwait(false)).Results[0].Range;

    /// <inheritdoc/>
    public async ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default) =>
        (await CallAsync(new CommitCommand(transaction), cancel).ConfigureAwait(false))!;

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancel = default) => await CallAsync(new CompactCommand(revision), cancel).ConfigureAwait(false);

    /// <inheritdoc/>
    public IStoreWatch Watch(KeyRange keys, long startRevision) => throw new NotSupportedException("the port of a bare store has no watches");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _calls.DisposeAsync();

    private async Task<TransactionResult?> CallAsync(StoreCommand command, CancellationToken cancel)
    {
        CommandResult result = await _calls.CallAsync(command, cancel).ConfigureAwait(false);
        return result.Refusal is { } refusal ? throw refusal : result.Transaction;
    }
}
