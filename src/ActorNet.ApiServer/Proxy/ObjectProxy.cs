using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using ActorNet.ApiServer.Streaming;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ActorNet.ApiServer.Proxy;

/// <summary>
/// The proxy subresources. A pod or an endpoint of a service is reached over the emulated network from this host's own node, as an API server
/// reaches them from its machine; a node's is its kubelet (kubernetes pkg/registry/core/pod/strategy.go, service/storage, node/strategy.go).
/// Links in HTML pages are not rewritten.
/// </summary>
/// <param name="api">The API.</param>
/// <param name="reach">The way there.</param>
internal sealed class ObjectProxy(KubernetesApi api, ClusterReach reach)
{
    private long _served;

    /// <summary>Answers a request for a proxy path; null when it is for another.</summary>
    public Task? Handle(HttpContext context)
    {
        string raw = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "";
        int question = raw.IndexOf('?', StringComparison.Ordinal);
        string path = question < 0 ? raw : raw[..question];
        // Who may do what was judged by the path without dot segments: what is asked for has to be the same.
        return ProxyTarget.Parse(path) is { } target && ProxyTarget.Parse(context.Request.Path.Value ?? "") is { } judged && judged.IsOf(target)
            ? AnswerAsync(context, target, path)
            : null;
    }

    private async Task AnswerAsync(HttpContext context, ProxyTarget target, string path)
    {
        if (target.Rest.Length == 0 && context.Request.Method is "GET" or "HEAD")
        {
            context.Response.Redirect(path + "/" + context.Request.QueryString.ToUriComponent(), permanent: true);
            return;
        }

        if (target.Plural == "nodes")
        {
            await AnswerByKubeletAsync(context, target).ConfigureAwait(false);
            return;
        }

        if (target.Scheme == "https")
            throw ApiErrors.BadRequest("https is not served to pods yet: leave the scheme out, or name http");
        (string address, int port) = target.Plural == "pods"
            ? await PodAsync(context, target).ConfigureAwait(false)
            : await ServiceAsync(context, target).ConfigureAwait(false);
        string rest = target.Rest.Length == 0 ? "/" : target.Rest;
        var uri = new Uri($"http://{address}:{port.ToString(CultureInfo.InvariantCulture)}{rest}{context.Request.QueryString.ToUriComponent()}");
        if (await HttpForwarding.SendAsync(context, reach.Pods, uri, takesRefusals: false).ConfigureAwait(false) is { } failure)
            throw Unavailable($"error trying to reach service: dial tcp {address}:{port}: {Describe(failure)}");
    }

    private async Task AnswerByKubeletAsync(HttpContext context, ProxyTarget target)
    {
        await api.GetAsync(api.Kinds.Of("", "Node"), "", target.Name, context.RequestAborted).ConfigureAwait(false);
        IKubelet kubelet = await reach.Kubelets.FindAsync(target.Name, context.RequestAborted).ConfigureAwait(false)
            ?? throw Unavailable($"error trying to reach service: no kubelet is known for node {target.Name}; the host may have left");
        try
        {
            await kubelet.AnswerAsync(context, Uri.UnescapeDataString(target.Rest), context.Request.QueryString).ConfigureAwait(false);
        }
        catch (ApiException failure) when (!context.Response.HasStarted)
        {
            await Answers.RefuseAsync(context, failure).ConfigureAwait(false);
        }
    }

    private async Task<(string Address, int Port)> PodAsync(HttpContext context, ProxyTarget target)
    {
        const int httpPort = 80;
        ApiObject pod = await api.GetAsync(api.Kinds.Of("", "Pod"), target.Namespace, target.Name, context.RequestAborted).ConfigureAwait(false);
        string address = pod.Document.Text("status.podIP");
        if (address.Length == 0)
            throw ApiErrors.BadRequest("address not allowed");
        // Without a port it is the first that a container names.
        if (target.Port.Length > 0)
            return (address, ParsePort(target.Port));
        JsonObject? first = pod.Document.Objects("spec.containers").SelectMany(static container => container.Objects("ports")).FirstOrDefault();
        return (address, (int)(first?.Number("containerPort") ?? httpPort));
    }

    private async Task<(string Address, int Port)> ServiceAsync(HttpContext context, ProxyTarget target)
    {
        string name = target.Port;
        if (int.TryParse(target.Port, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            ApiObject service = await api.GetAsync(api.Kinds.Of("", "Service"), target.Namespace, target.Name, context.RequestAborted).ConfigureAwait(false);
            JsonObject port = service.Document.Objects("spec.ports").FirstOrDefault(each => each.Number("port") == number)
                ?? throw Unavailable($"no service port {number} found for service \"{target.Name}\"");
            name = port.Text("name");
        }

        ApiObject endpoints = await api.GetAsync(api.Kinds.Of("", "Endpoints"), target.Namespace, target.Name, context.RequestAborted).ConfigureAwait(false);
        (string Address, int Port)[] ready = [.. endpoints.Document.Objects("subsets").SelectMany(subset =>
            from port in subset.Objects("ports")
            where port.Text("name") == name
            from address in subset.Objects("addresses")
            select (address.Text("ip"), (int)(port.Number("port") ?? 0)))];
        // Upstream draws one; requests one behind the other go round.
        return ready.Length == 0 ? throw Unavailable($"no endpoints available for service \"{target.Name}\"") : ready[(int)(Interlocked.Increment(ref _served) % ready.Length)];
    }

    private static int ParsePort(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is >= 1 and <= 65_535
        ? port
        : throw ApiErrors.BadRequest($"invalid pod request \"{text}\": a port is a number between 1 and 65535");

    private static ApiException Unavailable(string message) => new(StatusCodes.Status503ServiceUnavailable, "ServiceUnavailable", message);

    private static string Describe(Exception failure)
    {
        for (Exception? e = failure; e is not null; e = e.InnerException)
        {
            if (e is SocketException socket)
                return $"connect: {PortForward.Describe(socket)}";
        }

        return failure.Message;
    }
}
