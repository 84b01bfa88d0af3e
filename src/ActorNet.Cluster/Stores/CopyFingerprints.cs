using System.Buffers;
using System.IO.Hashing;

namespace ActorNet.Cluster.Stores;

/// <summary>What a member's copy was made of, up to an entry of the log: the same at every member, or their copies differ.</summary>
/// <param name="Index">The entry.</param>
/// <param name="Hash">A hash over all writes up to it, each with its place.</param>
public readonly record struct CopyFingerprint(long Index, ulong Hash);

/// <summary>
/// The fingerprints of a member's copy behind each of its newest writes, so that it can be compared with another member's that is a little ahead or
/// behind. Unknown for a copy that began with a snapshot of a version that had none.
/// </summary>
internal sealed class CopyFingerprints
{
    private const int Kept = 1024;

    private readonly Lock _lock = new();
    private readonly CopyFingerprint[] _newest = new CopyFingerprint[Kept];
    private ulong? _hash = 0;
    private long _index;

    /// <summary>The newest, or null: unknown, or nothing was written.</summary>
    public CopyFingerprint? Newest
    {
        get
        {
            lock (_lock)
                return _hash is { } hash && _index > 0 ? new CopyFingerprint(_index, hash) : null;
        }
    }

    /// <summary>Adds a write.</summary>
    /// <param name="index">Its place in the log.</param>
    /// <param name="bytes">Its bytes as they stand in the log.</param>
    public void Add(long index, in ReadOnlySequence<byte> bytes)
    {
        lock (_lock)
        {
            if (_hash is not { } before)
                return;
            var next = new XxHash3((long)before ^ index);
            foreach (ReadOnlyMemory<byte> each in bytes)
                next.Append(each.Span);
            Set(index, next.GetCurrentHashAsUInt64());
        }
    }

    /// <summary>Goes on behind a snapshot.</summary>
    /// <param name="index">The entry that it stands for.</param>
    /// <param name="hash">The hash up to it; null: it does not say.</param>
    public void Begin(long index, ulong? hash)
    {
        lock (_lock)
        {
            _hash = hash;
            if (hash is { } known)
                Set(index, known);
        }
    }

    /// <summary>Whether this copy is another's up to an entry; null: one of the two is not known here.</summary>
    /// <param name="other">The other's.</param>
    public bool? Agrees(CopyFingerprint other)
    {
        lock (_lock)
            return _hash is not null && other.Index > 0 && _newest[other.Index % Kept] is var own && own.Index == other.Index ? own.Hash == other.Hash : null;
    }

    private void Set(long index, ulong hash)
    {
        (_index, _hash) = (index, hash);
        _newest[index % Kept] = new CopyFingerprint(index, hash);
    }
}
