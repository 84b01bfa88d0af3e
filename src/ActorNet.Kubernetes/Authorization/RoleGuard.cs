using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Reviews;

namespace ActorNet.Kubernetes.Authorization;

/// <summary>
/// Nobody gives away by a role or a binding what he has not himself, unless he may "escalate" the role, or "bind" it (kubernetes
/// pkg/registry/rbac/*/policybased/storage.go; pkg/registry/rbac/validation/rule.go, ConfirmNoEscalation).
/// </summary>
/// <param name="user">Who writes.</param>
/// <param name="authorizer">The roles.</param>
public sealed class RoleGuard(UserInfo user, RbacAuthorizer authorizer) : IAdmission
{
    private static readonly PolicyRule[] Everything = [new(["*"]) { Groups = ["*"], Resources = ["*"] }, new(["*"]) { Paths = ["*"] }];

    /// <inheritdoc/>
    public async ValueTask<IDisposable?> AdmitAsync(KindDescriptor kind, JsonObject document, JsonObject? old, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(document);
        RbacPolicy policy = await authorizer.PolicyAsync(cancel).ConfigureAwait(false);
        if (document.Object("roleRef") is { } reference)
            CheckBinding(policy, kind, document, old, reference);
        else
            CheckRole(policy, kind, document, old);
        return null;
    }

    private void CheckRole(RbacPolicy policy, KindDescriptor kind, JsonObject role, JsonObject? old)
    {
        bool isSum = role["aggregationRule"] is not null;
        if ((old is not null && JsonNode.DeepEquals(old["rules"], role["rules"]) && JsonNode.DeepEquals(old["aggregationRule"], role["aggregationRule"])) || May(policy, "escalate", kind.Plural, role))
            return;
        Confirm(policy, kind, role, isSum ? Everything : role.Objects("rules").Select(PolicyRule.Of));
    }

    private void CheckBinding(RbacPolicy policy, KindDescriptor kind, JsonObject binding, JsonObject? old, JsonObject reference)
    {
        string space = binding.Text("metadata.namespace"), plural = reference.Text("kind") == "Role" ? "roles" : "clusterroles";
        if ((old is not null && JsonNode.DeepEquals(old["roleRef"], reference) && JsonNode.DeepEquals(old["subjects"], binding["subjects"]))
            || policy.Decide(new AccessRequest(user, "bind") { Group = RbacPolicy.Group, Resource = plural, Namespace = space, Name = reference.Text("name") }).IsAllowed)
            return;
        Confirm(policy, kind, binding, policy.Find(reference, space) ?? throw ApiErrors.NotFound(new GroupResource(RbacPolicy.Group, plural), reference.Text("name")));
    }

    private bool May(RbacPolicy policy, string verb, string plural, JsonObject role) => policy.Decide(
        new AccessRequest(user, verb) { Group = RbacPolicy.Group, Resource = plural, Namespace = role.Text("metadata.namespace"), Name = role.Text("metadata.name") }).IsAllowed;

    private void Confirm(RbacPolicy policy, KindDescriptor kind, JsonObject document, IEnumerable<PolicyRule> granted)
    {
        GrantedRules own = policy.RulesOf(user, document.Text("metadata.namespace"));
        PolicyRule[] missing = [.. granted.SelectMany(static rule => rule.Single()).Where(one => !own.Rules.Any(rule => rule.Covers(one)))];
        if (missing.Length == 0)
            return;
        IEnumerable<string> lines = missing
            .GroupBy(static rule => (rule with { Verbs = [] }).ToString(), StringComparer.Ordinal)
            .Select(static same => (same.First() with { Verbs = [.. same.SelectMany(static rule => rule.Verbs)] }).ToString())
            .Order(StringComparer.Ordinal);
        string errors = own.Errors.Count == 0 ? "" : $"; resolution errors: {RbacPolicy.Joined(own.Errors)}";
        string groups = string.Join(" ", user.Groups.Select(static group => $"\"{group}\""));
        throw ApiErrors.Forbidden(
            kind.Resource, document.Text("metadata.name"), $"user \"{user.Name}\" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{string.Join("\n", lines)}{errors}");
    }
}
