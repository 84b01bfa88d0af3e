using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.ServiceAccounts;

/// <summary>What POST to serviceaccounts/NAME/token does (kubernetes pkg/registry/core/serviceaccount/storage/token.go, TokenREST).</summary>
/// <param name="api">The API.</param>
/// <param name="issuer">Signs.</param>
/// <param name="keys">Publishes the key that signs.</param>
public sealed class TokenRequests(KubernetesApi api, ITokenIssuer issuer, TokenKeys keys)
{
    /// <summary>What admission asks for in a pod's volume, in seconds (kubernetes pkg/serviceaccount: WarnOnlyBoundTokenExpirationPeriod): 7 more than an hour, to be told apart.</summary>
    public const long InjectedSeconds = 3607;

    private const long DefaultSeconds = 3600, MinSeconds = 600, MaxSeconds = 1L << 32;

    // ExpirationExtensionSeconds: injected tokens live so long, for clients that never read the file again.
    private const long ExtendedSeconds = 365 * 24 * 3600;

    /// <summary>Issues a token.</summary>
    /// <param name="space">The namespace.</param>
    /// <param name="name">The service account.</param>
    /// <param name="request">An authentication/v1 TokenRequest; it becomes the answer.</param>
    /// <param name="dryRun">Do everything but sign.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The request with its status.</returns>
    /// <exception cref="ApiException">There is no such account or object, or the request is wrong.</exception>
    public async ValueTask<JsonObject> CreateAsync(string space, string name, JsonObject request, bool dryRun, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        JsonObject account = (await api.GetAsync(api.Kinds.Of("", "ServiceAccount"), space, name, cancel).ConfigureAwait(false)).Document;
        Check(space, name, request);
        JsonObject spec = request.Ensure("spec");
        if (!spec.Texts("audiences").Any())
            spec["audiences"] = new JsonArray(TokenClaims.Issuer);
        long seconds = spec.Number("expirationSeconds") ?? DefaultSeconds;
        spec["expirationSeconds"] = seconds;
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(api.Time.GetUtcNow().ToUnixTimeSeconds());
        TokenClaims claims = await BindAsync(Plain(space, name, account, spec, seconds, now), spec, cancel).ConfigureAwait(false);
        DateTimeOffset told = claims.Expires;
        if (seconds == InjectedSeconds && claims.Pod is not null && claims.Audiences is [TokenClaims.Issuer])
            claims = claims with { WarnAfter = told, Expires = Bounded(now.AddSeconds(ExtendedSeconds)) };
        if (!dryRun)
            await keys.PublishAsync(cancel).ConfigureAwait(false);
        request["kind"] = "TokenRequest";
        request["apiVersion"] = "authentication.k8s.io/v1";
        JsonObject metadata = request.Ensure("metadata");
        (metadata["name"], metadata["namespace"], metadata["creationTimestamp"]) = (name, space, ScalarReader.Time(now));
        request["status"] = new JsonObject { ["token"] = dryRun ? "" : issuer.Sign(claims), ["expirationTimestamp"] = ScalarReader.Time(told) };
        return request;
    }

    // authentication/validation ValidateTokenRequest.
    private static void Check(string space, string name, JsonObject request)
    {
        if (request.Text("metadata.name") is { Length: > 0 } named && named != name)
            throw ApiErrors.BadRequest($"the name of the object ({named}) does not match the name on the URL ({name})");
        if (request.Text("metadata.namespace") is { Length: > 0 } placed && placed != space)
            throw ApiErrors.BadRequest($"the namespace of the provided object does not match the namespace sent on the request");
        var errors = new FieldErrors();
        if (request.Number("spec.expirationSeconds") is { } seconds)
        {
            if (seconds < MinSeconds)
                errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
            if (seconds > MaxSeconds)
                errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
        }

        if (!errors.IsEmpty)
            throw ApiErrors.Invalid("authentication.k8s.io", "TokenRequest", "", errors);
    }

    private TokenClaims Plain(string space, string name, JsonObject account, JsonObject spec, long seconds, DateTimeOffset now) => new()
    {
        Namespace = space,
        Account = new TokenSubject(name, account.Text("metadata.uid")),
        Audiences = [.. spec.Texts("audiences")],
        IssuedAt = now,
        Expires = Bounded(now.AddSeconds(seconds)),
        Id = issuer.NewId(),
    };

    private DateTimeOffset Bounded(DateTimeOffset asked) => asked < issuer.Until ? asked : issuer.Until;

    private async ValueTask<TokenClaims> BindAsync(TokenClaims claims, JsonObject spec, CancellationToken cancel)
    {
        if (spec.Object("boundObjectRef") is not { } bound)
            return claims;
        (string kind, string version, string name, string uid) = (bound.Text("kind"), bound.Text("apiVersion"), bound.Text("name"), bound.Text("uid"));
        if (version != "v1" || kind is not ("Pod" or "Secret" or "Node"))
            throw ApiErrors.BadRequest($"cannot bind token to object of type {(version.Contains('/', StringComparison.Ordinal) ? version : "/" + version)}, Kind={kind}");
        KindDescriptor descriptor = api.Kinds.Of("", kind);
        JsonObject found = (await api.GetAsync(descriptor, kind == "Node" ? "" : claims.Namespace, name, cancel).ConfigureAwait(false)).Document;
        string actual = found.Text("metadata.uid");
        if (uid.Length > 0 && uid != actual)
            throw ApiErrors.Conflict(descriptor.Resource, name, $"the UID in the bound object reference ({uid}) does not match the UID in record. The object might have been deleted and then recreated");
        var subject = new TokenSubject(name, actual);
        return kind switch
        {
            "Pod" => await OfPodAsync(claims, subject, found, cancel).ConfigureAwait(false),
            "Secret" => claims with { Secret = subject },
            _ => claims with { Node = subject },
        };
    }

    private async ValueTask<TokenClaims> OfPodAsync(TokenClaims claims, TokenSubject subject, JsonObject pod, CancellationToken cancel)
    {
        if (pod.Text("spec.serviceAccountName") != claims.Account.Name)
            throw ApiErrors.BadRequest($"cannot bind token for serviceaccount \"{claims.Account.Name}\" to pod running with different serviceaccount name.");
        if (pod.Text("spec.nodeName") is not { Length: > 0 } node)
            return claims with { Pod = subject };
        string uid = "";
        try
        {
            uid = (await api.GetAsync(api.Kinds.Of("", "Node"), "", node, cancel).ConfigureAwait(false)).Document.Text("metadata.uid");
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Upstream: the token names the node all the same.
        }

        return claims with { Pod = subject, Node = new TokenSubject(node, uid) };
    }
}
