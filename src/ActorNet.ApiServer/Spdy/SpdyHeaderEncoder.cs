using System.Buffers.Binary;
using System.Text;

namespace ActorNet.ApiServer.Spdy;

/// <summary>
/// Writes the header blocks of one direction of a session. The zlib stream consists of stored blocks: a server of remote commands says next to
/// nothing in headers, and stored blocks end on whole bytes.
/// </summary>
internal sealed class SpdyHeaderEncoder
{
    /// <summary>Length of a stored block's own header.</summary>
    public const int StoredHeaderBytes = 5;

    private bool _isBegun;

    /// <summary>Writes the head of a stored block that is not the last (RFC 1951 section 3.2.4).</summary>
    public static void WriteStoredHeader(Span<byte> block, int length)
    {
        block[0] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(block[1..], (ushort)length);
        BinaryPrimitives.WriteUInt16LittleEndian(block[3..], (ushort)~length);
    }

    /// <summary>Encodes a block.</summary>
    /// <param name="headers">Names in lower case, and values; together far below 64 KiB.</param>
    public byte[] Encode(IReadOnlyCollection<KeyValuePair<string, string>> headers)
    {
        var bytes = new List<byte>();
        // RFC 1950: deflate with a window of 32 KiB, and a preset dictionary.
        if (!_isBegun)
            bytes.AddRange([0x78, 0xBB, unchecked((byte)(SpdyDictionary.Id >> 24)), unchecked((byte)(SpdyDictionary.Id >> 16)), unchecked((byte)(SpdyDictionary.Id >> 8)), unchecked((byte)SpdyDictionary.Id)]);
        _isBegun = true;
        var pairs = new List<byte>();
        AddNumber(pairs, headers.Count);
        foreach ((string name, string value) in headers)
        {
            AddText(pairs, name);
            AddText(pairs, value);
        }

        Span<byte> head = stackalloc byte[StoredHeaderBytes];
        WriteStoredHeader(head, pairs.Count);
        bytes.AddRange(head);
        bytes.AddRange(pairs);
        // The mark of a flush: Go's reader gives out what it has when it comes to an empty block, not before.
        WriteStoredHeader(head, 0);
        bytes.AddRange(head);
        return [.. bytes];
    }

    private static void AddText(List<byte> bytes, string text)
    {
        AddNumber(bytes, text.Length);
        bytes.AddRange(Encoding.Latin1.GetBytes(text));
    }

    private static void AddNumber(List<byte> bytes, int number)
    {
        Span<byte> four = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(four, number);
        bytes.AddRange(four);
    }
}
