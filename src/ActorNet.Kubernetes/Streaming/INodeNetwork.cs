namespace ActorNet.Kubernetes.Streaming;

/// <summary>Connections from the host's own node: through its root namespace, so that the emulated network decides what becomes of them.</summary>
public interface INodeNetwork
{
    /// <summary>Connects over TCP.</summary>
    /// <param name="address">An IPv4 address.</param>
    /// <param name="port">Port.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="System.Net.Sockets.SocketException">It failed; the code says why.</exception>
    Task<Stream> ConnectAsync(string address, int port, CancellationToken cancel);
}
