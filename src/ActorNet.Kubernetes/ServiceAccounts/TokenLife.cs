using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;

namespace ActorNet.Kubernetes.ServiceAccounts;

/// <summary>Whether what a token is bound to is still there (kubernetes pkg/serviceaccount/claims.go: validator.Validate).</summary>
/// <param name="find">Finds an object of the core group by kind, namespace and name; null: it is not there.</param>
/// <param name="time">The clock.</param>
public sealed class TokenLife(Func<string, string, string, CancellationToken, ValueTask<ApiObject?>> find, TimeProvider time)
{
    // jwt.DefaultLeeway: what is being deleted counts a little longer.
    private static readonly TimeSpan Leeway = TimeSpan.FromMinutes(1);

    /// <summary>Whether a token that is in order by itself still counts.</summary>
    /// <param name="claims">What the token says.</param>
    /// <param name="cancel">Ends it.</param>
    public async ValueTask<bool> CountsAsync(TokenClaims claims, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(claims);
        return await IsThereAsync("ServiceAccount", claims.Namespace, claims.Account, cancel).ConfigureAwait(false)
            && await IsThereAsync("Pod", claims.Namespace, claims.Pod, cancel).ConfigureAwait(false)
            && await IsThereAsync("Secret", claims.Namespace, claims.Secret, cancel).ConfigureAwait(false)
            // The Node of a pod's token is told, not bound to.
            && (claims.Pod is not null || await IsThereAsync("Node", "", claims.Node, cancel).ConfigureAwait(false));
    }

    private async ValueTask<bool> IsThereAsync(string kind, string space, TokenSubject? subject, CancellationToken cancel)
    {
        if (subject is null)
            return true;
        if (await find(kind, space, subject.Name, cancel).ConfigureAwait(false) is not { Document: JsonObject found })
            return false;
        return found.Text("metadata.uid") == subject.Uid
            && (!DateTimeOffset.TryParse(found.Text("metadata.deletionTimestamp"), out DateTimeOffset deleted) || deleted > time.GetUtcNow() - Leeway);
    }
}
