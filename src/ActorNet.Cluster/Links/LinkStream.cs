namespace ActorNet.Cluster.Links;

/// <summary>
/// A connection that meets the faults of its control link: while the link is cut nothing moves, as on a TCP connection whose segments are all
/// lost, and it goes on when the link heals; a delay holds back what is sent.
/// </summary>
/// <param name="inner">The connection.</param>
/// <param name="links">The faults.</param>
/// <param name="peer">The other end.</param>
internal sealed class LinkStream(Stream inner, ControlLinks links, ControlEndpoint peer) : Stream
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(20);

    private volatile bool _ended;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        await OpenAsync(LinkDirection.Receive, cancellationToken).ConfigureAwait(false);
        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (links.For(peer) is { Delay.Ticks: > 0 } slow)
            await Task.Delay(slow.Delay, cancellationToken).ConfigureAwait(false);
        await OpenAsync(LinkDirection.Send, cancellationToken).ConfigureAwait(false);
        await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("connections between hosts are read and written asynchronously");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("connections between hosts are read and written asynchronously");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _ended = true;
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }

    private async ValueTask OpenAsync(LinkDirection direction, CancellationToken cancel)
    {
        while (links.For(peer) is { } fault && (fault.Cut & direction) != 0)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            await Task.Delay(LookAgain, cancel).ConfigureAwait(false);
        }
    }
}
