using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;

namespace ActorNet.Kubernetes.Kinds.Reviews;

/// <summary>May this be done? (kubernetes pkg/registry/authorization, pkg/apis/authorization/validation).</summary>
public abstract class AnyAccessReviewKind(string kind, string plural) : ReviewKind("authorization.k8s.io", kind, plural)
{
    /// <inheritdoc/>
    protected override async ValueTask<JsonObject> StatusAsync(JsonObject question, ReviewPlace asked, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(asked);
        JsonObject spec = question.Object("spec") ?? [];
        var errors = new FieldErrors();
        Check(spec, errors);
        if (!errors.IsEmpty)
            throw ApiErrors.Invalid(Group, Kind, "", errors);
        CheckPlace(spec, asked.Namespace);
        AccessDecision decision = await asked.Authorizer.DecideAsync(RequestOf(spec, UserOf(spec, asked.User)), cancel).ConfigureAwait(false);
        var status = new JsonObject { ["allowed"] = decision.IsAllowed };
        if (decision.Reason.Length > 0)
            status["reason"] = decision.Reason;
        return status;
    }

    /// <summary>Whose access it is about.</summary>
    protected abstract UserInfo UserOf(JsonObject spec, UserInfo asking);

    /// <summary>Checks the question.</summary>
    protected virtual void Check(JsonObject spec, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(errors);
        bool isResource = spec.Object("resourceAttributes") is not null, isPath = spec.Object("nonResourceAttributes") is not null;
        if (isResource && isPath)
            errors.Invalid("spec.nonResourceAttributes", spec["nonResourceAttributes"]?.ToJsonString(), "cannot be specified in combination with resourceAttributes");
        if (!isResource && !isPath)
            errors.Invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified");
    }

    /// <summary>Checks the question against the path that it came by.</summary>
    protected virtual void CheckPlace(JsonObject spec, string space)
    {
    }

    private static AccessRequest RequestOf(JsonObject spec, UserInfo user)
    {
        if (spec.Object("nonResourceAttributes") is { } path)
            return new AccessRequest(user, path.Text("verb")) { Path = path.Text("path") is { Length: > 0 } asked ? asked : "/" };
        JsonObject resource = spec.Object("resourceAttributes")!;
        return new AccessRequest(user, resource.Text("verb"))
        {
            Group = resource.Text("group"),
            Resource = resource.Text("resource"),
            Subresource = resource.Text("subresource"),
            Namespace = resource.Text("namespace"),
            Name = resource.Text("name"),
        };
    }
}

/// <summary>May I? (for "kubectl auth can-i").</summary>
public sealed class SelfAccessReviewKind() : AnyAccessReviewKind("SelfSubjectAccessReview", "selfsubjectaccessreviews")
{
    /// <inheritdoc/>
    protected override UserInfo UserOf(JsonObject spec, UserInfo asking) => asking;
}

/// <summary>May somebody?</summary>
public class SubjectAccessReviewKind : AnyAccessReviewKind
{
    /// <summary>Makes the kind.</summary>
    public SubjectAccessReviewKind()
        : this("SubjectAccessReview", "subjectaccessreviews")
    {
    }

    /// <summary>Names the kind.</summary>
    protected SubjectAccessReviewKind(string kind, string plural)
        : base(kind, plural)
    {
    }

    /// <inheritdoc/>
    protected override void Check(JsonObject spec, FieldErrors errors)
    {
        base.Check(spec, errors);
        if (spec.Text("user").Length == 0 && !spec.Texts("groups").Any())
            errors.Invalid("spec.user", "", "at least one of user or group must be specified");
    }

    /// <inheritdoc/>
    protected override UserInfo UserOf(JsonObject spec, UserInfo asking)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return new UserInfo(spec.Text("user"), [.. spec.Texts("groups")]) { Uid = spec.Text("uid") };
    }
}

/// <summary>May somebody in this namespace?</summary>
public sealed class LocalAccessReviewKind() : SubjectAccessReviewKind("LocalSubjectAccessReview", "localsubjectaccessreviews")
{
    /// <inheritdoc/>
    public override bool IsNamespaced => true;

    /// <inheritdoc/>
    protected override void Check(JsonObject spec, FieldErrors errors)
    {
        base.Check(spec, errors);
        if (spec.Object("nonResourceAttributes") is not null)
            errors.Invalid("spec.nonResourceAttributes", spec["nonResourceAttributes"]!.ToJsonString(), "disallowed on this kind of request");
    }

    /// <inheritdoc/>
    protected override void CheckPlace(JsonObject spec, string space)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec.Text("resourceAttributes.namespace") != space)
            throw ApiErrors.BadRequest($"spec.resourceAttributes.namespace must match namespace: {space}");
    }
}

/// <summary>What may I? (for "kubectl auth can-i --list"; kubernetes pkg/registry/authorization/selfsubjectrulesreview).</summary>
public sealed class RulesReviewKind() : ReviewKind("authorization.k8s.io", "SelfSubjectRulesReview", "selfsubjectrulesreviews")
{
    /// <inheritdoc/>
    protected override async ValueTask<JsonObject> StatusAsync(JsonObject question, ReviewPlace asked, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(question);
        ArgumentNullException.ThrowIfNull(asked);
        string space = question.Text("spec.namespace");
        if (space.Length == 0)
            throw ApiErrors.BadRequest("no namespace on request");
        GrantedRules granted = await asked.Authorizer.RulesOfAsync(asked.User, space, cancel).ConfigureAwait(false);
        var status = new JsonObject
        {
            ["resourceRules"] = new JsonArray([.. granted.Rules.Where(static rule => !rule.Resources.IsEmpty).Select(static rule => rule.ToDocument())]),
            ["nonResourceRules"] = new JsonArray([.. granted.Rules.Where(static rule => !rule.Paths.IsEmpty).Select(static rule => rule.ToDocument())]),
            ["incomplete"] = granted.Errors.Count > 0,
        };
        if (granted.Errors.Count > 0)
            status["evaluationError"] = RbacPolicy.Joined(granted.Errors);
        return status;
    }
}
