using System.Collections.Immutable;

namespace ActorNet.Kubernetes.ServiceAccounts;

/// <summary>An object that a token names: the token counts only as long as this very object is there.</summary>
/// <param name="Name">Name.</param>
/// <param name="Uid">Uid.</param>
public sealed record TokenSubject(string Name, string Uid);

/// <summary>What a service account's token says (kubernetes pkg/serviceaccount/claims.go). Times are whole seconds.</summary>
public sealed record TokenClaims
{
    /// <summary>Who issues tokens, and the audience of those for the API (kubeadm: --service-account-issuer).</summary>
    public const string Issuer = "https://kubernetes.default.svc.cluster.local";

    /// <summary>What the user name of a service account begins with.</summary>
    public const string UserPrefix = "system:serviceaccount:";

    /// <summary>The account's namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>The account.</summary>
    public required TokenSubject Account { get; init; }

    /// <summary>The pod it is bound to; null: none.</summary>
    public TokenSubject? Pod { get; init; }

    /// <summary>The Secret it is bound to; null: none.</summary>
    public TokenSubject? Secret { get; init; }

    /// <summary>The Node of the pod, or the one it is bound to; null: none. The uid is empty when it was not known.</summary>
    public TokenSubject? Node { get; init; }

    /// <summary>Whom it is for.</summary>
    public required ImmutableArray<string> Audiences { get; init; }

    /// <summary>When it was made, and from when on it counts.</summary>
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>When its holder should have had a new one; null: it is not extended.</summary>
    public DateTimeOffset? WarnAfter { get; init; }

    /// <summary>The token's own id.</summary>
    public required string Id { get; init; }

    /// <summary>The account as a user.</summary>
    public string User => $"{UserPrefix}{Namespace}:{Account.Name}";

    /// <summary>The account's groups (apiserver pkg/authentication/serviceaccount/util.go: MakeGroupNames).</summary>
    public ImmutableArray<string> Groups => ["system:serviceaccounts", $"system:serviceaccounts:{Namespace}", "system:authenticated"];

    /// <summary>What is known of the user besides (apiserver pkg/authentication/serviceaccount/util.go: UserInfo).</summary>
    public ImmutableSortedDictionary<string, string> Extra
    {
        get
        {
            var extra = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
            extra["authentication.kubernetes.io/credential-id"] = $"JTI={Id}";
            if (Pod is { } pod)
                (extra["authentication.kubernetes.io/pod-name"], extra["authentication.kubernetes.io/pod-uid"]) = (pod.Name, pod.Uid);
            if (Node is { } node)
                extra["authentication.kubernetes.io/node-name"] = node.Name;
            if (Node is { Uid.Length: > 0 } known)
                extra["authentication.kubernetes.io/node-uid"] = known.Uid;
            return extra.ToImmutable();
        }
    }
}
