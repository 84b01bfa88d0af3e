using System.Buffers;
using System.Buffers.Binary;

namespace ActorNet.ApiServer.Spdy;

/// <summary>What came of reading.</summary>
internal enum SpdyRead
{
    /// <summary>A frame.</summary>
    Frame,

    /// <summary>There is no whole frame yet.</summary>
    NeedsMore,

    /// <summary>These bytes are not SPDY/3; nothing can be read behind them.</summary>
    Broken,
}

/// <summary>Reads the frames of one direction of a session: bytes in, frames out. It keeps nothing of data and at most one control frame.</summary>
internal sealed class SpdyParser : IDisposable
{
    /// <summary>The longest control frame that is read, in bytes.</summary>
    public const int MostControlBytes = 16 << 10;

    private const int HeaderBytes = 8;
    private const ushort ControlVersion3 = 0x8003;
    private const byte FlagFin = 1;
    private const int IdMask = int.MaxValue;

    private readonly SpdyHeaderDecoder _headers = new();
    private int _dataLeft;
    private int _dataStream;
    private bool _dataEnds;

    /// <summary>Reads the next frame.</summary>
    /// <param name="input">What is there; what was read is cut off.</param>
    /// <param name="frame">The frame.</param>
    public SpdyRead Read(ref ReadOnlySequence<byte> input, out SpdyFrame frame)
    {
        frame = default;
        while (true)
        {
            if (_dataLeft > 0)
                return ReadData(ref input, out frame);
            if (input.Length < HeaderBytes)
                return SpdyRead.NeedsMore;
            Span<byte> header = stackalloc byte[HeaderBytes];
            input.Slice(0, HeaderBytes).CopyTo(header);
            int length = BinaryPrimitives.ReadInt32BigEndian(header[4..]) & 0xFF_FFFF;
            byte flags = header[4];
            if ((header[0] & 0x80) == 0)
            {
                input = input.Slice(HeaderBytes);
                (_dataLeft, _dataStream, _dataEnds) = (length, BinaryPrimitives.ReadInt32BigEndian(header) & IdMask, (flags & FlagFin) != 0);
                if (length > 0)
                    continue;
                frame = new SpdyFrame(SpdyFrameType.Data, _dataStream, _dataEnds, 0, null, default);
                return SpdyRead.Frame;
            }

            if (BinaryPrimitives.ReadUInt16BigEndian(header) != ControlVersion3 || length > MostControlBytes)
                return SpdyRead.Broken;
            if (input.Length < HeaderBytes + length)
                return SpdyRead.NeedsMore;
            byte[] body = input.Slice(HeaderBytes, length).ToArray();
            input = input.Slice(HeaderBytes + length);
            var type = (SpdyFrameType)BinaryPrimitives.ReadUInt16BigEndian(header[2..]);
            // "An endpoint must ignore frames of types that it does not know."
            if (!Enum.IsDefined(type) || type == SpdyFrameType.Data)
                continue;
            return TryReadControl(type, flags, body, out frame) ? SpdyRead.Frame : SpdyRead.Broken;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _headers.Dispose();

    private SpdyRead ReadData(ref ReadOnlySequence<byte> input, out SpdyFrame frame)
    {
        frame = default;
        if (input.IsEmpty)
            return SpdyRead.NeedsMore;
        int count = (int)Math.Min(_dataLeft, input.Length);
        _dataLeft -= count;
        frame = new SpdyFrame(SpdyFrameType.Data, _dataStream, _dataEnds && _dataLeft == 0, 0, null, input.Slice(0, count));
        input = input.Slice(count);
        return SpdyRead.Frame;
    }

    private bool TryReadControl(SpdyFrameType type, byte flags, ReadOnlySpan<byte> body, out SpdyFrame frame)
    {
        frame = default;
        bool ends = (flags & FlagFin) != 0;
        switch (type)
        {
            // Stream, associated stream, priority and slot, headers.
            case SpdyFrameType.SynStream:
                return TryReadHeaders(type, ends, body, 10, out frame);
            case SpdyFrameType.SynReply or SpdyFrameType.Headers:
                return TryReadHeaders(type, ends, body, 4, out frame);
            case SpdyFrameType.RstStream or SpdyFrameType.WindowUpdate when body.Length == 8:
                frame = new SpdyFrame(type, Id(body), false, BinaryPrimitives.ReadInt32BigEndian(body[4..]), null, default);
                return true;
            case SpdyFrameType.Ping when body.Length == 4:
                frame = new SpdyFrame(type, 0, false, BinaryPrimitives.ReadInt32BigEndian(body), null, default);
                return true;
            case SpdyFrameType.GoAway when body.Length == 8:
                frame = new SpdyFrame(type, Id(body), false, BinaryPrimitives.ReadInt32BigEndian(body[4..]), null, default);
                return true;
            case SpdyFrameType.Settings:
                frame = new SpdyFrame(type, 0, false, 0, null, default);
                return true;
            default:
                return false;
        }
    }

    private bool TryReadHeaders(SpdyFrameType type, bool ends, ReadOnlySpan<byte> body, int start, out SpdyFrame frame)
    {
        frame = default;
        if (body.Length < start || !_headers.TryDecode(body[start..], out Dictionary<string, string> headers))
            return false;
        frame = new SpdyFrame(type, Id(body), ends, 0, headers, default);
        return true;
    }

    private static int Id(ReadOnlySpan<byte> body) => BinaryPrimitives.ReadInt32BigEndian(body) & IdMask;
}
