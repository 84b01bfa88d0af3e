using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Controllers;
using ActorNet.Kubernetes.Errors;
using ActorNet.Packets;
using CsCheck;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>Garbage collection and namespaces, by upstream's test/integration/garbagecollector, garbagecollector_test.go and namespaced_resources_deleter_test.go.</summary>
public sealed class LifecycleTests
{
    private const string Deployment = """{"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}""";

    private static async Task<TestCluster> RolledOutAsync()
    {
        TestCluster cluster = await TestCluster.NewAsync("deployment-controller", "replicaset-controller", "generic-garbage-collector");
        await cluster.CreateAsync<V1Deployment>(Deployment);
        await cluster.KubeletsAsync();
        foreach (V1Pod pod in await cluster.ListAsync<V1Pod>())
            await cluster.Client.BindAsync("default", pod.Metadata.Name, "n1");
        await cluster.SettleAsync();
        return cluster;
    }

    private static Task<V1ConfigMap> MapAsync(TestCluster cluster, string name, V1ConfigMap? owner = null, bool blocks = true, string more = "") =>
        cluster.CreateAsync<V1ConfigMap>("""{"metadata":{"name":"%N"%M%O}}""".Replace("%N", name, StringComparison.Ordinal).Replace("%M", more, StringComparison.Ordinal).Replace("%O", owner is null ? "" : Owners(owner.Metadata.Name, owner.Metadata.Uid, blocks), StringComparison.Ordinal));

    private static string Owners(string name, string uid, bool blocks) =>
        ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"%N\",\"uid\":\"%U\",\"blockOwnerDeletion\":%B}]".Replace("%N", name, StringComparison.Ordinal).Replace("%U", uid, StringComparison.Ordinal).Replace("%B", blocks ? "true" : "false", StringComparison.Ordinal);

    [Fact]
    public async Task In_the_background_the_owner_goes_first_and_everything_below_it_after()
    {
        TestCluster cluster = await RolledOutAsync();
        await cluster.Client.DeleteAsync<V1Deployment>("default", "web", new DeleteOptions(PropagationPolicy: "Background"));
        Assert.Null(await cluster.FindAsync<V1Deployment>("web"));
        await cluster.KubeletsAsync();
        Assert.Empty(await cluster.ListAsync<V1ReplicaSet>());
        Assert.Empty(await cluster.ListAsync<V1Pod>());
    }

    [Fact]
    public async Task In_the_foreground_the_owner_goes_last()
    {
        TestCluster cluster = await RolledOutAsync();
        await cluster.Client.DeleteAsync<V1Deployment>("default", "web", new DeleteOptions(PropagationPolicy: "Foreground"));
        await cluster.SettleAsync();
        Assert.Equal(["foregroundDeletion"], (await cluster.GetAsync<V1Deployment>("web")).Metadata.Finalizers);
        Assert.All(await cluster.ListAsync<V1Pod>(), pod => Assert.NotNull(pod.Metadata.DeletionTimestamp));
        Assert.Single(await cluster.ListAsync<V1ReplicaSet>());
        await cluster.KubeletsAsync();
        Assert.Empty(await cluster.ListAsync<V1Pod>());
        Assert.Empty(await cluster.ListAsync<V1ReplicaSet>());
        Assert.Null(await cluster.FindAsync<V1Deployment>("web"));
    }

    [Fact]
    public async Task Orphans_stay_and_forget_their_owner()
    {
        TestCluster cluster = await RolledOutAsync();
        await cluster.Client.DeleteAsync<V1Deployment>("default", "web", new DeleteOptions(PropagationPolicy: "Orphan"));
        await cluster.KubeletsAsync();
        Assert.Null(await cluster.FindAsync<V1Deployment>("web"));
        Assert.Null(Assert.Single(await cluster.ListAsync<V1ReplicaSet>()).Metadata.OwnerReferences);
        Assert.Equal(2, (await cluster.ListAsync<V1Pod>()).Count);
    }

    [Fact]
    public async Task Who_has_another_owner_left_stays_and_who_does_not_block_does_not_keep_the_owner()
    {
        TestCluster cluster = await TestCluster.NewAsync("generic-garbage-collector");
        V1ConfigMap a = await MapAsync(cluster, "a"), b = await MapAsync(cluster, "b");
        await MapAsync(cluster, "both", a);
        await cluster.PatchAsync<V1ConfigMap>("both", "{\"metadata\":{" + Owners("b", b.Metadata.Uid, true)[1..] + "}}");
        V1ConfigMap lazy = await MapAsync(cluster, "lazy", b, blocks: false, more: ",\"finalizers\":[\"example.com/stay\"]");
        await cluster.SettleAsync();
        await cluster.Client.DeleteAsync<V1ConfigMap>("default", "a", new DeleteOptions(PropagationPolicy: "Background"));
        await cluster.SettleAsync();
        Assert.Equal(["b"], (await cluster.GetAsync<V1ConfigMap>("both")).Metadata.OwnerReferences.Select(owner => owner.Name));
        await cluster.Client.DeleteAsync<V1ConfigMap>("default", "b", new DeleteOptions(PropagationPolicy: "Foreground"));
        await cluster.SettleAsync();
        Assert.Equal(["lazy"], (await cluster.ListAsync<V1ConfigMap>()).Select(map => map.Metadata.Name));
        Assert.NotNull((await cluster.GetAsync<V1ConfigMap>("lazy")).Metadata.DeletionTimestamp);
        Assert.Equal(lazy.Metadata.Uid, (await cluster.GetAsync<V1ConfigMap>("lazy")).Metadata.Uid);
    }

    [Fact]
    public async Task An_owner_that_never_was_is_none_and_one_that_the_cache_does_not_know_yet_is_asked_for()
    {
        TestCluster cluster = await TestCluster.NewAsync("generic-garbage-collector");
        await cluster.FeedAsync();
        cluster.Late.Add("Secret");
        V1Secret owner = await cluster.CreateAsync<V1Secret>("""{"metadata":{"name":"s"}}""");
        await cluster.CreateAsync<V1ConfigMap>("{\"metadata\":{\"name\":\"kept\"" + Owners("s", owner.Metadata.Uid, true).Replace("\"kind\":\"ConfigMap\"", "\"kind\":\"Secret\"", StringComparison.Ordinal) + "}}");
        await cluster.CreateAsync<V1ConfigMap>("{\"metadata\":{\"name\":\"lost\"" + Owners("x", "no-such-uid", true) + "}}");
        await cluster.CreateAsync<V1ConfigMap>("{\"metadata\":{\"name\":\"foreign\"" + Owners("x", "no-such-uid", true).Replace("\"v1\"", "\"example.com/v1\"", StringComparison.Ordinal) + "}}");
        await cluster.SettleAsync();
        Assert.Equal(["foreign", "kept"], (await cluster.ListAsync<V1ConfigMap>()).Select(map => map.Metadata.Name));
    }

    [Fact]
    public async Task A_Namespace_goes_with_everything_in_it_and_waits_for_finalizers()
    {
        TestCluster cluster = await TestCluster.NewAsync("namespace-controller", "generic-garbage-collector", "deployment-controller", "replicaset-controller");
        await cluster.CreateAsync<V1Namespace>("""{"metadata":{"name":"team"}}""");
        await cluster.CreateAsync<V1Deployment>(Deployment, "team");
        await cluster.CreateAsync<V1Service>("""{"metadata":{"name":"web"},"spec":{"ports":[{"port":80}]}}""", "team");
        await cluster.CreateAsync<V1ConfigMap>("""{"metadata":{"name":"held","finalizers":["example.com/stay"]}}""", "team");
        await cluster.KubeletsAsync();
        Assert.NotEmpty(await cluster.ListAsync<Corev1Event>("team"));
        await cluster.Client.DeleteAsync<V1Namespace>("", "team");
        Assert.Equal("Terminating", (await cluster.GetAsync<V1Namespace>("team")).Status.Phase);
        await cluster.KubeletsAsync();
        V1NamespaceStatus status = (await cluster.GetAsync<V1Namespace>("team")).Status;
        Assert.Equal("Some resources are remaining: configmaps. has 1 resource instances", status.Conditions.Single(each => each.Type == "NamespaceContentRemaining").Message);
        Assert.Equal("Some content in the namespace has finalizers remaining: example.com/stay in 1 resource instances", status.Conditions.Single(each => each.Type == "NamespaceFinalizersRemaining").Message);
        ApiException refused = await Assert.ThrowsAsync<ApiException>(() => cluster.CreateAsync<V1ConfigMap>("""{"metadata":{"name":"new"}}""", "team"));
        Assert.Equal(403, refused.Code);
        await cluster.PatchAsync<V1ConfigMap>("held", """{"metadata":{"$deleteFromPrimitiveList/finalizers":["example.com/stay"]}}""", space: "team");
        await cluster.KubeletsAsync();
        Assert.Null(await cluster.FindAsync<V1Namespace>("team"));
        Assert.Empty(await cluster.ListAsync<Corev1Event>("team"));
        Assert.Empty(await cluster.ListAsync<V1Deployment>("team"));
    }

    [Fact]
    public async Task Each_Namespace_has_a_default_account_and_the_root_certificate()
    {
        TestCluster cluster = await TestCluster.NewAsync(new ControllerOptions(NodeTiming.Lab, Ipv4Prefix.Parse("10.244.0.0/16")) { RootCertificate = "PEM" }, "service-account-controller");
        await cluster.SettleAsync();
        Assert.Equal(["default", "other"], (await cluster.ListAsync<V1ServiceAccount>()).Select(account => account.Metadata.NamespaceProperty));
        Assert.Equal("PEM", (await cluster.GetAsync<V1ConfigMap>("kube-root-ca.crt", "other")).Data["ca.crt"]);
        await cluster.Client.DeleteAsync<V1ServiceAccount>("default", "default");
        await cluster.PatchAsync<V1ConfigMap>("kube-root-ca.crt", """{"data":{"ca.crt":"forged"}}""");
        await cluster.SettleAsync();
        Assert.NotNull(await cluster.FindAsync<V1ServiceAccount>("default"));
        Assert.Equal("PEM", (await cluster.GetAsync<V1ConfigMap>("kube-root-ca.crt")).Data["ca.crt"]);
    }

    [Fact]
    public async Task Events_are_counted_up_and_go_when_they_are_old()
    {
        TestCluster cluster = await TestCluster.NewAsync("event-expiry", "default-scheduler");
        await cluster.CreateAsync<V1Pod>("""{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i:1"}]}}""");
        await cluster.AdvanceAsync(5 * 60);
        Corev1Event told = Assert.Single(await cluster.ListAsync<Corev1Event>());
        Assert.Equal(("FailedScheduling", "default-scheduler", 2), (told.Reason, told.Source.Component, told.Count));
        await cluster.Client.DeleteAsync<V1Pod>("default", "a");
        await cluster.AdvanceAsync(55 * 60);
        Assert.Single(await cluster.ListAsync<Corev1Event>());
        await cluster.AdvanceAsync(10 * 60);
        Assert.Empty(await cluster.ListAsync<Corev1Event>());
    }

    [Fact]
    public async Task A_Namespace_does_not_go_over_what_a_cache_has_not_seen_yet()
    {
        TestCluster cluster = await TestCluster.NewAsync("namespace-controller");
        await cluster.CreateAsync<V1Namespace>("""{"metadata":{"name":"team"}}""");
        await cluster.SettleAsync();
        cluster.Late.Add("Secret");
        await cluster.CreateAsync<V1Secret>("""{"metadata":{"name":"s"}}""", "team");
        await cluster.Client.DeleteAsync<V1Namespace>("", "team");
        await cluster.AdvanceAsync(1);
        Assert.NotNull(await cluster.FindAsync<V1Namespace>("team"));
        cluster.Late.Clear();
        await cluster.AdvanceAsync(10);
        Assert.Null(await cluster.FindAsync<V1Secret>("s", "team"));
        Assert.Null(await cluster.FindAsync<V1Namespace>("team"));
    }

    private static readonly Gen<(int Owner, bool Blocks)[]> Links = Gen.Select(Gen.Int[0, 7], Gen.Bool).Array[0, 3];

    /// <summary>Of any graph of owners, whatever is deleted and however: what has an owner left stays, what has none left goes, and nothing else.</summary>
    [Fact]
    public async Task Of_any_graph_exactly_what_nobody_owns_any_more_goes() =>
        await Gen.Select(Links.Array[8], Gen.Select(Gen.Int[0, 7], Gen.OneOfConst("Background", "Foreground", "Orphan")).Array[1, 4], Gen.Bool).SampleAsync(
            async run =>
            {
                ((int Owner, bool Blocks)[][] links, (int Which, string Policy)[] deletions, bool isLate) = run;
                TestCluster cluster = await TestCluster.NewAsync("generic-garbage-collector");
                await cluster.FeedAsync();
                var owners = new Dictionary<string, HashSet<string>>();
                for (int i = 0; i < links.Length; i++)
                {
                    // An owner is one that was made before, so there are no rings.
                    var own = new List<string>();
                    foreach ((int owner, bool blocks) in links[i].Where(link => link.Owner < i).DistinctBy(link => link.Owner))
                        own.Add("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"m%I\",\"uid\":\"%U\",\"blockOwnerDeletion\":%B}".Replace("%I", $"{owner}", StringComparison.Ordinal).Replace("%U", (await cluster.GetAsync<V1ConfigMap>($"m{owner}")).Metadata.Uid, StringComparison.Ordinal).Replace("%B", blocks ? "true" : "false", StringComparison.Ordinal));
                    await cluster.CreateAsync<V1ConfigMap>("{\"metadata\":{\"name\":\"m%I\",\"ownerReferences\":[%O]}}".Replace("%I", $"{i}", StringComparison.Ordinal).Replace("%O", string.Join(',', own), StringComparison.Ordinal));
                    owners[$"m{i}"] = [.. links[i].Where(link => link.Owner < i).Select(link => $"m{link.Owner}")];
                }

                foreach ((int which, string policy) in deletions)
                {
                    string name = $"m{which}";
                    if (!isLate)
                        await cluster.SettleAsync();
                    if (!owners.ContainsKey(name) || await cluster.FindAsync<V1ConfigMap>(name) is null)
                        continue;
                    await cluster.Client.DeleteAsync<V1ConfigMap>("default", name, new DeleteOptions(PropagationPolicy: policy));
                    await cluster.SettleAsync();
                    Remove(owners, name, policy == "Orphan");
                }

                await cluster.AdvanceAsync(60);
                Assert.Equal(owners.Keys.Order(StringComparer.Ordinal), (await cluster.ListAsync<V1ConfigMap>()).Select(map => map.Metadata.Name));
            },
            iter: 40,
            threads: 1);

    // The model: a deletion takes along what it was the last owner of, unless that is orphaned.
    private static void Remove(Dictionary<string, HashSet<string>> owners, string name, bool orphans)
    {
        owners.Remove(name);
        foreach (string dependent in owners.Where(each => each.Value.Contains(name)).Select(each => each.Key).ToArray())
        {
            if (owners.TryGetValue(dependent, out HashSet<string>? left) && left.Remove(name) && left.Count == 0 && !orphans)
                Remove(owners, dependent, false);
        }
    }
}
