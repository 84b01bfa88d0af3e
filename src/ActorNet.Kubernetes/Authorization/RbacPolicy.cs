using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds.Reviews;
using ActorNet.Kubernetes.ServiceAccounts;

namespace ActorNet.Kubernetes.Authorization;

/// <summary>
/// Roles and bindings at one moment, and what they allow (kubernetes pkg/registry/rbac/validation/rule.go, VisitRulesFor;
/// plugin/pkg/auth/authorizer/rbac/rbac.go).
/// </summary>
public sealed class RbacPolicy
{
    /// <summary>The API group of roles and bindings.</summary>
    public const string Group = "rbac.authorization.k8s.io";

    /// <summary>The kinds that decide, in the order in which the constructor takes their objects.</summary>
    internal static readonly string[] Kinds = ["ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"];

    private readonly FrozenDictionary<string, ImmutableArray<PolicyRule>> _clusterRoles;
    private readonly FrozenDictionary<(string Namespace, string Name), ImmutableArray<PolicyRule>> _roles;
    private readonly ImmutableArray<JsonObject> _clusterBindings;
    private readonly ILookup<string, JsonObject> _bindings;

    /// <summary>Takes them as they are.</summary>
    /// <param name="clusterRoles">ClusterRoles.</param>
    /// <param name="roles">Roles of all namespaces.</param>
    /// <param name="clusterBindings">ClusterRoleBindings.</param>
    /// <param name="bindings">RoleBindings of all namespaces.</param>
    public RbacPolicy(IEnumerable<JsonObject> clusterRoles, IEnumerable<JsonObject> roles, IEnumerable<JsonObject> clusterBindings, IEnumerable<JsonObject> bindings)
    {
        _clusterRoles = clusterRoles.ToFrozenDictionary(NameOf, RulesOf, StringComparer.Ordinal);
        _roles = roles.ToFrozenDictionary(static each => (SpaceOf(each), NameOf(each)), RulesOf);
        _clusterBindings = [.. clusterBindings];
        _bindings = bindings.ToLookup(SpaceOf, StringComparer.Ordinal);
    }

    /// <summary>Whether a request is allowed, by the first binding that allows it.</summary>
    public AccessDecision Decide(AccessRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var errors = new List<string>();
        foreach (Grant grant in GrantsOf(request.User, request.Namespace))
        {
            if (grant.Error is not null)
                errors.Add(grant.Error);
            else if (grant.Rules.Any(rule => rule.Allows(request)))
                return new AccessDecision(true, "RBAC: allowed by " + grant.Why());
        }

        return new AccessDecision(false, errors.Count == 0 ? "" : "RBAC: " + Joined(errors));
    }

    /// <summary>What a user may do in a namespace and outside of all.</summary>
    public GrantedRules RulesOf(UserInfo user, string space)
    {
        Grant[] grants = [.. GrantsOf(user, space)];
        return new GrantedRules([.. grants.SelectMany(static each => each.Rules)], [.. grants.Select(static each => each.Error).OfType<string>()]);
    }

    /// <summary>The rules of the role that a binding names; null: there is none.</summary>
    /// <param name="reference">roleRef.</param>
    /// <param name="space">The binding's namespace.</param>
    public ImmutableArray<PolicyRule>? Find(JsonObject reference, string space) => reference.Text("kind") == "Role"
        ? _roles.TryGetValue((space, reference.Text("name")), out ImmutableArray<PolicyRule> role) ? role : null
        : _clusterRoles.TryGetValue(reference.Text("name"), out ImmutableArray<PolicyRule> clusterRole) ? clusterRole : null;

    /// <summary>Several errors as upstream's aggregate shows them.</summary>
    public static string Joined(IEnumerable<string> errors)
    {
        string[] all = [.. errors.Distinct(StringComparer.Ordinal)];
        return all.Length == 1 ? all[0] : $"[{string.Join(", ", all)}]";
    }

    private IEnumerable<Grant> GrantsOf(UserInfo user, string space)
    {
        foreach (JsonObject binding in _clusterBindings)
        {
            if (SubjectOf(binding, user, "") is { } subject)
                yield return GrantOf(binding, "", () => $"ClusterRoleBinding \"{NameOf(binding)}\" of {binding.Text("roleRef.kind")} \"{binding.Text("roleRef.name")}\" to {Describe(subject, "")}");
        }

        if (space.Length == 0)
            yield break;
        foreach (JsonObject binding in _bindings[space])
        {
            if (SubjectOf(binding, user, space) is { } subject)
                yield return GrantOf(binding, space, () => $"RoleBinding \"{NameOf(binding)}/{space}\" of {binding.Text("roleRef.kind")} \"{binding.Text("roleRef.name")}\" to {Describe(subject, space)}");
        }
    }

    private Grant GrantOf(JsonObject binding, string space, Func<string> why)
    {
        JsonObject reference = binding.Object("roleRef") ?? [];
        return Find(reference, space) is { } rules
            ? new Grant(rules, why, null)
            : new Grant([], why, $"{reference.Text("kind").ToLowerInvariant()}.{Group} \"{reference.Text("name")}\" not found");
    }

    private static JsonObject? SubjectOf(JsonObject binding, UserInfo user, string space) => binding.Objects("subjects").FirstOrDefault(subject => subject.Text("kind") switch
    {
        "User" => user.Name == subject.Text("name"),
        "Group" => user.Groups.Contains(subject.Text("name")),
        "ServiceAccount" => NamespaceOf(subject, space) is { Length: > 0 } own && user.Name == $"{TokenClaims.UserPrefix}{own}:{subject.Text("name")}",
        _ => false,
    });

    private static string Describe(JsonObject subject, string space) => subject.Text("kind") == "ServiceAccount"
        ? $"ServiceAccount \"{subject.Text("name")}/{NamespaceOf(subject, space)}\""
        : $"{subject.Text("kind")} \"{subject.Text("name")}\"";

    private static string NamespaceOf(JsonObject subject, string space) => subject.Text("namespace") is { Length: > 0 } own ? own : space;

    private static string NameOf(JsonObject doc) => doc.Text("metadata.name");

    private static string SpaceOf(JsonObject doc) => doc.Text("metadata.namespace");

    private static ImmutableArray<PolicyRule> RulesOf(JsonObject role) => [.. role.Objects("rules").Select(PolicyRule.Of)];

    private sealed record Grant(ImmutableArray<PolicyRule> Rules, Func<string> Why, string? Error);
}
