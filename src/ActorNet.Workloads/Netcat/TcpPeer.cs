using ActorNet.Sockets;

namespace ActorNet.Workloads.Netcat;

/// <summary>A connection.</summary>
internal sealed class TcpPeer(TcpDuplexPipe connection) : INetcatPeer
{
    private readonly TcpStream _stream = new(connection);

    public CancellationToken Gone => connection.Closed;

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            return await _stream.ReadAsync(buffer, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or Microsoft.AspNetCore.Connections.ConnectionAbortedException)
        {
            return -1;
        }
    }

    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        try
        {
            await _stream.WriteAsync(data, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is IOException or Microsoft.AspNetCore.Connections.ConnectionAbortedException)
        {
            return false;
        }
    }

    public ValueTask ShutdownSendAsync() => _stream.ShutdownSendAsync();

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
