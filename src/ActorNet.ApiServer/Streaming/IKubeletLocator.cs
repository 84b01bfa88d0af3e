using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Streaming;

/// <summary>Finds the kubelet of a node.</summary>
public interface IKubeletLocator
{
    /// <summary>Finds it.</summary>
    /// <param name="node">The Node's name.</param>
    /// <param name="cancel">Cancellation.</param>
    /// <returns>A <see cref="Kubelet.LocalKubelet"/> for this process's own node, a <see cref="Kubelet.RemoteKubelet"/> for another; null when nothing is known of the node.</returns>
    ValueTask<IKubelet?> FindAsync(string node, CancellationToken cancel);
}

/// <summary>A kubelet as the API server sees it.</summary>
public interface IKubelet
{
    /// <summary>Lets the kubelet answer a request; after an upgrade, until both sides are done.</summary>
    /// <param name="context">The client's request; its method, headers and body go on as they are.</param>
    /// <param name="path">The kubelet's path, such as /exec/default/web/web, not escaped.</param>
    /// <param name="query">The kubelet's query, from its question mark on; may be empty.</param>
    /// <exception cref="ApiException">The kubelet refuses, in its words, or cannot be reached; nothing was answered yet.</exception>
    Task AnswerAsync(HttpContext context, string path, QueryString query);
}
