using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.ServiceAccounts;

namespace ActorNet.Kubernetes.Kinds.Reviews;

/// <summary>Whose is this token? (authentication.k8s.io/v1; kubernetes pkg/registry/authentication/tokenreview/storage.go).</summary>
public sealed class TokenReviewKind() : ReviewKind("authentication.k8s.io", "TokenReview", "tokenreviews")
{
    /// <inheritdoc/>
    protected override async ValueTask<JsonObject> StatusAsync(JsonObject question, ReviewPlace asked, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(asked);
        string token = question.Text("spec.token");
        if (token.Length == 0)
            throw ApiErrors.BadRequest("token is required for TokenReview in authentication");
        string[] audiences = [.. question.Texts("spec.audiences")];
        bool isAsked = audiences.Length == 0 || audiences.Contains(TokenClaims.Issuer);
        if (!isAsked || asked.Tokens is null || await asked.Tokens(token, cancel).ConfigureAwait(false) is not { } user)
            return new JsonObject { ["user"] = new JsonObject(), ["error"] = "invalid bearer token" };
        return new JsonObject { ["authenticated"] = true, ["user"] = user.ToDocument(), ["audiences"] = new JsonArray(TokenClaims.Issuer) };
    }
}
