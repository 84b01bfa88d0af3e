using ActorNet.ApiServer.Access;
using ActorNet.ApiServer.Proxy;
using ActorNet.ApiServer.Streaming;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Discovery;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.ServiceAccounts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ActorNet.ApiServer;

/// <summary>The Kubernetes API over HTTP: paths to handlers, failures to statuses.</summary>
public sealed class ApiFront
{
    private readonly KindCatalog _kinds;
    private readonly ResourceHandler _resources;
    private readonly DiscoveryHandler _discovery;
    private readonly TokenDiscovery? _tokenKeys;
    private readonly PodStreams? _streams;
    private readonly ObjectProxy? _proxy;
    private readonly TokenLife _tokens;
    private readonly FailureAnswers _failures;
    private readonly AccessGate? _gate;

    /// <summary>Makes the front of an API.</summary>
    /// <param name="api">The API.</param>
    /// <param name="version">What /version says.</param>
    /// <param name="log">Takes faults of the server's own.</param>
    /// <param name="reach">The way to what runs in the cluster, for logs, exec, attach, portforward and proxy; null: there is none, and nothing of that.</param>
    /// <param name="tokens">Signs service accounts' tokens; null: there are none.</param>
    /// <param name="load">Bounds and counts what clients have under way; null: the usual bounds, for this front alone.</param>
    /// <param name="authorizer">Says who may do what; null: everybody everything.</param>
    public ApiFront(KubernetesApi api, ServerVersion version, ILogger log, ClusterReach? reach = null, ITokenIssuer? tokens = null, ApiLoad? load = null, IAuthorizer? authorizer = null)
    {
        ArgumentNullException.ThrowIfNull(api);
        load ??= new ApiLoad(TimeProvider.System);
        (_kinds, _failures, _gate) = (api.Kinds, new FailureAnswers(log, load), authorizer is null ? null : new AccessGate(authorizer));
        _tokens = new TokenLife((kind, space, name, cancel) => api.Reads.FindAsync(api.Kinds.Of("", kind), space, name, cancel), api.Time);
        TokenKeys? keys = tokens is null ? null : new TokenKeys(api, tokens);
        _tokenKeys = keys is null ? null : new TokenDiscovery(keys);
        _resources = new ResourceHandler(api, keys is null ? null : new TokenRequests(api, tokens!, keys), load, authorizer ?? new AlwaysAllow());
        _discovery = new DiscoveryHandler(api.Kinds, version);
        if (reach is not null)
            (_streams, _proxy) = (new PodStreams(api, reach.Kubelets), new ObjectProxy(api, reach));
    }

    /// <summary>Whether what a token is bound to is still there.</summary>
    internal ValueTask<bool> CountsAsync(TokenClaims token, CancellationToken cancel) => _tokens.CountsAsync(token, cancel);

    /// <summary>Answers one request.</summary>
    public Task HandleAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _failures.RunAsync(context, _gate is null ? RouteAsync : GuardedAsync);
    }

    private async Task GuardedAsync(HttpContext context)
    {
        await _gate!.CheckAsync(context).ConfigureAwait(false);
        await RouteAsync(context).ConfigureAwait(false);
    }

    private Task RouteAsync(HttpContext context)
    {
        // Most requests are for a resource, whose path is no other's but the proxy's.
        string path = (context.Request.Path.Value ?? "").Trim('/');
        var resource = ResourcePath.Parse(path);
        if (resource is null && (_discovery.Handle(context, path) ?? _tokenKeys?.Handle(context, path)) is { } answered)
            return answered;
        if (resource is null or { Subresource: "proxy" } && _proxy?.Handle(context) is { } proxied)
            return proxied;
        if (resource is null)
            return Answer.TextAsync(context, "404 page not found\n", StatusCodes.Status404NotFound);
        KindDescriptor kind = _kinds.Find(resource.Group, resource.Version, resource.Plural) ?? throw ApiErrors.NoSuchResource();
        return _streams?.Handle(context, resource) ?? _resources.HandleAsync(context, kind, resource);
    }
}
