using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>TCP option kinds (IANA "TCP Option Kind Numbers").</summary>
public enum TcpOptionKind : byte
{
    /// <summary>End of the option list; what follows is padding.</summary>
    EndOfList = 0,

    /// <summary>One byte of padding.</summary>
    NoOperation = 1,

    /// <summary>Maximum segment size, 4 bytes (RFC 9293, 3.7.1).</summary>
    MaximumSegmentSize = 2,

    /// <summary>Window scale, 3 bytes (RFC 7323, 2).</summary>
    WindowScale = 3,

    /// <summary>SACK permitted, 2 bytes (RFC 2018, 2).</summary>
    SackPermitted = 4,

    /// <summary>SACK blocks, 2 + 8n bytes (RFC 2018, 3).</summary>
    Sack = 5,

    /// <summary>Timestamps, 10 bytes (RFC 7323, 3).</summary>
    Timestamps = 8,
}

/// <summary>One block of bytes that arrived beyond a gap (RFC 2018, 3).</summary>
/// <param name="Left">Its first sequence number.</param>
/// <param name="Right">The sequence number behind its last.</param>
public readonly record struct SackBlock(uint Left, uint Right);

/// <summary>
/// One TCP option. The typed readers answer false for another kind and for a length that the kind does not have: Linux skips such an
/// option and goes on with the next (linux net/ipv4/tcp_input.c, tcp_parse_options).
/// </summary>
public readonly ref struct TcpOption
{
    internal TcpOption(TcpOptionKind kind, ReadOnlySpan<byte> data)
    {
        Kind = kind;
        Data = data;
    }

    /// <summary>The kind.</summary>
    public TcpOptionKind Kind { get; }

    /// <summary>The option without its kind and length bytes: 0 to 38 bytes.</summary>
    public ReadOnlySpan<byte> Data { get; }

    /// <summary>Whether the length is one that the kind may have; kinds that this type does not name may have any.</summary>
    public bool HasStandardLength => Kind switch
    {
        TcpOptionKind.EndOfList or TcpOptionKind.NoOperation or TcpOptionKind.SackPermitted => Data.Length == 0,
        TcpOptionKind.MaximumSegmentSize => Data.Length == 2,
        TcpOptionKind.WindowScale => Data.Length == 1,
        TcpOptionKind.Sack => Data.Length > 0 && Data.Length % 8 == 0,
        TcpOptionKind.Timestamps => Data.Length == 8,
        _ => true,
    };

    /// <summary>Whether this is a well-formed SACK-permitted option.</summary>
    public bool IsSackPermitted => Kind == TcpOptionKind.SackPermitted && HasStandardLength;

    /// <summary>How many SACK blocks there are, 0 to 4; 0 when this is no well-formed SACK option.</summary>
    public int SackBlockCount => Kind == TcpOptionKind.Sack && HasStandardLength ? Data.Length / 8 : 0;

    /// <summary>Reads the maximum segment size.</summary>
    /// <param name="bytes">The size in bytes.</param>
    public bool TryGetMaximumSegmentSize(out ushort bytes)
    {
        bool found = Kind == TcpOptionKind.MaximumSegmentSize && HasStandardLength;
        bytes = found ? BinaryPrimitives.ReadUInt16BigEndian(Data) : (ushort)0;
        return found;
    }

    /// <summary>Reads the window scale.</summary>
    /// <param name="shift">The shift as sent; a receiver uses at most 14 (RFC 7323, 2.3).</param>
    public bool TryGetWindowScale(out byte shift)
    {
        bool found = Kind == TcpOptionKind.WindowScale && HasStandardLength;
        shift = found ? Data[0] : (byte)0;
        return found;
    }

    /// <summary>Reads the timestamps.</summary>
    /// <param name="value">TSval.</param>
    /// <param name="echo">TSecr; counts when ACK is set.</param>
    public bool TryGetTimestamps(out uint value, out uint echo)
    {
        bool found = Kind == TcpOptionKind.Timestamps && HasStandardLength;
        value = found ? BinaryPrimitives.ReadUInt32BigEndian(Data) : 0;
        echo = found ? BinaryPrimitives.ReadUInt32BigEndian(Data[4..]) : 0;
        return found;
    }

    /// <summary>Reads a SACK block.</summary>
    /// <param name="index">0 to <see cref="SackBlockCount"/> - 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such block.</exception>
    public SackBlock GetSackBlock(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, SackBlockCount);
        return new SackBlock(BinaryPrimitives.ReadUInt32BigEndian(Data[(index * 8)..]), BinaryPrimitives.ReadUInt32BigEndian(Data[((index * 8) + 4)..]));
    }
}

/// <summary>
/// Walks TCP options in their order; padding (<see cref="TcpOptionKind.NoOperation"/>) is passed over and the walk ends at
/// <see cref="TcpOptionKind.EndOfList"/>. A length below 2 or beyond the header ends it too, with <see cref="Error"/> set; what came
/// before stands, as in Linux tcp_parse_options.
/// </summary>
public ref struct TcpOptionEnumerator
{
    private ReadOnlySpan<byte> _rest;

    /// <summary>Starts in front of the first option.</summary>
    /// <param name="options">The options of a header, padding included.</param>
    public TcpOptionEnumerator(ReadOnlySpan<byte> options)
    {
        _rest = options;
        Current = default;
        Error = ParseError.None;
    }

    /// <summary>The option that <see cref="MoveNext"/> found.</summary>
    public TcpOption Current { get; private set; }

    /// <summary><see cref="ParseError.BadOption"/> after the walk met a malformed length.</summary>
    public ParseError Error { get; private set; }

    /// <summary>This, for foreach; keep the enumerator itself to read <see cref="Error"/> afterwards.</summary>
    public readonly TcpOptionEnumerator GetEnumerator() => this;

    /// <summary>Goes to the next option.</summary>
    /// <returns>False at the end and at a malformed option.</returns>
    public bool MoveNext()
    {
        while (!_rest.IsEmpty)
        {
            var kind = (TcpOptionKind)_rest[0];
            if (kind == TcpOptionKind.EndOfList)
                break;
            if (kind == TcpOptionKind.NoOperation)
            {
                _rest = _rest[1..];
                continue;
            }

            int length = _rest.Length < 2 ? 0 : _rest[1];
            if (length < 2 || length > _rest.Length)
            {
                Error = ParseError.BadOption;
                break;
            }

            Current = new TcpOption(kind, _rest[2..length]);
            _rest = _rest[length..];
            return true;
        }

        _rest = default;
        return false;
    }
}
