using System.Buffers.Binary;

namespace ActorNet.ApiServer.Spdy;

/// <summary>Writes frames.</summary>
internal static class SpdyFrames
{
    /// <summary>Length of a frame's header.</summary>
    public const int HeaderBytes = 8;

    private const byte FlagFin = 1;
    private const ushort ControlVersion3 = 0x8003;

    /// <summary>Writes the header of a data frame.</summary>
    /// <param name="to">At least <see cref="HeaderBytes"/>.</param>
    /// <param name="stream">The stream.</param>
    /// <param name="length">Bytes of data that follow.</param>
    /// <param name="isLast">Whether our half of the stream ends with it.</param>
    public static void WriteDataHeader(Span<byte> to, int stream, int length, bool isLast)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, stream);
        BinaryPrimitives.WriteInt32BigEndian(to[4..], length);
        to[4] = isLast ? FlagFin : (byte)0;
    }

    /// <summary>SYN_STREAM.</summary>
    public static byte[] SynStream(int stream, byte[] headers, bool isLast) => Control(SpdyFrameType.SynStream, isLast, [.. Number(stream), 0, 0, 0, 0, 0, 0, .. headers]);

    /// <summary>SYN_REPLY.</summary>
    public static byte[] SynReply(int stream, byte[] headers) => Control(SpdyFrameType.SynReply, false, [.. Number(stream), .. headers]);

    /// <summary>RST_STREAM.</summary>
    public static byte[] RstStream(int stream, SpdyStatus status) => Control(SpdyFrameType.RstStream, false, [.. Number(stream), .. Number((int)status)]);

    /// <summary>PING.</summary>
    public static byte[] Ping(int id) => Control(SpdyFrameType.Ping, false, Number(id));

    /// <summary>GOAWAY.</summary>
    public static byte[] GoAway(int lastStream, int status) => Control(SpdyFrameType.GoAway, false, [.. Number(lastStream), .. Number(status)]);

    /// <summary>WINDOW_UPDATE.</summary>
    public static byte[] WindowUpdate(int stream, int delta) => Control(SpdyFrameType.WindowUpdate, false, [.. Number(stream), .. Number(delta)]);

    private static byte[] Control(SpdyFrameType type, bool isLast, ReadOnlySpan<byte> body)
    {
        byte[] frame = new byte[HeaderBytes + body.Length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, ControlVersion3);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)type);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), body.Length);
        frame[4] = isLast ? FlagFin : (byte)0;
        body.CopyTo(frame.AsSpan(HeaderBytes));
        return frame;
    }

    private static byte[] Number(int number)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }
}
