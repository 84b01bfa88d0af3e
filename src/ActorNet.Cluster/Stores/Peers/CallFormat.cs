using System.Buffers;
using System.Buffers.Binary;
using ActorNet.Kubernetes.Storage;
using MessagePack;

namespace ActorNet.Cluster.Stores.Peers;

/// <summary>
/// The bytes of a call to the leader and of its answer: each is its length (32 bits, big endian) and a MessagePack array. A call is
/// [number, write as in the log], without a write it asks for the index to read at; an answer is [number, how it went, what came of it].
/// </summary>
internal static class CallFormat
{
    /// <summary>The longest call or answer, in bytes.</summary>
    public const int Longest = 64 << 20;

    private const int Done = 0, Compacted = 1, Future = 2, Refused = 3, NotTaken = 4, Unknown = 5;

    /// <summary>Writes a call.</summary>
    public static ReadOnlyMemory<byte> Call(long number, StoreCommand command) => Framed((ref MessagePackWriter writer) =>
    {
        writer.WriteArrayHeader(2);
        writer.Write(number);
        if (command is ReadIndexCommand)
            writer.WriteNil();
        else
            BatchFormat.WriteCommand(ref writer, command);
    });

    /// <summary>Writes an answer.</summary>
    public static ReadOnlyMemory<byte> Answer(long number, CommandResult result) => Framed((ref MessagePackWriter writer) =>
    {
        writer.WriteArrayHeader(3);
        writer.Write(number);
        WriteResult(ref writer, result);
    });

    /// <summary>Reads a call.</summary>
    /// <exception cref="MessagePackSerializationException">It is none.</exception>
    public static (long Number, StoreCommand Command) ReadCall(byte[] frame)
    {
        var reader = new MessagePackReader(frame);
        BatchFormat.Fields(ref reader, 2);
        return (reader.ReadInt64(), reader.TryReadNil() ? new ReadIndexCommand() : BatchFormat.ReadCommand(ref reader));
    }

    /// <summary>Reads an answer.</summary>
    /// <exception cref="MessagePackSerializationException">It is none.</exception>
    public static (long Number, CommandResult Result) ReadAnswer(byte[] frame)
    {
        var reader = new MessagePackReader(frame);
        BatchFormat.Fields(ref reader, 3);
        return (reader.ReadInt64(), ReadResult(ref reader));
    }

    /// <summary>Reads the next frame; null at the end of the stream.</summary>
    /// <exception cref="IOException">The stream ended inside a frame, or the frame is longer than <see cref="Longest"/>.</exception>
    public static async Task<byte[]?> ReadFrameAsync(Stream stream, CancellationToken cancel)
    {
        var head = new byte[4];
        if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancel).ConfigureAwait(false) < head.Length)
            return null;
        int length = BinaryPrimitives.ReadInt32BigEndian(head);
        if (length is <= 0 or > Longest)
            throw new IOException($"a member of the store sent a frame of {length} bytes; 1 to {Longest} were expected");
        // In pieces: a length alone makes nobody hold so much memory.
        using var frame = new MemoryStream();
        byte[] piece = ArrayPool<byte>.Shared.Rent(Math.Min(length, 64 << 10));
        try
        {
            while (frame.Length < length)
            {
                int read = await stream.ReadAsync(piece.AsMemory(0, (int)Math.Min(piece.Length, length - frame.Length)), cancel).ConfigureAwait(false);
                if (read == 0)
                    throw new EndOfStreamException($"the stream ended {length - frame.Length} bytes before the end of a frame of {length}");
                frame.Write(piece, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        return frame.ToArray();
    }

    private delegate void Writing(ref MessagePackWriter writer);

    private static ReadOnlyMemory<byte> Framed(Writing write)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        output.Advance(4);
        var writer = new MessagePackWriter(output);
        write(ref writer);
        writer.Flush();
        byte[] bytes = output.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length - 4);
        return bytes;
    }

    private static void WriteResult(ref MessagePackWriter writer, CommandResult result)
    {
        switch (result.Refusal)
        {
            case null:
                writer.Write(Done);
                WriteTransaction(ref writer, result.Transaction);
                break;
            case CompactedException compacted:
                writer.Write(Compacted);
                WriteNumbers(ref writer, compacted.Asked, compacted.CompactRevision);
                break;
            case FutureRevisionException future:
                writer.Write(Future);
                WriteNumbers(ref writer, future.Asked, future.Revision);
                break;
            case StoreUnavailableException unavailable:
                writer.Write(unavailable.OutcomeUnknown ? Unknown : NotTaken);
                writer.Write(unavailable.Message);
                break;
            default:
                writer.Write(Refused);
                writer.Write(result.Refusal.Message);
                break;
        }
    }

    private static CommandResult ReadResult(ref MessagePackReader reader)
    {
        int how = reader.ReadInt32();
        switch (how)
        {
            case Done:
                return new CommandResult(ReadTransaction(ref reader), null);
            case Compacted:
                (long asked, long compacted) = ReadNumbers(ref reader);
                return new CommandResult(null, new CompactedException(asked, compacted));
            case Future:
                (long wanted, long newest) = ReadNumbers(ref reader);
                return new CommandResult(null, new FutureRevisionException(wanted, newest));
            case Refused:
                return new CommandResult(null, new StoreException(BatchFormat.TextOf(ref reader)));
            case NotTaken or Unknown:
                return new CommandResult(null, new StoreUnavailableException(BatchFormat.TextOf(ref reader), how == Unknown));
            default:
                throw new MessagePackSerializationException($"{how} is no way for a write to go");
        }
    }

    private static void WriteTransaction(ref MessagePackWriter writer, TransactionResult? result)
    {
        if (result is null)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteArrayHeader(3);
        writer.Write(result.Succeeded);
        writer.Write(result.Revision);
        writer.WriteArrayHeader(result.Results.Count);
        foreach (OperationResult each in result.Results)
        {
            writer.WriteArrayHeader(3);
            writer.Write(each.Range.Revision);
            writer.Write(each.Range.Count);
            writer.WriteArrayHeader(each.Range.Objects.Count);
            foreach (StoredObject one in each.Range.Objects)
                SnapshotFormat.WriteObject(ref writer, one);
        }
    }

    private static TransactionResult? ReadTransaction(ref MessagePackReader reader)
    {
        if (reader.TryReadNil())
            return null;
        int fields = BatchFormat.Fields(ref reader, 3);
        (bool succeeded, long revision) = (reader.ReadBoolean(), reader.ReadInt64());
        var results = new OperationResult[reader.ReadArrayHeader()];
        for (int i = 0; i < results.Length; i++)
            results[i] = new OperationResult(ReadRange(ref reader));
        BatchFormat.Skip(ref reader, fields - 3);
        return new TransactionResult(succeeded, revision, results);
    }

    private static RangeResult ReadRange(ref MessagePackReader reader)
    {
        int fields = BatchFormat.Fields(ref reader, 3);
        (long revision, long count) = (reader.ReadInt64(), reader.ReadInt64());
        var objects = new StoredObject[reader.ReadArrayHeader()];
        for (int i = 0; i < objects.Length; i++)
            objects[i] = SnapshotFormat.ReadObject(ref reader);
        BatchFormat.Skip(ref reader, fields - 3);
        return new RangeResult(revision, objects, count);
    }

    private static void WriteNumbers(ref MessagePackWriter writer, long first, long second)
    {
        writer.WriteArrayHeader(2);
        writer.Write(first);
        writer.Write(second);
    }

    private static (long First, long Second) ReadNumbers(ref MessagePackReader reader)
    {
        int fields = BatchFormat.Fields(ref reader, 2);
        (long, long) numbers = (reader.ReadInt64(), reader.ReadInt64());
        BatchFormat.Skip(ref reader, fields - 2);
        return numbers;
    }
}
