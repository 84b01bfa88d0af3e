using System.Net.Sockets;
using ActorNet.Kubernetes.Streaming;
using ActorNet.Packets;

namespace ActorNet.Node;

/// <summary>Connections from this process's node.</summary>
/// <param name="node">The node.</param>
public sealed class NodeNetwork(NodeHost node) : INodeNetwork
{
    /// <inheritdoc/>
    public async Task<Stream> ConnectAsync(string address, int port, CancellationToken cancel)
    {
        if (!Ipv4Address.TryParse(address, out Ipv4Address remote) || node.Settings is not { } settings)
            throw new SocketException((int)SocketError.NetworkUnreachable);
        NodeNamespace root = await node.FindAsync($"node/{settings.Name}", cancel).ConfigureAwait(false) ?? throw new SocketException((int)SocketError.NetworkUnreachable);
        return await root.ConnectAsync(remote, port, cancel).ConfigureAwait(false);
    }
}
