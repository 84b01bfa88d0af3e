using ActorNet.ApiServer.Front;
using ActorNet.Cluster.Certificates;

namespace ActorNet.ApiServer.Kubelet;

/// <summary>Connections from the API server to the kubelets of other hosts.</summary>
public static class KubeletConnections
{
    /// <summary>Makes them.</summary>
    /// <param name="credentials">What this host shows and trusts.</param>
    public static HttpMessageInvoker Create(LiveCredentials credentials) => new(new AsItself(PeerHttp.CreateHandler(credentials)), disposeHandler: true);

    /// <summary>The API server asks in its own name, as upstream's does with --kubelet-client-certificate: who asked it is its own matter.</summary>
    private sealed class AsItself(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Remove(Authentication.UserHeader);
            request.Headers.Remove(Authentication.GroupHeader);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
