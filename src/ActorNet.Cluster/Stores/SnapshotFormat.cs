using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using ActorNet.Kubernetes.Storage;
using MessagePack;

namespace ActorNet.Cluster.Stores;

/// <summary>What a snapshot holds.</summary>
/// <param name="State">The state.</param>
/// <param name="Fingerprint">The hash of all writes that made it (<see cref="CopyFingerprints"/>); null: it was written without.</param>
internal sealed record SnapshotContent(KeyValueState State, ulong? Fingerprint);

/// <summary>
/// The bytes of a snapshot: the word "ANETSNAP", records, and the SHA-256 of all before it. A record is its length (32 bits, big endian) and
/// a MessagePack array: first [version, compact revision, objects, revisions, fingerprint], then each object, then the changes of each revision behind the
/// compact one; a length of 0 ends them. Fields are only added at the end of an array.
/// </summary>
internal static class SnapshotFormat
{
    /// <summary>The version that is written, and the newest that is read.</summary>
    public const int Version = 1;

    private const int HashBytes = SHA256.HashSizeInBytes;
    private const int LargestRecord = StoreTransaction.MaxOperations * (StoreTransaction.MaxValueBytes + 1024);

    private static ReadOnlySpan<byte> Magic => "ANETSNAP"u8;

    /// <summary>Writes what a view shows, and the fingerprint where it is known.</summary>
    public static void Write(Stream output, KeyValueView view, ulong? fingerprint = null, CancellationToken cancel = default)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var record = new ArrayBufferWriter<byte>(64 << 10);
        Put(output, hash, Magic);
        Header(record, view, fingerprint);
        PutRecord(output, hash, record);
        foreach (StoredObject each in view.Base)
        {
            cancel.ThrowIfCancellationRequested();
            Object(record, each);
            PutRecord(output, hash, record);
        }

        foreach (IReadOnlyList<StoreEvent> events in view.History)
        {
            cancel.ThrowIfCancellationRequested();
            Changes(record, events);
            PutRecord(output, hash, record);
        }

        Put(output, hash, stackalloc byte[4]);
        output.Write(hash.GetHashAndReset());
    }

    /// <summary>Reads a state.</summary>
    /// <param name="input">The bytes, to be read twice: once for the hash, once for what they say.</param>
    /// <param name="name">Names the snapshot in errors.</param>
    /// <exception cref="StoreDamagedException">The bytes are not what was written, or of a newer version.</exception>
    public static SnapshotContent Read(Stream input, string name)
    {
        CheckHash(input, name);
        try
        {
            input.Position = Magic.Length;
            return ReadRecords(new RecordReader(input));
        }
        catch (Exception broken) when (broken is MessagePackSerializationException or EndOfStreamException or ArgumentException or InvalidOperationException or OverflowException)
        {
            throw new StoreDamagedException($"the snapshot {name} has the right hash and cannot be read: it was not written by this store", broken);
        }
    }

    private static void CheckHash(Stream input, string name)
    {
        long length = input.Length - HashBytes;
        Span<byte> found = stackalloc byte[HashBytes];
        Span<byte> magic = stackalloc byte[Magic.Length];
        input.Position = 0;
        if (length < Magic.Length || input.ReadAtLeast(magic, magic.Length, false) < magic.Length || !magic.SequenceEqual(Magic))
            throw new StoreDamagedException($"the snapshot {name} does not begin as one: {input.Length} bytes. Remove the store's directory and let this host join again, or restore the file.");
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(magic);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        for (long left = length - magic.Length; left > 0;)
        {
            int read = input.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
            if (read == 0)
                break;
            hash.AppendData(buffer, 0, read);
            left -= read;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        if (input.ReadAtLeast(found, found.Length, false) < found.Length || !found.SequenceEqual(hash.GetHashAndReset()))
            throw new StoreDamagedException($"the snapshot {name} is damaged: its {input.Length} bytes do not have the hash at their end. Remove the store's directory and let this host join again, or restore the file.");
    }

    private static SnapshotContent ReadRecords(RecordReader records)
    {
        MessagePackReader header = records.Next();
        int fields = BatchFormat.Fields(ref header, 4);
        int version = header.ReadInt32();
        if (version > Version)
            throw new StoreDamagedException($"the snapshot has format {version}, and this version of actornet reads up to {Version}: start the version that wrote it, or a newer one");
        (long compacted, long objects, long revisions) = (header.ReadInt64(), header.ReadInt64(), header.ReadInt64());
        ulong? fingerprint = fields > 4 ? header.ReadUInt64() : null;
        BatchFormat.Skip(ref header, fields - 5);
        var state = new KeyValueState(ReadObjects(records, objects), compacted);
        for (long i = 0; i < revisions; i++)
            state.Replay(ReadChanges(records));
        return new SnapshotContent(state, fingerprint);
    }

    private static IEnumerable<StoredObject> ReadObjects(RecordReader records, long count)
    {
        for (long i = 0; i < count; i++)
            yield return ReadObject(records);
    }

    private static StoredObject ReadObject(RecordReader records)
    {
        MessagePackReader reader = records.Next();
        return ReadObject(ref reader);
    }

    /// <summary>Reads an object.</summary>
    internal static StoredObject ReadObject(ref MessagePackReader reader)
    {
        int fields = BatchFormat.Fields(ref reader, 5);
        var one = new StoredObject(BatchFormat.TextOf(ref reader), BatchFormat.BytesOf(ref reader), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
        BatchFormat.Skip(ref reader, fields - 5);
        return one;
    }

    /// <summary>Writes an object.</summary>
    internal static void WriteObject(ref MessagePackWriter writer, StoredObject one)
    {
        writer.WriteArrayHeader(5);
        writer.Write(one.Key);
        writer.Write(one.Value.Span);
        writer.Write(one.CreateRevision);
        writer.Write(one.ModRevision);
        writer.Write(one.Version);
    }

    private static StoreOperation[] ReadChanges(RecordReader records)
    {
        MessagePackReader reader = records.Next();
        var changes = new StoreOperation[reader.ReadArrayHeader()];
        for (int i = 0; i < changes.Length; i++)
            changes[i] = BatchFormat.ReadOperation(ref reader);
        return changes;
    }

    private static void Header(ArrayBufferWriter<byte> record, KeyValueView view, ulong? fingerprint)
    {
        var writer = new MessagePackWriter(record);
        writer.WriteArrayHeader(fingerprint is null ? 4 : 5);
        writer.Write(Version);
        writer.Write(view.CompactRevision);
        writer.Write(view.Base.Count);
        writer.Write(view.Revision - view.CompactRevision);
        if (fingerprint is { } known)
            writer.Write(known);
        writer.Flush();
    }

    private static void Object(ArrayBufferWriter<byte> record, StoredObject each)
    {
        var writer = new MessagePackWriter(record);
        WriteObject(ref writer, each);
        writer.Flush();
    }

    private static void Changes(ArrayBufferWriter<byte> record, IReadOnlyList<StoreEvent> events)
    {
        var writer = new MessagePackWriter(record);
        writer.WriteArrayHeader(events.Count);
        foreach (StoreEvent each in events)
            BatchFormat.WriteOperation(ref writer, each.IsDeletion ? new DeleteOperation(KeyRange.Single(each.Object.Key)) : new PutOperation(each.Object.Key, each.Object.Value));
        writer.Flush();
    }

    private static void PutRecord(Stream output, IncrementalHash hash, ArrayBufferWriter<byte> record)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, record.WrittenCount);
        Put(output, hash, length);
        Put(output, hash, record.WrittenSpan);
        record.ResetWrittenCount();
    }

    private static void Put(Stream output, IncrementalHash hash, ReadOnlySpan<byte> bytes)
    {
        output.Write(bytes);
        hash.AppendData(bytes);
    }

    private sealed class RecordReader(Stream input)
    {
        private readonly byte[] _length = new byte[4];

        public MessagePackReader Next()
        {
            input.ReadExactly(_length);
            int length = BinaryPrimitives.ReadInt32BigEndian(_length);
            if (length is <= 0 or > LargestRecord)
                throw new MessagePackSerializationException($"a record of {length} bytes");
            byte[] record = new byte[length];
            input.ReadExactly(record);
            return new MessagePackReader(record);
        }
    }
}
