using ActorNet.Kubernetes.Storage;
using Google.Protobuf;
using Rpc = Etcdserverpb;

namespace ActorNet.Cluster.Stores.Etcd;

/// <summary>The store's requests in etcd's messages (etcd api/v3 rpc.proto), and its answers back.</summary>
/// <param name="keys">Its keys.</param>
internal sealed class EtcdMessages(EtcdKeys keys)
{
    internal Rpc.RangeRequest Of(RangeRequest request)
    {
        (ByteString key, ByteString end) = keys.Of(request.Keys);
        return new Rpc.RangeRequest { Key = key, RangeEnd = end, Revision = request.Revision, Limit = request.Limit };
    }

    internal Rpc.TxnRequest Of(StoreTransaction transaction)
    {
        var message = new Rpc.TxnRequest();
        message.Compare.Add(transaction.Comparisons.Select(Of));
        message.Success.Add(transaction.Success.Select(Of));
        message.Failure.Add(transaction.Failure.Select(Of));
        return message;
    }

    internal RangeResult Read(Rpc.RangeResponse answer) => new(answer.Header.Revision, [.. answer.Kvs.Select(keys.Read)], answer.Count);

    internal TransactionResult Read(Rpc.TxnResponse answer) => new(answer.Succeeded, answer.Header.Revision, [.. answer.Responses.Select(Read)]);

    internal StoreEvent Read(Mvccpb.Event change)
    {
        StoredObject? previous = change.PrevKv is { } before ? keys.Read(before) : null;
        return change.Type == Mvccpb.Event.Types.EventType.Delete
            ? new StoreEvent(true, new StoredObject(keys.Read(change.Kv.Key), default, 0, change.Kv.ModRevision, 0), previous)
            : new StoreEvent(false, keys.Read(change.Kv), previous);
    }

    private OperationResult Read(Rpc.ResponseOp each) => new(each.ResponseCase switch
    {
        Rpc.ResponseOp.ResponseOneofCase.ResponsePut => Replaced(each.ResponsePut.Header.Revision, each.ResponsePut.PrevKv is { } before ? [keys.Read(before)] : []),
        Rpc.ResponseOp.ResponseOneofCase.ResponseDeleteRange => Replaced(each.ResponseDeleteRange.Header.Revision, [.. each.ResponseDeleteRange.PrevKvs.Select(keys.Read)]),
        _ => Read(each.ResponseRange),
    });

    private static RangeResult Replaced(long revision, StoredObject[] before) => new(revision, before, before.Length);

    private Rpc.Compare Of(Comparison comparison)
    {
        var message = new Rpc.Compare
        {
            Key = keys.Of(comparison.Key),
            Result = comparison.Result switch
            {
                CompareResult.Equal => Rpc.Compare.Types.CompareResult.Equal,
                CompareResult.NotEqual => Rpc.Compare.Types.CompareResult.NotEqual,
                CompareResult.Greater => Rpc.Compare.Types.CompareResult.Greater,
                _ => Rpc.Compare.Types.CompareResult.Less,
            },
        };
        switch (comparison.Target)
        {
            case CompareTarget.ModRevision:
                (message.Target, message.ModRevision) = (Rpc.Compare.Types.CompareTarget.Mod, comparison.Operand);
                break;
            case CompareTarget.CreateRevision:
                (message.Target, message.CreateRevision) = (Rpc.Compare.Types.CompareTarget.Create, comparison.Operand);
                break;
            default:
                (message.Target, message.Version) = (Rpc.Compare.Types.CompareTarget.Version, comparison.Operand);
                break;
        }

        return message;
    }

    private Rpc.RequestOp Of(StoreOperation operation)
    {
        switch (operation)
        {
            case PutOperation put:
                // Its bytes never change (PutOperation).
                return new Rpc.RequestOp { RequestPut = new Rpc.PutRequest { Key = keys.Of(put.Key), Value = UnsafeByteOperations.UnsafeWrap(put.Value), PrevKv = true } };
            case DeleteOperation delete:
                (ByteString key, ByteString end) = keys.Of(delete.Keys);
                return new Rpc.RequestOp { RequestDeleteRange = new Rpc.DeleteRangeRequest { Key = key, RangeEnd = end, PrevKv = true } };
            case RangeOperation range:
                return new Rpc.RequestOp { RequestRange = Of(range.Request) };
            default:
                throw new StoreException($"{operation.GetType().Name} is no step that this store knows");
        }
    }
}
