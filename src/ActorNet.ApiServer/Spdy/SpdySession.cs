using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;

namespace ActorNet.ApiServer.Spdy;

/// <summary>
/// The server's side of a SPDY/3.1 session. The client opens all streams. Sending keeps to no window, for the library of kubectl never opens
/// one; a slow client is held back by its connection.
/// </summary>
/// <param name="connection">The connection; not disposed.</param>
/// <param name="opened">Called for each stream that the client opens, once it is accepted; false refuses it.</param>
internal sealed class SpdySession(Stream connection, Func<SpdyStream, bool> opened) : IDisposable
{
    // kubectl's port-forward has two for each connection.
    private const int MostStreams = 1024;

    private const int ChunkBytes = 32 << 10;
    private const int ProtocolError = 1;

    private readonly ConcurrentDictionary<int, SpdyStream> _streams = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly SpdyHeaderEncoder _encoder = new();
    private readonly SpdyParser _parser = new();
    private int _lastStream;

    /// <summary>Reads frames until the client is gone, breaks the rules, or the wait is cancelled.</summary>
    /// <param name="cancel">Ends it.</param>
    public async Task RunAsync(CancellationToken cancel)
    {
        var reader = PipeReader.Create(connection, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (true)
            {
                ReadResult read = await reader.ReadAsync(cancel).ConfigureAwait(false);
                ReadOnlySequence<byte> rest = read.Buffer;
                SpdyRead came;
                while ((came = _parser.Read(ref rest, out SpdyFrame frame)) == SpdyRead.Frame)
                    await TakeAsync(frame, cancel).ConfigureAwait(false);
                reader.AdvanceTo(rest.Start, read.Buffer.End);
                if (came == SpdyRead.Broken)
                {
                    await SendAsync(SpdyFrames.GoAway(_lastStream, ProtocolError)).ConfigureAwait(false);
                    return;
                }

                if (read.IsCompleted)
                    return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
            // The connection is over.
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
            foreach (SpdyStream stream in _streams.Values)
                stream.Break();
        }
    }

    /// <summary>Says that no more streams are taken.</summary>
    public Task GoAwayAsync() => SendAsync(SpdyFrames.GoAway(_lastStream, 0));

    /// <summary>Forgets a stream that both are done with.</summary>
    public void Forget(SpdyStream stream)
    {
        stream.Ignore();
        _streams.TryRemove(stream.Id, out _);
    }

    /// <summary>Sends a frame.</summary>
    /// <exception cref="IOException">The client is gone.</exception>
    public async Task SendAsync(ReadOnlyMemory<byte> frame)
    {
        await _sending.WaitAsync().ConfigureAwait(false);
        try
        {
            await WriteAsync(frame).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Sends data of a stream.</summary>
    /// <exception cref="IOException">The client is gone.</exception>
    public async Task SendDataAsync(int stream, ReadOnlyMemory<byte> data, bool isLast)
    {
        byte[] frame = ArrayPool<byte>.Shared.Rent(SpdyFrames.HeaderBytes + ChunkBytes);
        try
        {
            do
            {
                // Streams take turns frame by frame.
                await _sending.WaitAsync().ConfigureAwait(false);
                try
                {
                    int length = Math.Min(ChunkBytes, data.Length);
                    SpdyFrames.WriteDataHeader(frame, stream, length, isLast && length == data.Length);
                    data[..length].CopyTo(frame.AsMemory(SpdyFrames.HeaderBytes));
                    await WriteAsync(frame.AsMemory(0, SpdyFrames.HeaderBytes + length)).ConfigureAwait(false);
                    data = data[length..];
                }
                finally
                {
                    _sending.Release();
                }
            }
            while (!data.IsEmpty);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _parser.Dispose();

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await connection.WriteAsync(bytes).ConfigureAwait(false);
            await connection.FlushAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is ObjectDisposedException or InvalidOperationException or OperationCanceledException or System.Net.WebSockets.WebSocketException)
        {
            throw new IOException("Broken pipe", e);
        }
    }

    private ValueTask TakeAsync(in SpdyFrame frame, CancellationToken cancel)
    {
        switch (frame.Type)
        {
            case SpdyFrameType.SynStream:
                return new ValueTask(OpenAsync(frame.StreamId, frame.Headers!, frame.IsLast));
            case SpdyFrameType.Data:
                return _streams.TryGetValue(frame.StreamId, out SpdyStream? stream) && !stream.IsReset ? stream.TakeAsync(frame.Data, frame.IsLast, cancel) : ValueTask.CompletedTask;
            case SpdyFrameType.RstStream:
                if (_streams.TryGetValue(frame.StreamId, out SpdyStream? reset))
                    reset.Break();
                return ValueTask.CompletedTask;
            // Pings of the client have odd numbers; others would be echoes of ours.
            case SpdyFrameType.Ping when (frame.Value & 1) == 1:
                return new ValueTask(SendAsync(SpdyFrames.Ping(frame.Value)));
            default:
                return ValueTask.CompletedTask;
        }
    }

    private async Task OpenAsync(int id, IReadOnlyDictionary<string, string> headers, bool isLast)
    {
        // Numbers of the client are odd and grow.
        if ((id & 1) == 0 || id <= _lastStream)
        {
            await SendAsync(SpdyFrames.RstStream(id, SpdyStatus.ProtocolError)).ConfigureAwait(false);
            return;
        }

        _lastStream = id;
        var stream = new SpdyStream(this, id, headers);
        if (isLast)
            await stream.TakeAsync(default, isLast: true, default).ConfigureAwait(false);
        if (_streams.Count >= MostStreams)
        {
            await SendAsync(SpdyFrames.RstStream(id, SpdyStatus.RefusedStream)).ConfigureAwait(false);
            return;
        }

        _streams[id] = stream;
        await SendAsync(SpdyFrames.SynReply(id, _encoder.Encode([]))).ConfigureAwait(false);
        if (opened(stream))
            return;
        _streams.TryRemove(id, out _);
        await SendAsync(SpdyFrames.RstStream(id, SpdyStatus.RefusedStream)).ConfigureAwait(false);
    }
}
