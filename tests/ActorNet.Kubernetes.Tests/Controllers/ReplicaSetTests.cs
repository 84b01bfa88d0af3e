using ActorNet.Kubernetes.Api;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>ReplicaSets, by upstream's pkg/controller/replicaset/replica_set_test.go and controller_utils_test.go.</summary>
public sealed class ReplicaSetTests
{
    internal const string Set = """{"metadata":{"name":"web"},"spec":{"replicas":3,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"nginx:1"}]}}}}""";

    private static Task<TestCluster> NewAsync() => TestCluster.NewAsync("replicaset-controller");

    [Fact]
    public async Task It_makes_the_pods_that_are_missing_and_names_itself_as_their_controller()
    {
        TestCluster cluster = await NewAsync();
        V1ReplicaSet set = await cluster.CreateAsync<V1ReplicaSet>(Set);
        await cluster.SettleAsync();
        IReadOnlyList<V1Pod> pods = await cluster.ListAsync<V1Pod>();
        Assert.Equal(3, pods.Count);
        Assert.All(pods, pod =>
        {
            V1OwnerReference owner = Assert.Single(pod.Metadata.OwnerReferences);
            Assert.Equal(("apps/v1", "ReplicaSet", "web", set.Metadata.Uid, true, true), (owner.ApiVersion, owner.Kind, owner.Name, owner.Uid, owner.Controller, owner.BlockOwnerDeletion));
            Assert.StartsWith("web-", pod.Metadata.Name, StringComparison.Ordinal);
        });
        Assert.Equal(pods.Select(pod => $"Created pod: {pod.Metadata.Name}").Order(), (await cluster.EventsAsync("web", "SuccessfulCreate")).Order());
        V1ReplicaSetStatus status = (await cluster.GetAsync<V1ReplicaSet>("web")).Status;
        Assert.Equal((3, 3, null, null, 1L), (status.Replicas, status.FullyLabeledReplicas, status.ReadyReplicas, status.AvailableReplicas, status.ObservedGeneration));
    }

    [Fact]
    public async Task A_cache_that_lags_does_not_make_it_create_twice()
    {
        // TestControllerBurstReplicas and expectations: nothing is done before the cache shows what was done.
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1ReplicaSet>(Set);
        await cluster.FeedAsync();
        cluster.Late.Add("Pod");
        await cluster.SettleAsync();
        Assert.Equal(3, (await cluster.ListAsync<V1Pod>()).Count);
        await cluster.PatchAsync<V1ReplicaSet>("web", """{"metadata":{"annotations":{"a":"b"}}}""");
        await cluster.SettleAsync();
        Assert.Equal(3, (await cluster.ListAsync<V1Pod>()).Count);
        await cluster.PatchAsync<V1ReplicaSet>("web", """{"spec":{"replicas":5}}""");
        cluster.Late.Clear();
        await cluster.SettleAsync();
        Assert.Equal(5, (await cluster.ListAsync<V1Pod>()).Count);
    }

    [Fact]
    public async Task Pods_that_ended_or_are_going_are_replaced()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1ReplicaSet>(Set);
        await cluster.KubeletsAsync();
        V1Pod[] pods = [.. await cluster.ListAsync<V1Pod>()];
        await cluster.RunPodAsync(pods[0], ready: false, phase: "Failed");
        await cluster.Client.BindAsync("default", pods[1].Metadata.Name, "n1");
        await cluster.Client.DeleteAsync(cluster.Client.Kinds.Of("", "Pod"), "default", pods[1].Metadata.Name, new DeleteOptions());
        await cluster.SettleAsync();
        IReadOnlyList<V1Pod> after = await cluster.ListAsync<V1Pod>();
        Assert.Equal(5, after.Count);
        Assert.Equal(3, after.Count(pod => pod.Metadata.DeletionTimestamp is null && pod.Status.Phase != "Failed"));
    }

    [Fact]
    public async Task Orphans_that_match_are_adopted_and_pods_that_no_longer_match_are_released()
    {
        TestCluster cluster = await NewAsync();
        V1Pod orphan = await cluster.CreateAsync<V1Pod>("""{"metadata":{"name":"lonely","labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}""");
        V1ReplicaSet set = await cluster.CreateAsync<V1ReplicaSet>(Set);
        await cluster.SettleAsync();
        Assert.Equal(3, (await cluster.ListAsync<V1Pod>()).Count);
        Assert.Equal(set.Metadata.Uid, Assert.Single((await cluster.GetAsync<V1Pod>("lonely")).Metadata.OwnerReferences).Uid);
        await cluster.PatchAsync<V1Pod>("lonely", """{"metadata":{"labels":{"app":"debug"}}}""");
        await cluster.SettleAsync();
        Assert.Null((await cluster.GetAsync<V1Pod>("lonely")).Metadata.OwnerReferences);
        Assert.Equal(4, (await cluster.ListAsync<V1Pod>()).Count);
        Assert.Equal(orphan.Metadata.Uid, (await cluster.GetAsync<V1Pod>("lonely")).Metadata.Uid);
    }

    [Theory]
    // TestActivePodsWithRanksFiltering and TestSortingActivePodsWithRanks (controller_utils_test.go): who goes first of two.
    [InlineData("""{"spec":{}}""", """{"spec":{"nodeName":"n1"}}""")]
    [InlineData("""{"spec":{"nodeName":"n1"},"status":{"phase":"Pending"}}""", """{"spec":{"nodeName":"n1"},"status":{"phase":"Running"}}""")]
    [InlineData("""{"spec":{"nodeName":"n1"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"}]}}""", """{"spec":{"nodeName":"n1"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""")]
    [InlineData("""{"metadata":{"annotations":{"controller.kubernetes.io/pod-deletion-cost":"-5"}},"spec":{"nodeName":"n1"},"status":{"phase":"Running"}}""", """{"spec":{"nodeName":"n1"},"status":{"phase":"Running"}}""")]
    [InlineData("""{"spec":{"nodeName":"n1"},"status":{"phase":"Running","containerStatuses":[{"name":"c","ready":false,"restartCount":4,"image":"i","imageID":""}]}}""", """{"spec":{"nodeName":"n1"},"status":{"phase":"Running","containerStatuses":[{"name":"c","ready":false,"restartCount":1,"image":"i","imageID":""}]}}""")]
    public async Task The_least_useful_pod_goes_first(string goes, string stays)
    {
        foreach (bool isSwapped in new[] { false, true })
        {
            TestCluster cluster = await NewAsync();
            V1ReplicaSet set = await cluster.CreateAsync<V1ReplicaSet>(Set.Replace("\"replicas\":3", "\"replicas\":2", StringComparison.Ordinal));
            string[] names = isSwapped ? ["b", "a"] : ["a", "b"];
            foreach ((string name, string json) in names.Zip(new[] { goes, stays }))
            {
                V1Pod pod = k8s.KubernetesJson.Deserialize<V1Pod>(json);
                V1PodStatus status = pod.Status;
                pod.Metadata ??= new V1ObjectMeta();
                pod.Metadata.Name = name;
                pod.Metadata.NamespaceProperty = "default";
                pod.Metadata.Labels = new Dictionary<string, string> { ["app"] = "web" };
                pod.Spec.Containers = [new V1Container { Name = "c", Image = "i:1" }];
                V1Pod made = await Kubernetes.Client.ApiClientModels.CreateAsync(cluster.Client, pod);
                if (status is not null)
                    await Kubernetes.Client.ApiClientModels.UpdateStatusAsync(cluster.Client, made with { Status = status });
            }

            await cluster.SettleAsync();
            await cluster.PatchAsync<V1ReplicaSet>("web", """{"spec":{"replicas":1}}""");
            await cluster.SettleAsync();
            Assert.Equal(names[1], Assert.Single(await cluster.ListAsync<V1Pod>(), pod => pod.Metadata.DeletionTimestamp is null).Metadata.Name);
        }
    }

    [Fact]
    public async Task Pods_become_available_when_they_were_ready_long_enough()
    {
        TestCluster cluster = await NewAsync();
        await cluster.CreateAsync<V1ReplicaSet>(Set.Replace("\"replicas\":3", "\"replicas\":3,\"minReadySeconds\":30", StringComparison.Ordinal));
        await cluster.KubeletsAsync();
        await cluster.AdvanceAsync(29);
        Assert.Equal((3, null), ((await cluster.GetAsync<V1ReplicaSet>("web")).Status.ReadyReplicas, (await cluster.GetAsync<V1ReplicaSet>("web")).Status.AvailableReplicas));
        await cluster.AdvanceAsync(1);
        Assert.Equal(3, (await cluster.GetAsync<V1ReplicaSet>("web")).Status.AvailableReplicas);
    }
}
