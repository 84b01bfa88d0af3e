namespace ActorNet.Workloads.Logs;

/// <summary>A container's standard output or error as it goes into its log: bytes become records line by line. Writing never waits.</summary>
internal sealed class LogStream(ContainerLog log, bool isError) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException("A log's stream has no length.");

    public override long Position
    {
        get => throw new NotSupportedException("A log's stream has no position.");
        set => throw new NotSupportedException("A log's stream has no position.");
    }

    public override void Write(ReadOnlySpan<byte> buffer) => log.Append(isError, buffer);

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("A log's stream is only written to.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException("A log's stream has no position.");

    public override void SetLength(long value) => throw new NotSupportedException("A log's stream has no length.");
}
