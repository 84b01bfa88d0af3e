using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Documents;

namespace ActorNet.Kubernetes.Kinds.Reviews;

/// <summary>A question to the server: it is answered by what comes back from its creation, and nothing is stored.</summary>
public abstract class ReviewKind : KindDescriptor
{
    /// <summary>Names the kind.</summary>
    protected ReviewKind(string group, string kind, string plural)
        : base(group, "v1", kind, plural)
    {
    }

    /// <inheritdoc/>
    public override bool IsNamespaced => false;

    /// <inheritdoc/>
    public sealed override bool IsStored => false;

    /// <summary>The question with its answer.</summary>
    /// <param name="question">What was sent; it becomes the answer.</param>
    /// <param name="asked">Who asks, where, and who knows the answer.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="Errors.ApiException">The question makes no sense.</exception>
    public async ValueTask<JsonObject> AnswerAsync(JsonObject question, ReviewPlace asked, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(asked);
        question["kind"] = Kind;
        question["apiVersion"] = ApiVersion;
        question.Ensure("metadata");
        question["status"] = await StatusAsync(question, asked, cancel).ConfigureAwait(false);
        return question;
    }

    /// <summary>The answer.</summary>
    protected abstract ValueTask<JsonObject> StatusAsync(JsonObject question, ReviewPlace asked, CancellationToken cancel);
}

/// <summary>Where a question is asked.</summary>
/// <param name="User">Who asks.</param>
/// <param name="Namespace">The namespace in the path; empty: none.</param>
/// <param name="Authorizer">Knows who may do what.</param>
/// <param name="Tokens">Says whose a token is; null: there are none.</param>
public sealed record ReviewPlace(UserInfo User, string Namespace, IAuthorizer Authorizer, Func<string, CancellationToken, ValueTask<UserInfo?>>? Tokens);

/// <summary>Who am I? (authentication.k8s.io/v1, for "kubectl auth whoami").</summary>
public sealed class SubjectReviewKind() : ReviewKind("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews")
{
    /// <inheritdoc/>
    protected override ValueTask<JsonObject> StatusAsync(JsonObject question, ReviewPlace asked, CancellationToken cancel) =>
        ValueTask.FromResult(new JsonObject { ["userInfo"] = asked.User.ToDocument() });
}
