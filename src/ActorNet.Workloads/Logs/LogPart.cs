using System.Buffers.Binary;

namespace ActorNet.Workloads.Logs;

/// <summary>A line or piece of a line in a log: the fields of a record in the CRI's log format.</summary>
/// <param name="Ticks">When it was written, in ticks of UTC.</param>
/// <param name="IsError">Whether to standard error.</param>
/// <param name="IsPartial">Whether the line goes on in the next record of the stream.</param>
/// <param name="Start">Where its text begins in the part.</param>
/// <param name="Length">Length of its text in bytes.</param>
internal readonly record struct LogRecord(long Ticks, bool IsError, bool IsPartial, int Start, int Length)
{
    /// <summary>Where the next record begins.</summary>
    public int End => Start + Length;
}

/// <summary>A part of a log: records one behind the other in memory that grows as they come.</summary>
internal sealed class LogPart(int limit)
{
    private const int HeaderBytes = sizeof(long) + sizeof(byte) + sizeof(int);
    private const int FirstBytes = 512;
    private const byte ErrorFlag = 1;
    private const byte PartialFlag = 2;

    private byte[] _bytes = [];

    /// <summary>Records in it.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes used.</summary>
    public int Used { get; private set; }

    /// <summary>Whether a record still fits; one in an empty part always does.</summary>
    public bool Fits(int length) => Used == 0 || Used + HeaderBytes + length <= limit;

    /// <summary>Empties it, with its memory kept.</summary>
    public void Clear()
    {
        Count = 0;
        Used = 0;
    }

    /// <summary>Adds a record.</summary>
    public void Add(long ticks, bool isError, bool isPartial, ReadOnlySpan<byte> text)
    {
        int size = HeaderBytes + text.Length;
        if (Used + size > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(Used + size, Math.Min(limit, Math.Max(FirstBytes, _bytes.Length * 2))));
        Span<byte> record = _bytes.AsSpan(Used, size);
        BinaryPrimitives.WriteInt64LittleEndian(record, ticks);
        record[sizeof(long)] = (byte)((isError ? ErrorFlag : 0) | (isPartial ? PartialFlag : 0));
        BinaryPrimitives.WriteInt32LittleEndian(record[(sizeof(long) + 1)..], text.Length);
        text.CopyTo(record[HeaderBytes..]);
        Used += size;
        Count++;
    }

    /// <summary>Reads the record at a place.</summary>
    public LogRecord Read(int at)
    {
        ReadOnlySpan<byte> header = _bytes.AsSpan(at, HeaderBytes);
        byte flags = header[sizeof(long)];
        return new LogRecord(
            BinaryPrimitives.ReadInt64LittleEndian(header), (flags & ErrorFlag) != 0, (flags & PartialFlag) != 0,
            at + HeaderBytes, BinaryPrimitives.ReadInt32LittleEndian(header[(sizeof(long) + 1)..]));
    }

    /// <summary>A record's text.</summary>
    public ReadOnlySpan<byte> Text(in LogRecord record) => _bytes.AsSpan(record.Start, record.Length);
}
