namespace ActorNet.ApiServer.Streaming;

/// <summary>A stream that is only written to, asynchronously: each write becomes messages of a channel.</summary>
/// <param name="send">Sends; null swallows everything.</param>
internal sealed class ChannelStream(Func<ReadOnlyMemory<byte>, Task>? send) : Stream
{
    private const string WriteOnly = "A command's output is only written to, asynchronously.";

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException(WriteOnly);

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException(WriteOnly);
        set => throw new NotSupportedException(WriteOnly);
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException(WriteOnly);

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException(WriteOnly);

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException(WriteOnly);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException(WriteOnly);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (send is not null && !buffer.IsEmpty)
            await send(buffer).ConfigureAwait(false);
    }
}
