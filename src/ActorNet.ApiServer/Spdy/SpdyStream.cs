using System.IO.Pipelines;
using ActorNet.ApiServer.Streaming;

namespace ActorNet.ApiServer.Spdy;

/// <summary>A stream of a session, opened by the client: bytes both ways, each half ended on its own.</summary>
internal sealed class SpdyStream : AsyncOnlyStream
{
    // SPDY/3's first window, which we keep to: the client may have so much under way. kubectl's library knows no windows, so the buffer is what
    // holds it back, and with it the session's other streams.
    private const int WindowBytes = 64 << 10;

    private readonly SpdySession _session;
    private readonly Pipe _input = new(new PipeOptions(pauseWriterThreshold: 4 * WindowBytes, resumeWriterThreshold: 2 * WindowBytes, useSynchronizationContext: false));
    private int _consumed;
    private int _isEnded;

    // Of the session's reading alone.
    private bool _isInputEnded;
    private volatile bool _isReset;

    /// <summary>Makes a stream.</summary>
    public SpdyStream(SpdySession session, int id, IReadOnlyDictionary<string, string> headers) => (_session, Id, Headers) = (session, id, headers);

    /// <summary>Its number in the session.</summary>
    public int Id { get; }

    /// <summary>What the client said of it.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>Whether one side took it back.</summary>
    public bool IsReset => _isReset;

    /// <summary>One of its headers; empty when it has none of that name.</summary>
    public string Header(string name) => Headers.GetValueOrDefault(name, "");

    /// <summary>Ends our half.</summary>
    public async Task EndAsync()
    {
        if (Interlocked.Exchange(ref _isEnded, 1) == 0 && !_isReset)
            await _session.SendDataAsync(Id, default, isLast: true).ConfigureAwait(false);
    }

    /// <summary>Takes it back.</summary>
    public async Task ResetAsync(SpdyStatus status)
    {
        if (_isReset)
            return;
        _isReset = true;
        await _session.SendAsync(SpdyFrames.RstStream(Id, status)).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ReadResult read = await _input.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        int count = (int)Math.Min(read.Buffer.Length, buffer.Length);
        System.Buffers.BuffersExtensions.CopyTo(read.Buffer.Slice(0, count), buffer.Span);
        _input.Reader.AdvanceTo(read.Buffer.GetPosition(count));
        _consumed += count;
        if (_consumed >= WindowBytes / 2 && !_isReset)
            await OpenWindowAsync().ConfigureAwait(false);
        return count;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isReset)
            throw new IOException("Broken pipe");
        if (!buffer.IsEmpty)
            await _session.SendDataAsync(Id, buffer, isLast: false).ConfigureAwait(false);
    }

    /// <summary>Takes data of the client; waits while too much is unread.</summary>
    internal async ValueTask TakeAsync(System.Buffers.ReadOnlySequence<byte> data, bool isLast, CancellationToken cancel)
    {
        if (_isInputEnded)
            return;
        foreach (ReadOnlyMemory<byte> piece in data)
            await _input.Writer.WriteAsync(piece, cancel).ConfigureAwait(false);
        if (isLast)
            EndInput();
    }

    /// <summary>What the client still sends is not wanted.</summary>
    internal void Ignore() => _input.Reader.Complete();

    /// <summary>The client took it back, or is gone.</summary>
    internal void Break()
    {
        _isReset = true;
        EndInput();
    }

    private void EndInput()
    {
        if (!_isInputEnded)
            _input.Writer.Complete();
        _isInputEnded = true;
    }

    private async ValueTask OpenWindowAsync()
    {
        int delta = _consumed;
        _consumed = 0;
        try
        {
            await _session.SendAsync(SpdyFrames.WindowUpdate(Id, delta)).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The client is gone; what it sent before is still read.
        }
    }
}
