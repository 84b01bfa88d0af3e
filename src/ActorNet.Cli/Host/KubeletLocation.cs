using System.Collections.Immutable;
using ActorNet.ApiServer.Kubelet;
using ActorNet.ApiServer.Streaming;
using ActorNet.Cluster.Certificates;
using k8s.Models;

namespace ActorNet.Cli.Host;

/// <summary>Where the kubelets are: this host's own in this process, another's at the address that its host has written on its Node.</summary>
/// <param name="own">This host's node.</param>
/// <param name="endpoint">Its kubelet.</param>
/// <param name="nodes">The Nodes as this host knows them.</param>
/// <param name="credentials">What this host shows and trusts.</param>
internal sealed class KubeletLocation(string own, KubeletEndpoint endpoint, Func<ImmutableArray<V1Node>> nodes, LiveCredentials credentials) : IKubeletLocator, IDisposable
{
    /// <summary>Carries the base address of a node's kubelet, as https://127.0.10.2:10250: the node's own addresses may exist only inside the emulation.</summary>
    public const string Annotation = "actornet.dev/kubelet";

    private readonly HttpMessageInvoker _http = KubeletConnections.Create(credentials);
    private readonly LocalKubelet _local = new(endpoint);

    /// <inheritdoc/>
    public ValueTask<IKubelet?> FindAsync(string node, CancellationToken cancel)
    {
        if (node == own)
            return new ValueTask<IKubelet?>(_local);
        string? address = null;
        nodes().FirstOrDefault(each => each.Metadata.Name == node)?.Metadata.Annotations?.TryGetValue(Annotation, out address);
        return new ValueTask<IKubelet?>(Uri.TryCreate(address, UriKind.Absolute, out Uri? found) ? new RemoteKubelet(_http, found) : null);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
