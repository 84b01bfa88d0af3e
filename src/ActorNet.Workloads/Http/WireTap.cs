using ActorNet.Netstack;
using ActorNet.Sockets;

namespace ActorNet.Workloads.Http;

/// <summary>A connection of an HttpClient that shows its log what passes, after TLS where there is any.</summary>
/// <param name="inner">The connection's stream, taken over.</param>
/// <param name="log">What wants to see it.</param>
/// <param name="local">This end.</param>
/// <param name="remote">The peer.</param>
internal sealed class WireTap(Stream inner, WireLog log, Ipv4Endpoint local, Ipv4Endpoint remote) : AsyncStream
{
    public Ipv4Endpoint Local => local;

    public Ipv4Endpoint Remote => remote;

    public override bool CanRead => inner.CanRead;

    public override bool CanWrite => inner.CanWrite;

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (count > 0)
            await log.ReceivedAsync(this, buffer[..count]).ConfigureAwait(false);
        return count;
    }

    // Shown before it is sent: the answer may be read before the write returns.
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await log.SendingAsync(this, buffer).ConfigureAwait(false);
        await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
