using System.Text;
using ActorNet.Sockets;

namespace ActorNet.Workloads.Streams;

/// <summary>A text reader seen as a stream of UTF-8 bytes.</summary>
internal sealed class TextReaderStream(TextReader reader) : AsyncStream
{
    private const int Characters = 2048;

    private readonly char[] _text = new char[Characters];
    private readonly Encoder _encoder = Encoding.UTF8.GetEncoder();
    private byte[] _bytes = [];
    private int _at;

    public override bool CanRead => true;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_at == _bytes.Length)
        {
            int read = await reader.ReadAsync(_text, cancellationToken).ConfigureAwait(false);
            _bytes = new byte[_encoder.GetByteCount(_text.AsSpan(0, read), read == 0)];
            _encoder.GetBytes(_text.AsSpan(0, read), _bytes, read == 0);
            _at = 0;
            if (read == 0 && _bytes.Length == 0)
                return 0;
        }

        int count = Math.Min(buffer.Length, _bytes.Length - _at);
        _bytes.AsMemory(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }
}

/// <summary>A text writer seen as a stream of UTF-8 bytes; programs that share it take turns.</summary>
internal sealed class TextWriterStream(TextWriter writer) : AsyncStream
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    public override bool CanWrite => true;

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            char[] text = new char[_decoder.GetCharCount(buffer.Span, false)];
            _decoder.GetChars(buffer.Span, text, false);
            await writer.WriteAsync(text.AsMemory(), cancellationToken).ConfigureAwait(false);
            await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }
}
