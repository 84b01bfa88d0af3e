using ActorNet.Kubernetes.Client;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>DaemonSets, by upstream's daemon_controller_test.go and update_test.go.</summary>
public sealed class DaemonSetTests
{
    private const string Set = """{"metadata":{"name":"agent"},"spec":{"selector":{"matchLabels":{"app":"agent"}},"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1}},"template":{"metadata":{"labels":{"app":"agent"}},"spec":{"nodeSelector":{"role":"worker"},"containers":[{"name":"c","image":"i:1"}]}}}}""";

    private static async Task<TestCluster> NewAsync(int nodes)
    {
        TestCluster cluster = await TestCluster.NewAsync("daemonset-controller", "default-scheduler");
        for (int i = 1; i <= nodes; i++)
            await NodeAsync(cluster, $"n{i}");
        return cluster;
    }

    private static async Task NodeAsync(TestCluster cluster, string name, string role = "worker", string spec = "{}")
    {
        await cluster.CreateAsync<V1Node>("""{"metadata":{"name":"%N","labels":{"role":"%R"}},"spec":%S}""".Replace("%N", name, StringComparison.Ordinal).Replace("%R", role, StringComparison.Ordinal).Replace("%S", spec, StringComparison.Ordinal));
        await cluster.PatchAsync<V1Node>(name, """{"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"110"}}}""", "status");
    }

    private static async Task<string[]> NodesAsync(TestCluster cluster) => [.. (await cluster.ListAsync<V1Pod>()).Where(pod => pod.Metadata.DeletionTimestamp is null).Select(pod => pod.Spec.NodeName).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Each_node_that_is_wanted_gets_one_pod_also_when_it_is_cordoned()
    {
        TestCluster cluster = await NewAsync(2);
        await NodeAsync(cluster, "other", role: "master");
        await NodeAsync(cluster, "cordoned", spec: """{"unschedulable":true,"taints":[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"}]}""");
        await NodeAsync(cluster, "tainted", spec: """{"taints":[{"key":"gpu","effect":"NoSchedule"}]}""");
        await cluster.CreateAsync<V1DaemonSet>(Set);
        await cluster.KubeletsAsync();
        Assert.Equal(["cordoned", "n1", "n2"], await NodesAsync(cluster));
        V1DaemonSetStatus status = (await cluster.GetAsync<V1DaemonSet>("agent")).Status;
        Assert.Equal((3, 3, 0, 3, 3, 3, null, 1L), (status.DesiredNumberScheduled, status.CurrentNumberScheduled, status.NumberMisscheduled, status.NumberReady, status.UpdatedNumberScheduled, status.NumberAvailable, status.NumberUnavailable, status.ObservedGeneration));
        await NodeAsync(cluster, "n3");
        await cluster.PatchAsync<V1Node>("n1", """{"metadata":{"labels":{"role":"master"}}}""");
        await cluster.KubeletsAsync();
        Assert.Equal(["cordoned", "n2", "n3"], await NodesAsync(cluster));
    }

    [Fact]
    public async Task A_pod_that_failed_is_replaced_and_a_taint_that_comes_later_drives_none_away()
    {
        TestCluster cluster = await NewAsync(1);
        await cluster.CreateAsync<V1DaemonSet>(Set);
        await cluster.KubeletsAsync();
        V1Pod first = Assert.Single(await cluster.ListAsync<V1Pod>());
        await cluster.PatchAsync<V1Node>("n1", """{"spec":{"taints":[{"key":"gpu","effect":"NoSchedule"}]}}""");
        await cluster.KubeletsAsync();
        Assert.Equal(first.Metadata.Name, Assert.Single(await cluster.ListAsync<V1Pod>()).Metadata.Name);
        await cluster.PatchAsync<V1Node>("n1", """{"spec":{"taints":null}}""");
        await cluster.RunPodAsync(first, ready: false, phase: "Failed");
        await cluster.KubeletsAsync();
        Assert.NotEqual(first.Metadata.Name, Assert.Single(await cluster.ListAsync<V1Pod>()).Metadata.Name);
        Assert.Equal([$"Found failed daemon pod default/{first.Metadata.Name} on node n1, will try to kill it"], await cluster.EventsAsync("agent", "FailedDaemonPod"));
    }

    [Fact]
    public async Task A_rolling_update_goes_node_by_node_and_leaves_its_history()
    {
        TestCluster cluster = await NewAsync(4);
        await cluster.CreateAsync<V1DaemonSet>(Set);
        await cluster.KubeletsAsync();
        cluster.AfterStep = async () => Assert.InRange((await cluster.ListAsync<V1Pod>()).Count(pod => pod.Metadata.DeletionTimestamp is null && pod.Status.Conditions?.Any(each => each is { Type: "Ready", Status: "True" }) == true), 3, 4);
        await cluster.PatchAsync<V1DaemonSet>("agent", """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i:2"}]}}}}""");
        await cluster.KubeletsAsync();
        Assert.All(await cluster.ListAsync<V1Pod>(), pod => Assert.Equal("i:2", pod.Spec.Containers[0].Image));
        Assert.Equal([1L, 2L], (await cluster.ListAsync<V1ControllerRevision>()).Select(each => each.Revision!.Value).Order());
        // kubectl rollout undo puts the data of a revision back.
        await cluster.PatchAsync<V1DaemonSet>("agent", """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}""");
        await cluster.KubeletsAsync();
        Assert.Equal([2L, 3L], (await cluster.ListAsync<V1ControllerRevision>()).Select(each => each.Revision!.Value).Order());
        Assert.Equal(4, (await cluster.GetAsync<V1DaemonSet>("agent")).Status.UpdatedNumberScheduled);
    }

    [Fact]
    public async Task On_delete_waits_for_somebody_to_delete_the_old_pod()
    {
        TestCluster cluster = await NewAsync(2);
        await cluster.CreateAsync<V1DaemonSet>(Set.Replace("\"RollingUpdate\",\"rollingUpdate\":{\"maxUnavailable\":1}", "\"OnDelete\"", StringComparison.Ordinal));
        await cluster.KubeletsAsync();
        await cluster.PatchAsync<V1DaemonSet>("agent", """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i:2"}]}}}}""");
        await cluster.KubeletsAsync();
        Assert.Null((await cluster.GetAsync<V1DaemonSet>("agent")).Status.UpdatedNumberScheduled);
        await cluster.Client.DeleteAsync<V1Pod>("default", (await cluster.ListAsync<V1Pod>())[0].Metadata.Name);
        await cluster.KubeletsAsync();
        Assert.Equal(1, (await cluster.GetAsync<V1DaemonSet>("agent")).Status.UpdatedNumberScheduled);
    }
}
