using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace ActorNet.ApiServer.Streaming;

/// <summary>
/// The subresources of pods that are streams: log, exec, attach, portforward. The API server finds the pod, its container and its node, and gives
/// the request, as it is, to the node's kubelet (kubernetes pkg/registry/core/pod/rest).
/// </summary>
/// <param name="api">The API.</param>
/// <param name="kubelets">Finds kubelets.</param>
internal sealed class PodStreams(KubernetesApi api, IKubeletLocator kubelets)
{
    private readonly KindDescriptor _pods = api.Kinds.Of("", "Pod");

    /// <summary>Answers a request for one of the subresources; null when it is for another.</summary>
    public Task? Handle(HttpContext context, ResourcePath path) => (path.Group, path.Plural, path.Subresource) switch
    {
        ("", "pods", "log") => LogAsync(context, path),
        ("", "pods", "exec") => CommandAsync(context, path, "exec"),
        ("", "pods", "attach") => CommandAsync(context, path, "attach"),
        ("", "pods", "portforward") => PortForwardAsync(context, path),
        _ => null,
    };

    private async Task LogAsync(HttpContext context, ResourcePath path)
    {
        if (context.Request.Method != "GET")
            throw ApiErrors.MethodNotAllowed("pods", context.Request.Method);
        Dictionary<string, StringValues> query = QueryHelpers.ParseQuery(context.Request.QueryString.Value);
        LogOptions.Parse(query, api.Time.GetUtcNow());
        ApiObject pod = await FindAsync(context, path).ConfigureAwait(false);
        string container = PodContainers.Choose(pod, query.GetValueOrDefault("container").ToString());
        if (pod.Document.Text("spec.nodeName").Length == 0)
        {
            // Upstream has nothing to read from yet, and says so with no content.
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        IKubelet kubelet = await KubeletOfAsync(context, pod).ConfigureAwait(false);
        await kubelet.AnswerAsync(context, $"/containerLogs/{path.Namespace}/{path.Name}/{container}", context.Request.QueryString).ConfigureAwait(false);
    }

    private async Task CommandAsync(HttpContext context, ResourcePath path, string verb)
    {
        Dictionary<string, StringValues> query = QueryHelpers.ParseQuery(context.Request.QueryString.Value);
        ApiObject pod = await FindForUpgradeAsync(context, path).ConfigureAwait(false);
        string container = PodContainers.Choose(pod, query.GetValueOrDefault("container").ToString());
        IKubelet kubelet = await KubeletOfAsync(context, pod).ConfigureAwait(false);
        var options = new QueryBuilder();
        foreach ((string name, string translated) in new[] { ("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty") })
        {
            if (LogOptions.Flag(query, name))
                options.Add(translated, "1");
        }

        if (verb == "exec")
            options.Add("command", query.GetValueOrDefault("command").OfType<string>());
        await UpgradeAsync(context, kubelet, $"/{verb}/{path.Namespace}/{path.Name}/{container}", options.ToQueryString()).ConfigureAwait(false);
    }

    private async Task PortForwardAsync(HttpContext context, ResourcePath path)
    {
        ApiObject pod = await FindForUpgradeAsync(context, path).ConfigureAwait(false);
        IKubelet kubelet = await KubeletOfAsync(context, pod).ConfigureAwait(false);
        // The WebSocket form names its ports in the query (PodPortForwardOptions); the kubelet calls them port.
        var options = new QueryBuilder();
        foreach (string? ports in QueryHelpers.ParseQuery(context.Request.QueryString.Value).GetValueOrDefault("ports"))
            options.Add("port", (ports ?? "").Split(','));
        await UpgradeAsync(context, kubelet, $"/portForward/{path.Namespace}/{path.Name}", options.ToQueryString()).ConfigureAwait(false);
    }

    // What the kubelet says is passed on as it says it: kubectl puts "unable to upgrade connection: " before it.
    private static async Task UpgradeAsync(HttpContext context, IKubelet kubelet, string path, QueryString query)
    {
        try
        {
            await kubelet.AnswerAsync(context, path, query).ConfigureAwait(false);
        }
        catch (ApiException failure) when (!context.Response.HasStarted)
        {
            await Answers.RefuseAsync(context, failure).ConfigureAwait(false);
        }
    }

    private async Task<ApiObject> FindForUpgradeAsync(HttpContext context, ResourcePath path)
    {
        if (context.Request.Method is not ("GET" or "POST"))
            throw ApiErrors.MethodNotAllowed("pods", context.Request.Method);
        ApiObject pod = await FindAsync(context, path).ConfigureAwait(false);
        return pod.Document.Text("spec.nodeName").Length > 0 ? pod : throw ApiErrors.BadRequest($"pod {pod.Name} does not have a host assigned");
    }

    private ValueTask<ApiObject> FindAsync(HttpContext context, ResourcePath path) => api.GetAsync(_pods, path.Namespace, path.Name, context.RequestAborted);

    private async Task<IKubelet> KubeletOfAsync(HttpContext context, ApiObject pod)
    {
        string node = pod.Document.Text("spec.nodeName");
        return await kubelets.FindAsync(node, context.RequestAborted).ConfigureAwait(false)
            ?? throw new ApiException(StatusCodes.Status500InternalServerError, "", $"error dialing backend: no kubelet is known for node {node}; the host may have left");
    }
}
