using ActorNet.Kubernetes.Client;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>StatefulSets, by upstream's stateful_set_control_test.go and stateful_set_utils_test.go.</summary>
public sealed class StatefulSetTests
{
    private static Task<TestCluster> NewAsync() => TestCluster.NewAsync("statefulset-controller");

    private static Task<V1StatefulSet> CreateAsync(TestCluster cluster, int replicas, string more = "") =>
        cluster.CreateAsync<V1StatefulSet>("""{"metadata":{"name":"db"},"spec":{"serviceName":"db","replicas":%R,%M"selector":{"matchLabels":{"app":"db"}},"template":{"metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}""".Replace("%R", $"{replicas}", StringComparison.Ordinal).Replace("%M", more, StringComparison.Ordinal));

    private static async Task<string[]> PodsAsync(TestCluster cluster) => [.. (await cluster.ListAsync<V1Pod>()).Select(pod => pod.Metadata.Name)];

    private static Task<V1StatefulSet> UpdateAsync(TestCluster cluster, string image = "i:2") =>
        cluster.PatchAsync<V1StatefulSet>("db", """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"%I"}]}}}}""".Replace("%I", image, StringComparison.Ordinal));

    private static async Task<string[]> ImagesAsync(TestCluster cluster) => [.. (await cluster.ListAsync<V1Pod>()).OrderBy(pod => pod.Metadata.Name, StringComparer.Ordinal).Select(pod => pod.Spec.Containers[0].Image)];

    private static async Task RunAsync(TestCluster cluster, string name) => await cluster.RunPodAsync(await cluster.GetAsync<V1Pod>(name));

    [Fact]
    public async Task Pods_come_in_order_each_when_the_one_before_is_ready()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, 3);
        await cluster.SettleAsync();
        Assert.Equal(["db-0"], await PodsAsync(cluster));
        await RunAsync(cluster, "db-0");
        await cluster.SettleAsync();
        Assert.Equal(["db-0", "db-1"], await PodsAsync(cluster));
        await cluster.KubeletsAsync();
        Assert.Equal(["db-0", "db-1", "db-2"], await PodsAsync(cluster));
        V1Pod pod = await cluster.GetAsync<V1Pod>("db-1");
        Assert.Equal(("db-1", "db", "db-1", "1"), (pod.Spec.Hostname, pod.Spec.Subdomain, pod.Metadata.Labels["statefulset.kubernetes.io/pod-name"], pod.Metadata.Labels["apps.kubernetes.io/pod-index"]));
        V1StatefulSetStatus status = (await cluster.GetAsync<V1StatefulSet>("db")).Status;
        Assert.Equal((3, 3, 3, 3, 3), (status.Replicas, status.ReadyReplicas, status.AvailableReplicas, status.CurrentReplicas, status.UpdatedReplicas));
        Assert.Equal((pod.Metadata.Labels["controller-revision-hash"], status.UpdateRevision), (status.CurrentRevision[3..], status.CurrentRevision));
        Assert.Contains("create Pod db-0 in StatefulSet db successful", await cluster.EventsAsync("db", "SuccessfulCreate"));
    }

    [Fact]
    public async Task Pods_go_from_the_last_one_by_one_and_come_back_under_their_names()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, 3);
        await cluster.KubeletsAsync();
        foreach (string name in await PodsAsync(cluster))
            await cluster.Client.BindAsync("default", name, "n1");
        await cluster.PatchAsync<V1StatefulSet>("db", """{"spec":{"replicas":1}}""");
        await cluster.SettleAsync();
        Assert.Equal(["db-2"], (await cluster.ListAsync<V1Pod>()).Where(pod => pod.Metadata.DeletionTimestamp is not null).Select(pod => pod.Metadata.Name));
        await cluster.KubeletsAsync();
        Assert.Equal(["db-0"], await PodsAsync(cluster));
        string uid = (await cluster.GetAsync<V1Pod>("db-0")).Metadata.Uid;
        await cluster.RunPodAsync(await cluster.GetAsync<V1Pod>("db-0"), ready: false, phase: "Failed");
        await cluster.KubeletsAsync();
        V1Pod again = await cluster.GetAsync<V1Pod>("db-0");
        Assert.NotEqual(uid, again.Metadata.Uid);
        Assert.Equal("Running", again.Status.Phase);
    }

    [Fact]
    public async Task In_parallel_all_come_and_go_at_once()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, 4, "\"podManagementPolicy\":\"Parallel\",\"ordinals\":{\"start\":5},");
        await cluster.SettleAsync();
        Assert.Equal(["db-5", "db-6", "db-7", "db-8"], await PodsAsync(cluster));
        await cluster.PatchAsync<V1StatefulSet>("db", """{"spec":{"replicas":1}}""");
        await cluster.SettleAsync();
        Assert.Equal(["db-5"], await PodsAsync(cluster));
    }

    [Fact]
    public async Task An_update_goes_from_the_last_to_the_first_and_stops_at_a_pod_that_does_not_work()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, 3);
        await cluster.KubeletsAsync();
        await UpdateAsync(cluster);
        await cluster.SettleAsync();
        Assert.Equal(["i:1", "i:1", "i:2"], await ImagesAsync(cluster));
        V1StatefulSetStatus rolling = (await cluster.GetAsync<V1StatefulSet>("db")).Status;
        Assert.Equal((2, 1, false), (rolling.CurrentReplicas, rolling.UpdatedReplicas, rolling.CurrentRevision == rolling.UpdateRevision));
        await cluster.RunPodAsync(await cluster.GetAsync<V1Pod>("db-2"), ready: false);
        await cluster.SettleAsync();
        Assert.Equal(["i:1", "i:1", "i:2"], await ImagesAsync(cluster));
        await RunAsync(cluster, "db-2");
        await cluster.KubeletsAsync();
        Assert.Equal(["i:2", "i:2", "i:2"], await ImagesAsync(cluster));
        V1StatefulSetStatus done = (await cluster.GetAsync<V1StatefulSet>("db")).Status;
        Assert.Equal((3, 3, done.UpdateRevision), (done.CurrentReplicas, done.UpdatedReplicas, done.CurrentRevision));
    }

    [Fact]
    public async Task Below_the_partition_pods_keep_the_template_that_they_have_also_when_they_come_again()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, 3, "\"updateStrategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"partition\":2}},");
        await cluster.KubeletsAsync();
        await UpdateAsync(cluster);
        await cluster.KubeletsAsync();
        Assert.Equal(["i:1", "i:1", "i:2"], await ImagesAsync(cluster));
        await cluster.Client.DeleteAsync<V1Pod>("default", "db-1");
        await cluster.KubeletsAsync();
        Assert.Equal(["i:1", "i:1", "i:2"], await ImagesAsync(cluster));
        await cluster.PatchAsync<V1StatefulSet>("db", """{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}""");
        await cluster.KubeletsAsync();
        Assert.Equal(["i:2", "i:2", "i:2"], await ImagesAsync(cluster));
    }

    [Fact]
    public async Task On_delete_replaces_only_what_somebody_deleted()
    {
        TestCluster cluster = await NewAsync();
        await CreateAsync(cluster, 2, "\"updateStrategy\":{\"type\":\"OnDelete\"},");
        await cluster.KubeletsAsync();
        await UpdateAsync(cluster);
        await cluster.KubeletsAsync();
        Assert.Equal(["i:1", "i:1"], await ImagesAsync(cluster));
    }
}
