using System.Text.Json.Nodes;
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
    public sealed override bool IsNamespaced => false;

    /// <inheritdoc/>
    public sealed override bool IsStored => false;

    /// <summary>The answer.</summary>
    /// <param name="user">Who asks.</param>
    public abstract JsonObject StatusFor(UserInfo user);

    /// <summary>The question with its answer.</summary>
    /// <param name="question">What was sent; it becomes the answer.</param>
    /// <param name="user">Who asks.</param>
    public JsonObject Answer(JsonObject question, UserInfo user)
    {
        question["kind"] = Kind;
        question["apiVersion"] = ApiVersion;
        question.Ensure("metadata");
        question["status"] = StatusFor(user);
        return question;
    }
}

/// <summary>May I? Everything is allowed as long as there are no rules (authorization.k8s.io/v1, for "kubectl auth can-i").</summary>
public sealed class AccessReviewKind() : ReviewKind("authorization.k8s.io", "SelfSubjectAccessReview", "selfsubjectaccessreviews")
{
    /// <inheritdoc/>
    public override JsonObject StatusFor(UserInfo user) => new() { ["allowed"] = true };
}

/// <summary>What may I? (authorization.k8s.io/v1, for "kubectl auth can-i --list").</summary>
public sealed class RulesReviewKind() : ReviewKind("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews")
{
    /// <inheritdoc/>
    public override JsonObject StatusFor(UserInfo user) => new()
    {
        ["resourceRules"] = new JsonArray(new JsonObject { ["verbs"] = new JsonArray("*"), ["apiGroups"] = new JsonArray("*"), ["resources"] = new JsonArray("*") }),
        ["nonResourceRules"] = new JsonArray(new JsonObject { ["verbs"] = new JsonArray("*"), ["nonResourceURLs"] = new JsonArray("*") }),
        ["incomplete"] = false,
    };
}

/// <summary>Who am I? (authentication.k8s.io/v1, for "kubectl auth whoami").</summary>
public sealed class SubjectReviewKind() : ReviewKind("authentication.k8s.io", "SelfSubjectReview", "selfsubjectreviews")
{
    /// <inheritdoc/>
    public override JsonObject StatusFor(UserInfo user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return new JsonObject { ["userInfo"] = user.ToDocument() };
    }
}
