using ActorNet.Kubernetes.Streaming;

namespace ActorNet.ApiServer.Streaming;

/// <summary>How the API reaches what runs in the cluster: kubelets for streams, and the emulated network for proxied requests. One for a process.</summary>
public sealed class ClusterReach : IDisposable
{
    /// <summary>Makes it.</summary>
    /// <param name="kubelets">Finds kubelets.</param>
    /// <param name="network">The emulated network as this host's node has it.</param>
    public ClusterReach(IKubeletLocator kubelets, INodeNetwork network)
    {
        Kubelets = kubelets;
        Pods = new HttpMessageInvoker(
            new SocketsHttpHandler
            {
                UseProxy = false,
                UseCookies = false,
                AllowAutoRedirect = false,
                AutomaticDecompression = System.Net.DecompressionMethods.None,
                ActivityHeadersPropagator = null,
                ConnectCallback = async (context, cancel) => await network.ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancel).ConfigureAwait(false),
            },
            disposeHandler: true);
    }

    /// <summary>Finds kubelets.</summary>
    internal IKubeletLocator Kubelets { get; }

    /// <summary>HTTP over the emulated network.</summary>
    internal HttpMessageInvoker Pods { get; }

    /// <inheritdoc/>
    public void Dispose() => Pods.Dispose();
}
