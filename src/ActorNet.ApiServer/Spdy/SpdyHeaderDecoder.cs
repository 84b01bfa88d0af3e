using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace ActorNet.ApiServer.Spdy;

/// <summary>
/// Reads the header blocks of one direction of a session: pieces of one zlib stream (RFC 1950) that begins with SPDY's dictionary. What a block
/// grows to is bounded.
/// </summary>
internal sealed class SpdyHeaderDecoder : IDisposable
{
    // A stream of remote commands has at most five headers.
    private const int MostPairs = 64;
    private const int MostBytes = 16 << 10;

    // RFC 1950 section 2.2: method 8 is deflate; the preset dictionary's bit.
    private const int MethodMask = 0x0F;
    private const int Deflate = 8;
    private const int PresetDictionary = 0x20;

    private readonly Feed _feed = new();
    private readonly DeflateStream _inflate;
    private bool _isBegun;

    /// <summary>Makes a decoder.</summary>
    public SpdyHeaderDecoder() => _inflate = new DeflateStream(_feed, CompressionMode.Decompress);

    /// <summary>Reads the next block.</summary>
    /// <param name="block">The block, whole.</param>
    /// <param name="headers">Names in lower case, and values.</param>
    /// <returns>False when it is none; the stream cannot be read any further then.</returns>
    public bool TryDecode(ReadOnlySpan<byte> block, out Dictionary<string, string> headers)
    {
        headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        try
        {
            if (!_isBegun && !TryBegin(ref block))
                return false;
            _feed.Add(block);
            return TryReadPairs(headers);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _inflate.Dispose();
        _feed.Dispose();
    }

    // The runtime's inflater takes no dictionary: the dictionary goes through it as a stored block (RFC 1951 section 3.2.4) before all else.
    private bool TryBegin(ref ReadOnlySpan<byte> block)
    {
        if (block.Length < 2 || (block[0] & MethodMask) != Deflate || ((block[0] << 8) | block[1]) % 31 != 0)
            return false;
        bool hasDictionary = (block[1] & PresetDictionary) != 0;
        block = block[2..];
        _isBegun = true;
        if (!hasDictionary)
            return true;
        if (block.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(block) != SpdyDictionary.Id)
            return false;
        block = block[4..];
        ReadOnlySpan<byte> dictionary = SpdyDictionary.Bytes.Span;
        Span<byte> stored = stackalloc byte[SpdyHeaderEncoder.StoredHeaderBytes];
        SpdyHeaderEncoder.WriteStoredHeader(stored, dictionary.Length);
        _feed.Add(stored);
        _feed.Add(dictionary);
        return TryRead(new byte[dictionary.Length]);
    }

    private bool TryReadPairs(Dictionary<string, string> headers)
    {
        int left = MostBytes;
        if (!TryReadNumber(out uint count) || count > MostPairs)
            return false;
        for (uint i = 0; i < count; i++)
        {
            if (!TryReadText(ref left, out string name) || !TryReadText(ref left, out string value))
                return false;
            headers[name] = value;
        }

        return true;
    }

    private bool TryReadText(ref int left, out string text)
    {
        text = "";
        if (!TryReadNumber(out uint length) || length > left)
            return false;
        left -= (int)length;
        byte[] bytes = new byte[length];
        if (!TryRead(bytes))
            return false;
        text = Encoding.Latin1.GetString(bytes);
        return true;
    }

    private bool TryReadNumber(out uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        bool isRead = TryRead(bytes);
        number = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return isRead;
    }

    private bool TryRead(Span<byte> bytes) => _inflate.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length;

    // What is there of the zlib stream.
    private sealed class Feed : Stream
    {
        private readonly Queue<byte> _bytes = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Add(ReadOnlySpan<byte> bytes)
        {
            foreach (byte each in bytes)
                _bytes.Enqueue(each);
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int taken = Math.Min(count, _bytes.Count);
            for (int i = 0; i < taken; i++)
                buffer[offset + i] = _bytes.Dequeue();
            return taken;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
