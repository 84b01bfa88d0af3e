using ActorNet.ApiServer.Proxy;
using ActorNet.ApiServer.Streaming;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.ServiceAccounts;
using ActorNet.Kubernetes.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ActorNet.ApiServer;

/// <summary>The Kubernetes API over HTTP: paths to handlers, failures to statuses.</summary>
public sealed class ApiFront
{
    private readonly KindCatalog _kinds;
    private readonly ResourceHandler _resources;
    private readonly DiscoveryHandler _discovery;
    private readonly PodStreams? _streams;
    private readonly ObjectProxy? _proxy;
    private readonly ILogger _log;
    private readonly KubernetesApi _api;
    private readonly ApiLoad _load;

    /// <summary>Makes the front of an API.</summary>
    /// <param name="api">The API.</param>
    /// <param name="version">What /version says.</param>
    /// <param name="log">Takes faults of the server's own.</param>
    /// <param name="reach">The way to what runs in the cluster, for logs, exec, attach, portforward and proxy; null: there is none, and nothing of that.</param>
    /// <param name="tokens">Signs service accounts' tokens; null: there are none.</param>
    /// <param name="load">Bounds and counts what clients have under way; null: the usual bounds, for this front alone.</param>
    public ApiFront(KubernetesApi api, ServerVersion version, ILogger log, ClusterReach? reach = null, ITokenIssuer? tokens = null, ApiLoad? load = null)
    {
        ArgumentNullException.ThrowIfNull(api);
        (_kinds, _log, _api, _load) = (api.Kinds, log, api, load ?? new ApiLoad(TimeProvider.System));
        _resources = new ResourceHandler(api, tokens is null ? null : new TokenRequests(api, tokens), _load);
        _discovery = new DiscoveryHandler(api.Kinds, version);
        if (reach is not null)
            (_streams, _proxy) = (new PodStreams(api, reach.Kubelets), new ObjectProxy(api, reach));
    }

    /// <summary>Whether what a token is bound to is still there.</summary>
    internal ValueTask<bool> CountsAsync(TokenClaims token, CancellationToken cancel) => TokenLife.CountsAsync(_api, token, cancel);

    /// <summary>Answers one request.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await RouteAsync(context).ConfigureAwait(false);
        }
        catch (ApiException failure)
        {
            await FailAsync(context, failure).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away.
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status408RequestTimeout)
        {
            _load.CountSlowBody();
            await FailAsync(context, new ApiException(e.StatusCode, "Timeout", "the body of the request came too slowly")).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (context.Response.HasStarted)
        {
            // A watch whose client did not read was ended.
        }
        catch (StoreException e)
        {
            await FailAsync(context, ApiErrors.Internal(e.Message)).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _log.LogError(e, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
            await FailAsync(context, ApiErrors.Internal(e.GetType().Name)).ConfigureAwait(false);
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        string path = (context.Request.Path.Value ?? "").Trim('/');
        if (_discovery.Handle(context, path) is { } answered)
            return answered;
        if (_proxy?.Handle(context) is { } proxied)
            return proxied;
        if (ResourcePath.Parse(path) is not { } resource)
            return Answer.TextAsync(context, "404 page not found\n", StatusCodes.Status404NotFound);
        KindDescriptor kind = _kinds.Find(resource.Group, resource.Version, resource.Plural) ?? throw ApiErrors.NoSuchResource();
        return _streams?.Handle(context, resource) ?? _resources.HandleAsync(context, kind, resource);
    }

    private static async Task FailAsync(HttpContext context, ApiException failure)
    {
        // What is under way cannot be taken back: the client sees its end.
        if (context.Response.HasStarted)
            context.Abort();
        else
            await Answer.FailureAsync(context, failure).ConfigureAwait(false);
    }
}
