using ActorNet.Kubernetes.Storage;
using Google.Protobuf;

namespace ActorNet.Cluster.Stores.Etcd;

/// <summary>Keys as etcd has them: behind a prefix, as bytes.</summary>
/// <param name="prefix">What every key begins with.</param>
internal sealed class EtcdKeys(string prefix)
{
    /// <summary>What all keys begin with, to its separator: /lab2 is none of /lab's.</summary>
    private readonly ByteString _first = ByteString.CopyFromUtf8(prefix.TrimEnd('/') + '/');

    /// <summary>The key behind all of ours: '0' follows '/'.</summary>
    private readonly ByteString _end = ByteString.CopyFromUtf8(prefix.TrimEnd('/') + '0');

    /// <summary>A key.</summary>
    internal ByteString Of(string key) => ByteString.CopyFromUtf8(prefix + key);

    /// <summary>A range, as etcd's key and range_end.</summary>
    internal (ByteString Key, ByteString End) Of(KeyRange keys)
    {
        // etcd refuses a range that ends before it begins in a transaction, and here it is an empty one: that of a key that cannot be.
        if (keys.End is not null && string.CompareOrdinal(keys.End, keys.Start) <= 0)
            return (_end, ByteString.CopyFrom([.. _end.Span, 0]));
        return (keys is { Start.Length: 0, End: null } ? _first : Of(keys.Start), keys.End is null ? _end : Of(keys.End));
    }

    /// <summary>The key of ours that etcd means.</summary>
    internal string Read(ByteString key) => key.ToStringUtf8()[prefix.Length..];

    /// <summary>An object as etcd tells of it.</summary>
    internal StoredObject Read(Mvccpb.KeyValue found) => new(Read(found.Key), found.Value.Memory, found.CreateRevision, found.ModRevision, found.Version);
}
