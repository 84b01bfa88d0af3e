using System.Net.WebSockets;

namespace ActorNet.ApiServer.Streaming;

/// <summary>
/// The binary messages of a WebSocket as one stream of bytes, whatever their bounds. An empty message is none: it is not the end, which is why
/// the runtime's own stream over a WebSocket does not do.
/// </summary>
/// <param name="socket">The WebSocket, taken over.</param>
/// <param name="time">Timers.</param>
internal sealed class TunnelStream(WebSocket socket, TimeProvider time) : AsyncOnlyStream
{
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);

    private bool _isClosed;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!_isClosed)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer, cancellationToken).ConfigureAwait(false);
            _isClosed = received.MessageType == WebSocketMessageType.Close;
            if (received.Count > 0)
                return received.Count;
        }

        return 0;
    }

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        socket.SendAsync(buffer, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(ClosePatience, time);
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException)
        {
            // The client is gone.
        }

        socket.Dispose();
        await base.DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }
}
