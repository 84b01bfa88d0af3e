using System.Buffers;
using System.Collections.Immutable;
using ActorNet.Kubernetes.Storage;
using MessagePack;

namespace ActorNet.Cluster.Stores;

/// <summary>
/// The bytes of a <see cref="StoreBatch"/> in the log: MessagePack arrays, [version, id, [command ...]]. Fields are only added at the end
/// of an array, and a reader skips those that it does not know; what an older reader would get wrong has another version.
/// </summary>
internal static partial class BatchFormat
{
    /// <summary>The version that is written, and the newest that is read.</summary>
    public const int Version = 1;

    private const int Commit = 0, Compact = 1;
    private const int Put = 0, Delete = 1, Range = 2;

    /// <summary>Writes a batch.</summary>
    public static void Write(IBufferWriter<byte> output, StoreBatch batch)
    {
        var writer = new MessagePackWriter(output);
        int fields = 3;
        CountAdded(ref fields);
        writer.WriteArrayHeader(fields);
        writer.Write(Version);
        writer.Write(batch.Id.ToByteArray());
        writer.WriteArrayHeader(batch.Commands.Count);
        foreach (StoreCommand command in batch.Commands)
            WriteCommand(ref writer, command);
        WriteAdded(ref writer);
        writer.Flush();
    }

    /// <summary>Reads a batch.</summary>
    /// <exception cref="StoreDamagedException">The bytes are no batch, or one of a newer version.</exception>
    public static StoreBatch Read(in ReadOnlySequence<byte> bytes)
    {
        try
        {
            var reader = new MessagePackReader(bytes);
            int fields = Fields(ref reader, 3);
            int version = reader.ReadInt32();
            if (version > Version)
                throw new StoreDamagedException($"an entry of the log has format {version}, and this version of actornet reads up to {Version}: start the version that wrote it, or a newer one");
            var id = new Guid(BytesOf(ref reader).Span);
            var commands = new StoreCommand[reader.ReadArrayHeader()];
            for (int i = 0; i < commands.Length; i++)
                commands[i] = ReadCommand(ref reader);
            fields -= 3;
            ReadAdded(ref reader, ref fields);
            Skip(ref reader, fields);
            return new StoreBatch(id, commands);
        }
        catch (Exception broken) when (broken is MessagePackSerializationException or EndOfStreamException or ArgumentException or InvalidOperationException or OverflowException)
        {
            throw new StoreDamagedException($"an entry of the log with {bytes.Length} bytes is not one that this store wrote", broken);
        }
    }

    // What the next version has behind these fields; this one has nothing there.
    static partial void CountAdded(ref int fields);

    static partial void WriteAdded(ref MessagePackWriter writer);

    static partial void ReadAdded(ref MessagePackReader reader, ref int fields);

    /// <summary>Writes a step of a transaction.</summary>
    internal static void WriteOperation(ref MessagePackWriter writer, StoreOperation operation)
    {
        switch (operation)
        {
            case PutOperation put:
                writer.WriteArrayHeader(3);
                writer.Write(Put);
                writer.Write(put.Key);
                writer.Write(put.Value.Span);
                break;
            case DeleteOperation delete:
                writer.WriteArrayHeader(3);
                writer.Write(Delete);
                WriteRange(ref writer, delete.Keys);
                break;
            case RangeOperation range:
                writer.WriteArrayHeader(5);
                writer.Write(Range);
                WriteRange(ref writer, range.Request.Keys);
                writer.Write(range.Request.Revision);
                writer.Write(range.Request.Limit);
                break;
            default:
                throw new StoreException($"{operation.GetType().Name} is no step that the log knows");
        }
    }

    /// <summary>Reads a step of a transaction.</summary>
    internal static StoreOperation ReadOperation(ref MessagePackReader reader)
    {
        int fields = Fields(ref reader, 3);
        int kind = reader.ReadInt32();
        switch (kind)
        {
            case Put:
                var put = new PutOperation(TextOf(ref reader), BytesOf(ref reader));
                Skip(ref reader, fields - 3);
                return put;
            case Delete:
                var delete = new DeleteOperation(ReadRange(ref reader));
                Skip(ref reader, fields - 3);
                return delete;
            case Range when fields >= 5:
                var range = new RangeOperation(new RangeRequest(ReadRange(ref reader), reader.ReadInt64(), reader.ReadInt32()));
                Skip(ref reader, fields - 5);
                return range;
            default:
                throw new MessagePackSerializationException($"{kind} with {fields} fields is no step of a transaction");
        }
    }

    /// <summary>Reads the header of an array and makes sure that it has the fields of version 1.</summary>
    internal static int Fields(ref MessagePackReader reader, int least)
    {
        int fields = reader.ReadArrayHeader();
        return fields >= least ? fields : throw new MessagePackSerializationException($"{fields} fields where {least} belong");
    }

    /// <summary>Skips fields that a newer version added.</summary>
    internal static void Skip(ref MessagePackReader reader, int fields)
    {
        for (int i = 0; i < fields; i++)
            reader.Skip();
    }

    /// <summary>Reads text that must be there.</summary>
    internal static string TextOf(ref MessagePackReader reader) => reader.ReadString() ?? throw new MessagePackSerializationException("a text is missing");

    /// <summary>Reads bytes that must be there, as a copy of their own.</summary>
    internal static ReadOnlyMemory<byte> BytesOf(ref MessagePackReader reader) =>
        reader.ReadBytes() is { } bytes ? bytes.ToArray() : throw new MessagePackSerializationException("bytes are missing");

    /// <summary>Writes one write.</summary>
    internal static void WriteCommand(ref MessagePackWriter writer, StoreCommand command)
    {
        switch (command)
        {
            case CommitCommand commit:
                writer.WriteArrayHeader(4);
                writer.Write(Commit);
                writer.WriteArrayHeader(commit.Transaction.Comparisons.Length);
                foreach (Comparison comparison in commit.Transaction.Comparisons)
                    WriteComparison(ref writer, comparison);
                WriteOperations(ref writer, commit.Transaction.Success);
                WriteOperations(ref writer, commit.Transaction.Failure);
                break;
            case CompactCommand compact:
                writer.WriteArrayHeader(2);
                writer.Write(Compact);
                writer.Write(compact.Revision);
                break;
            default:
                throw new StoreException($"{command.GetType().Name} is no write that the log knows");
        }
    }

    /// <summary>Reads one write.</summary>
    internal static StoreCommand ReadCommand(ref MessagePackReader reader)
    {
        int fields = Fields(ref reader, 2);
        int kind = reader.ReadInt32();
        switch (kind)
        {
            case Commit when fields >= 4:
                var comparisons = new Comparison[reader.ReadArrayHeader()];
                for (int i = 0; i < comparisons.Length; i++)
                    comparisons[i] = ReadComparison(ref reader);
                var commit = new CommitCommand(new StoreTransaction([.. comparisons], ReadOperations(ref reader), ReadOperations(ref reader)));
                Skip(ref reader, fields - 4);
                return commit;
            case Compact:
                var compact = new CompactCommand(reader.ReadInt64());
                Skip(ref reader, fields - 2);
                return compact;
            default:
                throw new MessagePackSerializationException($"{kind} with {fields} fields is no write");
        }
    }

    private static void WriteComparison(ref MessagePackWriter writer, Comparison comparison)
    {
        writer.WriteArrayHeader(4);
        writer.Write(comparison.Key);
        writer.Write((int)comparison.Target);
        writer.Write((int)comparison.Result);
        writer.Write(comparison.Operand);
    }

    private static Comparison ReadComparison(ref MessagePackReader reader)
    {
        int fields = Fields(ref reader, 4);
        var comparison = new Comparison(TextOf(ref reader), (CompareTarget)reader.ReadInt32(), (CompareResult)reader.ReadInt32(), reader.ReadInt64());
        if (!Enum.IsDefined(comparison.Target) || !Enum.IsDefined(comparison.Result))
            throw new MessagePackSerializationException($"{(int)comparison.Target} and {(int)comparison.Result} are no comparison");
        Skip(ref reader, fields - 4);
        return comparison;
    }

    private static void WriteOperations(ref MessagePackWriter writer, ImmutableArray<StoreOperation> operations)
    {
        writer.WriteArrayHeader(operations.Length);
        foreach (StoreOperation operation in operations)
            WriteOperation(ref writer, operation);
    }

    private static ImmutableArray<StoreOperation> ReadOperations(ref MessagePackReader reader)
    {
        var operations = new StoreOperation[reader.ReadArrayHeader()];
        for (int i = 0; i < operations.Length; i++)
            operations[i] = ReadOperation(ref reader);
        return [.. operations];
    }

    private static void WriteRange(ref MessagePackWriter writer, KeyRange keys)
    {
        writer.Write(keys.Start);
        writer.Write(keys.End);
    }

    private static KeyRange ReadRange(ref MessagePackReader reader) => new(TextOf(ref reader), reader.ReadString());
}
