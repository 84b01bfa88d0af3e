using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>
/// Writes TCP options one behind the other, up to 40 bytes or the room there is. An option that does not fit is left out whole and the
/// call answers false. <see cref="Finish"/> pads to the multiple of 4 that a header needs.
/// </summary>
public ref struct TcpOptionWriter
{
    private readonly Span<byte> _bytes;
    private int _length;

    /// <summary>Starts at the beginning of the options.</summary>
    /// <param name="bytes">The segment from offset 20 on; at most 40 bytes of it are used, in whole words.</param>
    public TcpOptionWriter(Span<byte> bytes)
    {
        int room = Math.Min(bytes.Length, TcpView.MaxHeaderLength - TcpView.MinHeaderLength);
        _bytes = bytes[..(room & ~3)];
        _length = 0;
    }

    /// <summary>Bytes written so far, before padding.</summary>
    public readonly int Length => _length;

    /// <summary>Writes one byte of padding.</summary>
    public bool NoOperation()
    {
        if (_length == _bytes.Length)
            return false;
        _bytes[_length++] = (byte)TcpOptionKind.NoOperation;
        return true;
    }

    /// <summary>Writes the maximum segment size.</summary>
    /// <param name="bytes">The size in bytes.</param>
    public bool MaximumSegmentSize(ushort bytes)
    {
        if (!TryStart(TcpOptionKind.MaximumSegmentSize, 4, out Span<byte> data))
            return false;
        BinaryPrimitives.WriteUInt16BigEndian(data, bytes);
        return true;
    }

    /// <summary>Writes the window scale.</summary>
    /// <param name="shift">The shift, 0 to 14.</param>
    public bool WindowScale(byte shift)
    {
        if (!TryStart(TcpOptionKind.WindowScale, 3, out Span<byte> data))
            return false;
        data[0] = shift;
        return true;
    }

    /// <summary>Writes SACK permitted.</summary>
    public bool SackPermitted() => TryStart(TcpOptionKind.SackPermitted, 2, out _);

    /// <summary>Writes the timestamps.</summary>
    /// <param name="value">TSval.</param>
    /// <param name="echo">TSecr.</param>
    public bool Timestamps(uint value, uint echo)
    {
        if (!TryStart(TcpOptionKind.Timestamps, 10, out Span<byte> data))
            return false;
        BinaryPrimitives.WriteUInt32BigEndian(data, value);
        BinaryPrimitives.WriteUInt32BigEndian(data[4..], echo);
        return true;
    }

    /// <summary>Writes as many SACK blocks as fit, in their order.</summary>
    /// <param name="blocks">The blocks, most recent first (RFC 2018, 4).</param>
    /// <returns>How many were written.</returns>
    public int Sack(scoped ReadOnlySpan<SackBlock> blocks)
    {
        int count = Math.Min(blocks.Length, (_bytes.Length - _length - 2) / 8);
        if (count <= 0 || !TryStart(TcpOptionKind.Sack, 2 + (8 * count), out Span<byte> data))
            return 0;
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(data[(8 * i)..], blocks[i].Left);
            BinaryPrimitives.WriteUInt32BigEndian(data[((8 * i) + 4)..], blocks[i].Right);
        }

        return count;
    }

    /// <summary>Pads with end-of-list bytes to a multiple of 4.</summary>
    /// <returns>The length of the options in bytes: 0 to 40, a multiple of 4.</returns>
    public int Finish()
    {
        while ((_length & 3) != 0)
            _bytes[_length++] = (byte)TcpOptionKind.EndOfList;
        return _length;
    }

    private bool TryStart(TcpOptionKind kind, int length, out Span<byte> data)
    {
        data = default;
        if (length > _bytes.Length - _length)
            return false;
        _bytes[_length] = (byte)kind;
        _bytes[_length + 1] = (byte)length;
        data = _bytes.Slice(_length + 2, length - 2);
        _length += length;
        return true;
    }
}
