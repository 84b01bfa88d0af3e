using ActorNet.Kubernetes.Streaming;
using ActorNet.Sockets;

namespace ActorNet.Node;

/// <summary>A connection over the emulated network.</summary>
/// <param name="stream">The connection, taken over.</param>
internal sealed class PodConnection(TcpStream stream) : IPodConnection
{
    /// <inheritdoc/>
    public Stream Data => stream;

    /// <inheritdoc/>
    public ValueTask EndSendingAsync() => stream.ShutdownSendAsync();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
