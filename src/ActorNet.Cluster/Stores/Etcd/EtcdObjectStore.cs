using ActorNet.Kubernetes.Storage;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Rpc = Etcdserverpb;

namespace ActorNet.Cluster.Stores.Etcd;

/// <summary>A store that a real etcd keeps. It holds nothing itself, so that any number of hosts may use the same etcd.</summary>
public sealed class EtcdObjectStore : IObjectStore, IAsyncDisposable
{
    // The first version with the watch and the transactions as they are used here, which is still looked after.
    private static readonly Version Oldest = new(3, 4);

    private readonly EtcdStoreOptions _options;
    private readonly GrpcChannel _channel;
    private readonly Rpc.KV.KVClient _objects;
    private readonly Rpc.Watch.WatchClient _watches;
    private readonly EtcdKeys _keys;
    private readonly EtcdMessages _messages;

    /// <summary>Makes one; nobody is asked yet.</summary>
    /// <param name="options">Which etcd.</param>
    public EtcdObjectStore(EtcdStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _channel = EtcdChannel.Open(options);
        _objects = new Rpc.KV.KVClient(_channel);
        _watches = new Rpc.Watch.WatchClient(_channel);
        _keys = new EtcdKeys(options.Prefix);
        _messages = new EtcdMessages(_keys);
    }

    /// <summary>Where it is asked.</summary>
    public Uri Endpoint => _options.Endpoint;

    private DateTime Deadline => _options.Time.GetUtcNow().UtcDateTime + _options.Patience;

    /// <summary>Looks whether etcd answers and can be used.</summary>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="StoreException">It does not answer, or is too old.</exception>
    public async Task CheckAsync(CancellationToken cancel)
    {
        Rpc.StatusResponse status = await AskAsync(
            () => new Rpc.Maintenance.MaintenanceClient(_channel).StatusAsync(new Rpc.StatusRequest(), deadline: Deadline, cancellationToken: cancel), writes: false, cancel).ConfigureAwait(false);
        if (!Version.TryParse(status.Version.Split('-')[0], out Version? version) || version < Oldest)
            throw new StoreException($"etcd at {_options.Endpoint} says that it is version {status.Version}, and {Oldest} or newer is needed: update it.");
    }

    /// <inheritdoc/>
    public async ValueTask<RangeResult> RangeAsync(RangeRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        try
        {
            return _messages.Read(await _objects.RangeAsync(_messages.Of(request), deadline: Deadline, cancellationToken: cancel));
        }
        catch (RpcException failure)
        {
            throw await OfAsync(failure, request.Revision, writes: false, cancel).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<TransactionResult> CommitAsync(StoreTransaction transaction, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        transaction.Check();
        return _messages.Read(await AskAsync(() => _objects.TxnAsync(_messages.Of(transaction), deadline: Deadline, cancellationToken: cancel), writes: true, cancel).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async ValueTask CompactAsync(long revision, CancellationToken cancel = default)
    {
        try
        {
            await _objects.CompactAsync(new Rpc.CompactionRequest { Revision = revision }, deadline: Deadline, cancellationToken: cancel);
        }
        catch (RpcException failure)
        {
            throw await OfAsync(failure, revision, writes: true, cancel).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public IStoreWatch Watch(KeyRange keys, long startRevision) => new EtcdWatch(_watches, _keys, _messages, _options.Endpoint, keys, startRevision);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _channel.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<T> AskAsync<T>(Func<AsyncUnaryCall<T>> ask, bool writes, CancellationToken cancel)
    {
        try
        {
            using AsyncUnaryCall<T> call = ask();
            return await call.ResponseAsync.ConfigureAwait(false);
        }
        catch (RpcException failure)
        {
            cancel.ThrowIfCancellationRequested();
            throw EtcdFailure.Of(failure, _options.Endpoint, writes);
        }
    }

    private async Task<StoreException> OfAsync(RpcException failure, long revision, bool writes, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        if (EtcdFailure.IsCompacted(failure))
            return new CompactedException(revision, await CompactRevisionAsync(revision, cancel).ConfigureAwait(false));
        if (EtcdFailure.IsFuture(failure))
            return new FutureRevisionException(revision, (await RangeAsync(new RangeRequest(KeyRange.Single("")), cancel).ConfigureAwait(false)).Revision);
        return EtcdFailure.Of(failure, _options.Endpoint, writes);
    }

    // The refusal does not say it; a watch from a revision that is gone does (rpc.proto, WatchResponse.compact_revision).
    private async Task<long> CompactRevisionAsync(long compacted, CancellationToken cancel)
    {
        using AsyncDuplexStreamingCall<Rpc.WatchRequest, Rpc.WatchResponse> call = _watches.Watch(deadline: Deadline, cancellationToken: cancel);
        try
        {
            await call.RequestStream.WriteAsync(new Rpc.WatchRequest { CreateRequest = new Rpc.WatchCreateRequest { Key = ByteString.CopyFromUtf8(_options.Prefix), StartRevision = Math.Max(1, compacted - 1) } }, cancel).ConfigureAwait(false);
            while (await call.ResponseStream.MoveNext(cancel).ConfigureAwait(false))
            {
                if (call.ResponseStream.Current.CompactRevision is > 0 and var oldest)
                    return oldest;
            }

            return compacted;
        }
        catch (RpcException failure)
        {
            cancel.ThrowIfCancellationRequested();
            throw EtcdFailure.Of(failure, _options.Endpoint, writes: false);
        }
    }
}
