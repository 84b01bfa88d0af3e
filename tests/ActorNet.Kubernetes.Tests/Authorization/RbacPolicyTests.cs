using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Authorization;
using ActorNet.Kubernetes.Kinds.Reviews;

namespace ActorNet.Kubernetes.Tests.Authorization;

/// <summary>
/// Upstream's cases: plugin/pkg/auth/authorizer/rbac/rbac_test.go (TestAuthorizer, TestRuleMatches), pkg/registry/rbac/validation/rule_test.go (TestAppliesTo),
/// component-helpers auth/rbac/validation/policy_comparator_test.go; the reasons are those of rbac.go and rule.go.
/// </summary>
public sealed class RbacPolicyTests
{
    [Fact]
    public void A_role_binding_counts_in_its_namespace_alone()
    {
        RbacPolicy policy = Policy(clusterRoles: [Role("admin", "", Rule("*", "*", "*"))], bindings: [Binding("admin", "ns1", "ClusterRole", "admin", "User:admin", "Group:admins")]);
        Assert.True(Allows(policy, "admin", "get", "pods", "ns1"));
        Assert.True(Allows(policy, "somebody", "delete", "secrets", "ns1", "admins"));
        Assert.False(Allows(policy, "somebody", "get", "pods", "ns1", "users"));
        Assert.False(Allows(policy, "admin", "get", "pods", "ns2"));
        Assert.False(Allows(policy, "admin", "get", "nodes", ""));
    }

    [Fact]
    public void A_cluster_role_binding_counts_everywhere()
    {
        RbacPolicy policy = Policy(clusterRoles: [Role("admin", "", Rule("*", "*", "*"))], clusterBindings: [Binding("all", "", "ClusterRole", "admin", "User:admin", "Group:admins")]);
        Assert.True(Allows(policy, "admin", "get", "pods", "ns1"));
        Assert.True(Allows(policy, "admin", "get", "nodes", ""));
        Assert.Equal(new AccessDecision(true, "RBAC: allowed by ClusterRoleBinding \"all\" of ClusterRole \"admin\" to User \"admin\""), policy.Decide(Request("admin", "get", "pods", "ns1")));
    }

    [Theory]
    [InlineData("jane", "get", "/apis", true)]
    [InlineData("jane", "post", "/apis", false)]
    [InlineData("jane", "get", "/apis/v1", false)]
    [InlineData("star", "get", "/apis/v1", true)]
    [InlineData("star", "get", "/apis", false)]
    [InlineData("star", "get", "/api", false)]
    [InlineData("any", "put", "/whatever", true)]
    public void Paths_that_are_no_resources(string user, string verb, string path, bool allowed)
    {
        RbacPolicy policy = Policy(
            clusterRoles: [Role("one", "", PathRule("get", "/apis")), Role("prefix", "", PathRule("get", "/apis/*")), Role("all", "", PathRule("*", "*"))],
            clusterBindings: [Binding("a", "", "ClusterRole", "one", "User:jane"), Binding("b", "", "ClusterRole", "prefix", "User:star"), Binding("c", "", "ClusterRole", "all", "User:any")]);
        AccessRequest request = new AccessRequest(User(user), verb) { Path = path };
        Assert.Equal(allowed, policy.Decide(request).IsAllowed);
        Assert.Equal($"User \"{user}\" cannot {verb} path \"{path}\"", request.Refusal);
    }

    [Theory]
    [InlineData("pods", "pods", "", true)]
    [InlineData("pods", "pods", "status", false)]
    [InlineData("pods/status", "pods", "status", true)]
    [InlineData("pods/status", "pods", "", false)]
    [InlineData("*/scale", "deployments", "scale", true)]
    [InlineData("*/scale", "deployments", "status", false)]
    [InlineData("*/scale", "deployments", "", false)]
    [InlineData("pods/*", "pods", "status", false)]
    [InlineData("*/*", "pods", "status", false)]
    [InlineData("*", "pods", "status", true)]
    public void Parts_of_resources(string rule, string resource, string part, bool allowed)
    {
        RbacPolicy policy = Policy(roles: [Role("r", "ns", Rule("get", "*", rule))], bindings: [Binding("b", "ns", "Role", "r", "User:u")]);
        Assert.Equal(allowed, policy.Decide(Request("u", "get", resource, "ns") with { Subresource = part }).IsAllowed);
    }

    [Fact]
    public void Names_of_objects_are_asked_for_where_a_rule_has_some()
    {
        var rule = new JsonObject { ["verbs"] = List("get"), ["apiGroups"] = List(""), ["resources"] = List("pods"), ["resourceNames"] = List("foo") };
        RbacPolicy policy = Policy(roles: [Role("r", "ns", rule)], bindings: [Binding("b", "ns", "Role", "r", "User:u")]);
        Assert.True(policy.Decide(Request("u", "get", "pods", "ns") with { Name = "foo" }).IsAllowed);
        Assert.False(policy.Decide(Request("u", "get", "pods", "ns") with { Name = "bar" }).IsAllowed);
        Assert.False(policy.Decide(Request("u", "get", "pods", "ns")).IsAllowed);
    }

    [Fact]
    public void Service_accounts_are_of_a_namespace_and_of_the_bindings_where_none_is_said()
    {
        RbacPolicy policy = Policy(roles: [Role("r", "ns", Rule("get", "", "pods"))], bindings: [Binding("b", "ns", "Role", "r", "ServiceAccount:other/sa", "ServiceAccount:/own")]);
        Assert.Equal(new AccessDecision(true, "RBAC: allowed by RoleBinding \"b/ns\" of Role \"r\" to ServiceAccount \"sa/other\""), policy.Decide(Request("system:serviceaccount:other:sa", "get", "pods", "ns")));
        Assert.Equal("RBAC: allowed by RoleBinding \"b/ns\" of Role \"r\" to ServiceAccount \"own/ns\"", policy.Decide(Request("system:serviceaccount:ns:own", "get", "pods", "ns")).Reason);
        Assert.False(Allows(policy, "system:serviceaccount:ns:sa", "get", "pods", "ns"));
        Assert.False(Allows(policy, "sa", "get", "pods", "ns"));
    }

    [Fact]
    public void A_role_that_is_not_there_is_said_where_nothing_else_allows()
    {
        RbacPolicy policy = Policy(
            clusterRoles: [Role("there", "", Rule("get", "", "pods"))],
            clusterBindings: [Binding("a", "", "ClusterRole", "gone", "User:u"), Binding("b", "", "ClusterRole", "there", "User:u")],
            bindings: [Binding("c", "ns", "Role", "gone", "User:u")]);
        Assert.True(Allows(policy, "u", "get", "pods", "ns"));
        Assert.Equal("RBAC: clusterrole.rbac.authorization.k8s.io \"gone\" not found", policy.Decide(Request("u", "list", "pods", "")).Reason);
        Assert.Equal("RBAC: [clusterrole.rbac.authorization.k8s.io \"gone\" not found, role.rbac.authorization.k8s.io \"gone\" not found]", policy.Decide(Request("u", "list", "pods", "ns")).Reason);
        Assert.Equal("", policy.Decide(Request("nobody", "list", "pods", "ns")).Reason);
    }

    [Theory]
    [InlineData("pods", "", "", "ns", "User \"u\" cannot list resource \"pods\" in API group \"\" in the namespace \"ns\"")]
    [InlineData("deployments", "scale", "apps", "ns", "User \"u\" cannot list resource \"deployments/scale\" in API group \"apps\" in the namespace \"ns\"")]
    [InlineData("nodes", "", "", "", "User \"u\" cannot list resource \"nodes\" in API group \"\" at the cluster scope")]
    public void A_refusal_says_who_what_and_where(string resource, string part, string group, string space, string refusal) =>
        Assert.Equal(refusal, new AccessRequest(User("u"), "list") { Group = group, Resource = resource, Subresource = part, Namespace = space }.Refusal);

    [Theory]
    [InlineData("get,list", "", "pods", "get", "", "pods", true)]
    [InlineData("*", "*", "*", "delete", "apps", "deployments", true)]
    [InlineData("get", "", "pods", "delete", "", "pods", false)]
    [InlineData("get", "apps", "pods", "get", "", "pods", false)]
    [InlineData("get", "", "pods", "get", "", "pods/status", false)]
    [InlineData("get", "", "*/status", "get", "", "pods/status", true)]
    [InlineData("get", "", "*/status", "get", "", "*/status", true)]
    [InlineData("get", "", "pods/status", "get", "", "*/status", false)]
    [InlineData("get", "", "*", "get", "", "*/status", true)]
    [InlineData("get", "", "pods", "get", "", "*", false)]
    [InlineData("get", "", "pods", "*", "", "pods", false)]
    public void A_rule_covers_another(string verbs, string group, string resource, string askedVerb, string askedGroup, string askedResource, bool covers) =>
        Assert.Equal(covers, PolicyRule.Of(Rule(verbs, group, resource)).Covers(PolicyRule.Of(Rule(askedVerb, askedGroup, askedResource))));

    [Theory]
    [InlineData("/apis", "/apis", true)]
    [InlineData("*", "/anything", true)]
    [InlineData("/apis/*", "/apis/v1/foo", true)]
    [InlineData("/apis/*", "/apis", false)]
    [InlineData("/*", "/apis", true)]
    [InlineData("/apis", "/api", false)]
    public void A_rule_of_paths_covers_another(string own, string asked, bool covers) =>
        Assert.Equal(covers, PolicyRule.Of(PathRule("get", own)).Covers(PolicyRule.Of(PathRule("get", asked))));

    [Fact]
    public void Every_rule_from_the_start_is_one_that_the_kinds_take_and_every_binding_names_a_role()
    {
        var objects = BootstrapPolicy.Objects();
        string[] roles = [.. objects.Where(static each => each.Kind == "ClusterRole").Select(static each => (string)each.Document["metadata"]!["name"]!)];
        Assert.Equal(roles.Length, roles.Distinct().Count());
        Assert.Superset(new HashSet<string> { "cluster-admin", "admin", "edit", "view", "system:basic-user", "system:discovery", "system:node" }, roles.ToHashSet());
        Assert.All(objects.Where(static each => each.Kind == "ClusterRoleBinding"), each => Assert.Contains((string)each.Document["roleRef"]!["name"]!, roles));
        var policy = new RbacPolicy(
            objects.Where(static each => each.Kind == "ClusterRole").Select(static each => each.Document), [], objects.Where(static each => each.Kind == "ClusterRoleBinding").Select(static each => each.Document), []);
        UserInfo user = User("u", "system:authenticated");
        Assert.True(policy.Decide(new AccessRequest(user, "create") { Group = "authorization.k8s.io", Resource = "selfsubjectaccessreviews" }).IsAllowed);
        Assert.True(policy.Decide(new AccessRequest(user, "get") { Path = "/apis/apps/v1" }).IsAllowed);
        Assert.False(policy.Decide(Request("u", "list", "pods", "default")).IsAllowed);
        Assert.True(policy.Decide(new AccessRequest(User("root", "system:masters"), "delete") { Resource = "nodes" }).IsAllowed);
    }

    internal static JsonObject Rule(string verbs, string group, string resource) => new() { ["verbs"] = List(verbs.Split(',')), ["apiGroups"] = List(group), ["resources"] = List(resource) };

    internal static JsonObject Role(string name, string space, params JsonObject[] rules) =>
        new() { ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = space }, ["rules"] = new JsonArray([.. rules]) };

    internal static JsonObject Binding(string name, string space, string kind, string role, params string[] subjects) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = space },
        ["roleRef"] = new JsonObject { ["apiGroup"] = RbacPolicy.Group, ["kind"] = kind, ["name"] = role },
        ["subjects"] = new JsonArray([.. subjects.Select(Subject)]),
    };

    private static JsonObject Subject(string text)
    {
        string kind = text[..text.IndexOf(':', StringComparison.Ordinal)], name = text[(kind.Length + 1)..];
        return kind == "ServiceAccount"
            ? new JsonObject { ["kind"] = kind, ["namespace"] = name.Split('/')[0], ["name"] = name.Split('/')[1] }
            : new JsonObject { ["kind"] = kind, ["name"] = name };
    }

    private static JsonObject PathRule(string verb, string path) => new() { ["verbs"] = List(verb), ["nonResourceURLs"] = List(path) };

    private static JsonArray List(params string[] texts) => [.. texts.Select(static text => JsonValue.Create(text))];

    private static RbacPolicy Policy(JsonObject[]? clusterRoles = null, JsonObject[]? roles = null, JsonObject[]? clusterBindings = null, JsonObject[]? bindings = null) =>
        new(clusterRoles ?? [], roles ?? [], clusterBindings ?? [], bindings ?? []);

    private static UserInfo User(string name, params string[] groups) => new(name, [.. groups]);

    private static AccessRequest Request(string user, string verb, string resource, string space, params string[] groups) =>
        new(User(user, groups), verb) { Resource = resource, Namespace = space };

    private static bool Allows(RbacPolicy policy, string user, string verb, string resource, string space, params string[] groups) =>
        policy.Decide(Request(user, verb, resource, space, groups)).IsAllowed;
}
