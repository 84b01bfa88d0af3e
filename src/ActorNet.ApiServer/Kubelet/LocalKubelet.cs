using ActorNet.ApiServer.Streaming;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Kubelet;

/// <summary>The kubelet of this process: no connection is made.</summary>
/// <param name="endpoint">Its endpoint.</param>
public sealed class LocalKubelet(KubeletEndpoint endpoint) : IKubelet
{
    /// <inheritdoc/>
    public Task AnswerAsync(HttpContext context, string path, QueryString query) => endpoint.AnswerAsync(context, path, query);
}
