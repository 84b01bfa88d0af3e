using ActorNet.ApiServer.Streaming;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Kubelet;

/// <summary>
/// The kubelet of another host over HTTP: the request goes on as it is, and so do the bytes of an upgraded connection, both ways, whatever
/// protocol they speak (apimachinery pkg/util/proxy UpgradeAwareHandler). The server that it is used in needs YARP's forwarder among its services.
/// </summary>
/// <param name="http">Connections with the client certificate and the CA that the kubelet's is checked against. Not disposed.</param>
/// <param name="address">The kubelet's address, such as https://10.0.0.2:10250/.</param>
public sealed class RemoteKubelet(HttpMessageInvoker http, Uri address) : IKubelet
{
    /// <inheritdoc/>
    public async Task AnswerAsync(HttpContext context, string path, QueryString query)
    {
        ArgumentNullException.ThrowIfNull(context);
        var target = new Uri(address, new PathString(path).ToUriComponent() + query.ToUriComponent());
        if (await HttpForwarding.SendAsync(context, http, target, takesRefusals: true).ConfigureAwait(false) is { } failure)
            throw new ApiException(StatusCodes.Status500InternalServerError, "", $"error dialing backend: {failure.Message}");
    }
}
