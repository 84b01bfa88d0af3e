using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Authorization;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>ClusterRoles that are the sum of others (kubernetes pkg/controller/clusterroleaggregation; kubernetes.io, "Aggregated ClusterRoles").</summary>
public sealed class ClusterRoleAggregationTests
{
    /// <summary>kubernetes.io's example: a role with the label joins the sum, and leaves it.</summary>
    [Fact]
    public async Task A_sum_follows_the_roles_that_it_is_of()
    {
        TestCluster cluster = await TestCluster.NewAsync("clusterrole-aggregation-controller");
        await cluster.CreateAsync<V1ClusterRole>("""
            {"metadata":{"name":"monitoring"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"aggregate-to-monitoring":"true"}}]},"rules":[{"verbs":["delete"],"apiGroups":["*"],"resources":["*"]}]}
            """);
        await cluster.SettleAsync();
        Assert.Empty((await cluster.GetAsync<V1ClusterRole>("monitoring")).Rules ?? []);
        foreach (string name in new[] { "b", "a" })
            await cluster.CreateAsync<V1ClusterRole>($$$"""{"metadata":{"name":"{{{name}}}","labels":{"aggregate-to-monitoring":"true"}},"rules":[{"verbs":["get"],"apiGroups":[""],"resources":["{{{name}}}"]},{"verbs":["list"],"apiGroups":[""],"resources":["both"]}]}""");
        await cluster.SettleAsync();
        Assert.Equal(["a", "both", "b"], (await cluster.GetAsync<V1ClusterRole>("monitoring")).Rules.Select(static rule => rule.Resources.Single()));
        await cluster.PatchAsync<V1ClusterRole>("a", """{"metadata":{"labels":null}}""");
        await cluster.SettleAsync();
        Assert.Equal(["b", "both"], (await cluster.GetAsync<V1ClusterRole>("monitoring")).Rules.Select(static rule => rule.Resources.Single()));
    }

    /// <summary>What kubernetes.io says of the user-facing roles: view reads no Secrets and no roles, edit writes no roles, admin does.</summary>
    [Fact]
    public async Task The_roles_of_every_cluster_add_up_to_what_is_said_of_them()
    {
        TestCluster cluster = await TestCluster.NewAsync("clusterrole-aggregation-controller");
        foreach ((string kind, JsonObject document) in BootstrapPolicy.Objects())
        {
            if (kind == "ClusterRole")
                await cluster.CreateAsync<V1ClusterRole>(document.ToJsonString());
            else
                await cluster.CreateAsync<V1ClusterRoleBinding>(document.ToJsonString());
        }

        await cluster.SettleAsync();
        (string Role, string Verb, string Group, string Resource, bool Allowed)[] said =
        [
            ("view", "list", "", "pods", true), ("view", "list", "", "secrets", false), ("view", "create", "", "pods", false), ("view", "list", RbacPolicy.Group, "roles", false),
            ("edit", "list", "", "pods", true), ("edit", "list", "", "secrets", true), ("edit", "create", "apps", "deployments", true), ("edit", "create", RbacPolicy.Group, "roles", false),
            ("admin", "list", "", "pods", true), ("admin", "create", "apps", "deployments", true), ("admin", "create", RbacPolicy.Group, "roles", true), ("admin", "delete", "", "nodes", false),
        ];
        foreach ((string role, string verb, string group, string resource, bool allowed) in said)
        {
            IList<V1PolicyRule> rules = (await cluster.GetAsync<V1ClusterRole>(role)).Rules;
            Assert.True(rules.Any(rule => rule.Verbs.Contains(verb) && rule.ApiGroups.Contains(group) && rule.Resources.Contains(resource)) == allowed, $"{role} {verb} {resource}");
        }
    }
}
