using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;

namespace ActorNet.Kubernetes.Kinds.Rbac;

/// <summary>What may be done (kubernetes pkg/apis/rbac/validation).</summary>
public abstract class AnyRoleKind(string kind, string plural) : KindDescriptor(RbacPolicy.Group, "v1", kind, plural)
{
    /// <inheritdoc/>
    public override NameRule Names => NameRule.PathSegment;

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        ArgumentNullException.ThrowIfNull(doc);
        ArgumentNullException.ThrowIfNull(errors);
        int index = 0;
        foreach (JsonObject rule in doc.Objects("rules"))
            ValidateRule(PolicyRule.Of(rule), $"rules[{index++}]", errors);
    }

    private void ValidateRule(PolicyRule rule, string path, FieldErrors errors)
    {
        if (rule.Verbs.IsEmpty)
            errors.Required($"{path}.verbs", "verbs must contain at least one value");
        if (!rule.Paths.IsEmpty)
        {
            if (IsNamespaced)
                errors.Invalid($"{path}.nonResourceURLs", new GoSyntax.Strings(rule.Paths), "namespaced rules cannot apply to non-resource URLs");
            if (!rule.Groups.IsEmpty || !rule.Resources.IsEmpty || !rule.Names.IsEmpty)
                errors.Invalid($"{path}.nonResourceURLs", new GoSyntax.Strings(rule.Paths), "rules cannot apply to both regular resources and non-resource URLs");
            return;
        }

        if (rule.Groups.IsEmpty)
            errors.Required($"{path}.apiGroups", "resource rules must supply at least one api group");
        if (rule.Resources.IsEmpty)
            errors.Required($"{path}.resources", "resource rules must supply at least one resource");
    }
}

/// <summary>Roles: what may be done in a namespace.</summary>
public sealed class RoleKind() : AnyRoleKind("Role", "roles");

/// <summary>ClusterRoles: what may be done anywhere, or where a RoleBinding says.</summary>
public sealed class ClusterRoleKind() : AnyRoleKind("ClusterRole", "clusterroles")
{
    /// <inheritdoc/>
    public override bool IsNamespaced => false;

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        base.Validate(doc, errors);
        if (doc.Object("aggregationRule") is { } aggregation && !aggregation.Objects("clusterRoleSelectors").Any())
            errors.Required("aggregationRule.clusterRoleSelectors", "at least one clusterRoleSelector required if aggregationRule is non-nil");
    }
}
