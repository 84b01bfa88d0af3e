namespace ActorNet.Sockets;

/// <summary>
/// A stream of bytes of an emulated socket or program. Only its asynchronous members work: a synchronous one would block a thread until the
/// other end reads or writes. It has no length and no position.
/// </summary>
public abstract class AsyncStream : Stream
{
    private const string Synchronous = "Streams of emulated sockets and programs have asynchronous members only.";

    private const string NoPosition = "Streams of emulated sockets and programs have no length and no position.";

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException(NoPosition);

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException(NoPosition);
        set => throw new NotSupportedException(NoPosition);
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException(Synchronous);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("Bad file descriptor");

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException(Synchronous);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("Bad file descriptor");

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException(NoPosition);

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException(NoPosition);
}
