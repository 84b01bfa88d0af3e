using ActorNet.Kubernetes.Storage;
using Google.Protobuf;
using Grpc.Core;
using Rpc = Etcdserverpb;

namespace ActorNet.Cluster.Stores.Etcd;

/// <summary>
/// A watch of an etcd. It follows all keys of the store and gives those of its range: so it knows how far it has seen without etcd's progress notifications,
/// which before 3.4.25 may come ahead of changes (etcd issue 15220). A connection that is lost is made again, and goes on behind what was returned.
/// </summary>
internal sealed class EtcdWatch(Rpc.Watch.WatchClient client, EtcdKeys keys, EtcdMessages messages, Uri at, KeyRange range, long startRevision) : IStoreWatch
{
    private static readonly TimeSpan BeforeAgain = TimeSpan.FromMilliseconds(200);

    private AsyncDuplexStreamingCall<Rpc.WatchRequest, Rpc.WatchResponse>? _call;
    private Task<bool>? _moving;
    private long _revision = startRevision - 1;
    private long _returned = startRevision - 1;

    /// <inheritdoc/>
    public long Revision => Volatile.Read(ref _revision);

    /// <inheritdoc/>
    public async ValueTask<StoreChanges> NextAsync(CancellationToken cancel = default)
    {
        // What the last call returned counts as delivered from now on.
        Volatile.Write(ref _revision, _returned);
        while (true)
        {
            if (await ReadAsync(cancel).ConfigureAwait(false) is not { } answer)
                continue;
            if (answer.Canceled)
                throw Ended(answer);
            if (answer.Events.Count == 0)
                continue;
            // Without fragments an answer holds whole revisions (rpc.proto, WatchCreateRequest.fragment).
            _returned = answer.Events[^1].Kv.ModRevision;
            StoreEvent[] wanted = [.. answer.Events.Select(messages.Read).Where(each => range.Contains(each.Object.Key))];
            if (wanted.Length > 0)
                return new StoreChanges(_returned, wanted);
            Volatile.Write(ref _revision, _returned);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    // Null when the connection was lost: then the next one is another.
    private async Task<Rpc.WatchResponse?> ReadAsync(CancellationToken cancel)
    {
        try
        {
            if (_call is null)
                await OpenAsync(cancel).ConfigureAwait(false);
            // A read that was given up goes on, and the next call takes what it brings.
            _moving ??= _call!.ResponseStream.MoveNext(CancellationToken.None);
            bool more = await _moving.WaitAsync(cancel).ConfigureAwait(false);
            _moving = null;
            if (more)
                return _call!.ResponseStream.Current;
        }
        catch (RpcException failure) when (!EtcdFailure.IsPassing(failure))
        {
            Close();
            throw EtcdFailure.Of(failure, at, writes: false);
        }
        catch (RpcException)
        {
            // As below.
        }

        Close();
        await Task.Delay(BeforeAgain, cancel).ConfigureAwait(false);
        return null;
    }

    private Task OpenAsync(CancellationToken cancel)
    {
        (ByteString key, ByteString end) = keys.Of(KeyRange.All);
        _call = client.Watch(cancellationToken: CancellationToken.None);
        return _call.RequestStream.WriteAsync(new Rpc.WatchRequest { CreateRequest = new Rpc.WatchCreateRequest { Key = key, RangeEnd = end, StartRevision = _returned + 1, PrevKv = true } }, cancel);
    }

    private StoreException Ended(Rpc.WatchResponse answer)
    {
        Close();
        return answer.CompactRevision > 0
            ? new CompactedException(_returned + 1, answer.CompactRevision)
            : new StoreException($"etcd at {at} ended a watch from revision {_returned + 1}: {answer.CancelReason}");
    }

    private void Close()
    {
        _call?.Dispose();
        // Nobody looks at a read that ends with its call.
        _moving?.ContinueWith(static read => read.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        (_call, _moving) = (null, null);
    }
}
