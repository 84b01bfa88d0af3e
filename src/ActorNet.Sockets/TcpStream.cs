using System.Buffers;
using System.IO.Pipelines;

namespace ActorNet.Sockets;

/// <summary>A connection as a <see cref="Stream"/>. Writes end when the data is queued; disposing sends what is queued and a FIN.</summary>
/// <param name="connection">The connection, taken over.</param>
public sealed class TcpStream(TcpDuplexPipe connection) : AsyncStream
{
    private bool _disposed;

    /// <summary>The connection.</summary>
    public TcpDuplexPipe Connection => connection;

    /// <inheritdoc/>
    public override bool CanRead => !_disposed;

    /// <inheritdoc/>
    public override bool CanWrite => !_disposed;

    /// <summary>Ends sending: a FIN goes out behind the queued data, reading goes on.</summary>
    public ValueTask ShutdownSendAsync() => connection.Output.CompleteAsync();

    /// <summary>Resets the connection.</summary>
    public void Abort() => connection.Abort();

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
            return 0;
        ReadResult read = await connection.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
        int count = (int)Math.Min(read.Buffer.Length, buffer.Length);
        ReadOnlySequence<byte> taken = read.Buffer.Slice(0, count);
        taken.CopyTo(buffer.Span);
        connection.Input.AdvanceTo(taken.End);
        return count;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        FlushResult flush = await connection.Output.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (flush.IsCompleted)
            throw new IOException($"{connection.Local} to {connection.Remote}: the connection no longer takes data.");
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        await base.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // HttpClient drops connections by Dispose: the closing goes on by itself.
        if (disposing && !_disposed)
        {
            _disposed = true;
            _ = connection.DisposeAsync().AsTask();
        }

        base.Dispose(disposing);
    }
}
