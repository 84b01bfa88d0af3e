using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;

namespace ActorNet.Kubernetes.ServiceAccounts;

/// <summary>Whether what a token is bound to is still there (kubernetes pkg/serviceaccount/claims.go: validator.Validate).</summary>
public static class TokenLife
{
    // jwt.DefaultLeeway: what is being deleted counts a little longer.
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1);

    /// <summary>Whether a token that is in order by itself still counts.</summary>
    /// <param name="api">The API.</param>
    /// <param name="claims">What the token says.</param>
    /// <param name="cancel">Ends it.</param>
    public static async ValueTask<bool> CountsAsync(KubernetesApi api, TokenClaims claims, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(api);
        ArgumentNullException.ThrowIfNull(claims);
        return await IsThereAsync(api, "ServiceAccount", claims.Namespace, claims.Account, cancel).ConfigureAwait(false)
            && await IsThereAsync(api, "Pod", claims.Namespace, claims.Pod, cancel).ConfigureAwait(false)
            && await IsThereAsync(api, "Secret", claims.Namespace, claims.Secret, cancel).ConfigureAwait(false)
            // The Node of a pod's token is told, not bound to.
            && (claims.Pod is not null || await IsThereAsync(api, "Node", "", claims.Node, cancel).ConfigureAwait(false));
    }

    private static async ValueTask<bool> IsThereAsync(KubernetesApi api, string kind, string space, TokenSubject? subject, CancellationToken cancel)
    {
        if (subject is null)
            return true;
        try
        {
            JsonObject found = (await api.GetAsync(api.Kinds.Of("", kind), space, subject.Name, cancel).ConfigureAwait(false)).Document;
            return found.Text("metadata.uid") == subject.Uid
                && (!DateTimeOffset.TryParse(found.Text("metadata.deletionTimestamp"), out DateTimeOffset deleted) || deleted > api.Time.GetUtcNow() - Leeway);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            return false;
        }
    }
}
