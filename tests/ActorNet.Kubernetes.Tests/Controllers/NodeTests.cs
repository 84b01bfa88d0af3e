using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Controllers;
using ActorNet.Kubernetes.Documents;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>Nodes, by upstream's range_allocator_test.go, node_lifecycle_controller_test.go, taint_eviction_test.go and gc_controller_test.go.</summary>
public sealed class NodeTests
{
    private static readonly ControllerOptions Lab = new(NodeTiming.Lab, Ipv4Prefix.Parse("10.244.0.0/22"));

    private static Task<V1Node> NodeAsync(TestCluster cluster, string name, string spec = "{}") =>
        cluster.CreateAsync<V1Node>("""{"metadata":{"name":"%N"},"spec":%S}""".Replace("%N", name, StringComparison.Ordinal).Replace("%S", spec, StringComparison.Ordinal));

    private static Task<V1Node> ReadyAsync(TestCluster cluster, string name, string status = "True") =>
        cluster.PatchAsync<V1Node>(name, """{"status":{"conditions":[{"type":"Ready","status":"%S","reason":"KubeletReady","message":"kubelet is posting ready status","lastHeartbeatTime":"%T","lastTransitionTime":"%T"}]}}""".Replace("%S", status, StringComparison.Ordinal).Replace("%T", ScalarReader.Time(cluster.Now), StringComparison.Ordinal), "status");

    private static async Task RenewAsync(TestCluster cluster, string name)
    {
        string time = ScalarReader.MicroTime(cluster.Now);
        if (await cluster.Client.FindAsync<V1Lease>("kube-node-lease", name) is null)
            await cluster.CreateAsync<V1Lease>("""{"metadata":{"name":"%N"},"spec":{"holderIdentity":"%N","leaseDurationSeconds":40,"renewTime":"%T"}}""".Replace("%N", name, StringComparison.Ordinal).Replace("%T", time, StringComparison.Ordinal), "kube-node-lease");
        else
            await cluster.PatchAsync<V1Lease>(name, """{"spec":{"renewTime":"%T"}}""".Replace("%T", time, StringComparison.Ordinal), space: "kube-node-lease");
    }

    private static async Task<TestCluster> LifecycleAsync(params string[] more)
    {
        TestCluster cluster = await TestCluster.NewAsync(Lab, ["node-controller", "taint-eviction-controller", .. more]);
        await cluster.CreateAsync<V1Namespace>("""{"metadata":{"name":"kube-node-lease"}}""");
        foreach (string node in new[] { "n1", "n2" })
        {
            await NodeAsync(cluster, node);
            await ReadyAsync(cluster, node);
            await RenewAsync(cluster, node);
        }

        await cluster.SettleAsync();
        return cluster;
    }

    private static async Task<string[]> TaintsAsync(TestCluster cluster, string node) =>
        [.. ((await cluster.GetAsync<V1Node>(node)).Spec.Taints ?? []).Select(taint => $"{taint.Key}:{taint.Effect}").Order(StringComparer.Ordinal)];

    // n2 goes on while n1 is silent.
    private static async Task PassAsync(TestCluster cluster, int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            await RenewAsync(cluster, "n2");
            await cluster.AdvanceAsync(1);
        }
    }

    [Fact]
    public async Task Nodes_get_blocks_in_order_and_keep_what_their_creator_gave()
    {
        TestCluster cluster = await TestCluster.NewAsync(Lab, "cidrAllocator");
        await NodeAsync(cluster, "given", """{"podCIDR":"10.244.1.0/24","podCIDRs":["10.244.1.0/24"]}""");
        await NodeAsync(cluster, "a");
        await NodeAsync(cluster, "b");
        await cluster.SettleAsync();
        Assert.Equal(("10.244.0.0/24", "10.244.2.0/24", "10.244.1.0/24"), ((await cluster.GetAsync<V1Node>("a")).Spec.PodCIDR, (await cluster.GetAsync<V1Node>("b")).Spec.PodCIDR, (await cluster.GetAsync<V1Node>("given")).Spec.PodCIDR));
        Assert.Equal(["10.244.0.0/24"], (await cluster.GetAsync<V1Node>("a")).Spec.PodCIDRs);
    }

    [Fact]
    public async Task An_overlap_is_told_and_a_Node_without_room_gets_it_when_another_goes()
    {
        TestCluster cluster = await TestCluster.NewAsync(Lab, "cidrAllocator");
        foreach (string node in new[] { "a", "b", "c", "d", "e" })
            await NodeAsync(cluster, node);
        await cluster.SettleAsync();
        Assert.Null((await cluster.GetAsync<V1Node>("e")).Spec.PodCIDR);
        Assert.Equal(["Node e status is now: CIDRNotAvailable"], await cluster.EventsAsync("e", "CIDRNotAvailable"));
        await NodeAsync(cluster, "clash", """{"podCIDR":"10.244.2.0/25","podCIDRs":["10.244.2.0/25"]}""");
        await cluster.SettleAsync();
        Assert.Contains("overlaps 10.244.2.0/24 of node c", Assert.Single(await cluster.EventsAsync("clash")), StringComparison.Ordinal);
        await cluster.Client.DeleteAsync<V1Node>("", "b");
        await cluster.SettleAsync();
        Assert.Equal("10.244.1.0/24", (await cluster.GetAsync<V1Node>("e")).Spec.PodCIDR);
    }

    [Fact]
    public async Task A_silent_Node_becomes_Unknown_is_tainted_and_its_pods_are_not_ready()
    {
        TestCluster cluster = await LifecycleAsync();
        Assert.Equal(["Node n1 event: Registered Node n1 in Controller"], await cluster.EventsAsync("n1"));
        V1Pod pod = await cluster.CreateAsync<V1Pod>("""{"metadata":{"name":"a"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i:1"}]}}""");
        await cluster.RunPodAsync(pod);
        await PassAsync(cluster, 5);
        Assert.Equal("True", (await cluster.GetAsync<V1Node>("n1")).Status.Conditions.Single(each => each.Type == "Ready").Status);
        await PassAsync(cluster, 2);
        V1Node silent = await cluster.GetAsync<V1Node>("n1");
        V1NodeCondition ready = silent.Status.Conditions.Single(each => each.Type == "Ready");
        Assert.Equal(("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), (ready.Status, ready.Reason, ready.Message));
        Assert.Equal("NodeStatusNeverUpdated", silent.Status.Conditions.Single(each => each.Type == "MemoryPressure").Reason);
        Assert.Equal(["node.kubernetes.io/unreachable:NoExecute", "node.kubernetes.io/unreachable:NoSchedule"], await TaintsAsync(cluster, "n1"));
        Assert.Empty(await TaintsAsync(cluster, "n2"));
        Assert.Equal("False", (await cluster.GetAsync<V1Pod>("a")).Status.Conditions.Single(each => each.Type == "Ready").Status);
        Assert.Equal(["Node n1 status is now: NodeNotReady"], await cluster.EventsAsync("n1", "NodeNotReady"));

        await RenewAsync(cluster, "n1");
        await ReadyAsync(cluster, "n1");
        await cluster.SettleAsync();
        Assert.Empty(await TaintsAsync(cluster, "n1"));
    }

    [Fact]
    public async Task Pods_leave_a_silent_Node_when_their_toleration_ends()
    {
        TestCluster cluster = await LifecycleAsync();
        const string Pod = """{"metadata":{"name":"%N"},"spec":{"nodeName":"n1",%T"containers":[{"name":"c","image":"i:1"}]}}""";
        await cluster.CreateAsync<V1Pod>(Pod.Replace("%N", "ten", StringComparison.Ordinal).Replace("%T", "\"tolerations\":[{\"key\":\"node.kubernetes.io/unreachable\",\"operator\":\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":10}],", StringComparison.Ordinal));
        await cluster.CreateAsync<V1Pod>(Pod.Replace("%N", "ever", StringComparison.Ordinal).Replace("%T", "\"tolerations\":[{\"operator\":\"Exists\"}],", StringComparison.Ordinal));
        await cluster.CreateAsync<V1Pod>(Pod.Replace("%N", "usual", StringComparison.Ordinal).Replace("%T", "", StringComparison.Ordinal));
        await PassAsync(cluster, 14);
        Assert.Null((await cluster.GetAsync<V1Pod>("ten")).Metadata.DeletionTimestamp);
        await PassAsync(cluster, 4);
        V1Pod gone = await cluster.GetAsync<V1Pod>("ten");
        Assert.NotNull(gone.Metadata.DeletionTimestamp);
        Assert.Equal(("True", "DeletionByTaintManager"), (gone.Status.Conditions.Single(each => each.Type == "DisruptionTarget").Status, gone.Status.Conditions.Single(each => each.Type == "DisruptionTarget").Reason));
        Assert.Equal(["Marking for deletion Pod default/ten"], await cluster.EventsAsync("ten", "TaintManagerEviction"));
        await PassAsync(cluster, 295);
        Assert.NotNull((await cluster.GetAsync<V1Pod>("usual")).Metadata.DeletionTimestamp);
        Assert.Null((await cluster.GetAsync<V1Pod>("ever")).Metadata.DeletionTimestamp);
    }

    [Fact]
    public async Task When_every_Node_is_silent_no_pod_is_driven_away()
    {
        TestCluster cluster = await LifecycleAsync();
        await cluster.AdvanceAsync(60);
        Assert.Equal("Unknown", (await cluster.GetAsync<V1Node>("n2")).Status.Conditions.Single(each => each.Type == "Ready").Status);
        string[] all = [.. await TaintsAsync(cluster, "n1"), .. await TaintsAsync(cluster, "n2")];
        // The one that was judged first still saw the other as ready.
        Assert.InRange(all.Count(taint => taint.EndsWith("NoExecute", StringComparison.Ordinal)), 0, 1);
        Assert.Equal(2, all.Count(taint => taint == "node.kubernetes.io/unreachable:NoSchedule"));
    }

    [Fact]
    public async Task A_cordoned_or_not_ready_Node_is_tainted_and_foreign_taints_stay()
    {
        TestCluster cluster = await LifecycleAsync();
        await cluster.PatchAsync<V1Node>("n1", """{"spec":{"unschedulable":true,"taints":[{"key":"mine","value":"x","effect":"NoExecute"}]}}""");
        await ReadyAsync(cluster, "n1", "False");
        await cluster.SettleAsync();
        Assert.Equal(["mine:NoExecute", "node.kubernetes.io/not-ready:NoExecute", "node.kubernetes.io/not-ready:NoSchedule", "node.kubernetes.io/unschedulable:NoSchedule"], await TaintsAsync(cluster, "n1"));
        await cluster.PatchAsync<V1Node>("n1", """{"spec":{"unschedulable":null}}""");
        await ReadyAsync(cluster, "n1");
        await cluster.SettleAsync();
        Assert.Equal(["mine:NoExecute"], await TaintsAsync(cluster, "n1"));
    }

    [Fact]
    public async Task Pods_of_a_Node_that_is_gone_are_ended_and_deleted_after_the_quarantine()
    {
        TestCluster cluster = await TestCluster.NewAsync("pod-garbage-collector");
        await NodeAsync(cluster, "n1");
        V1Pod pod = await cluster.CreateAsync<V1Pod>("""{"metadata":{"name":"a","finalizers":["example.com/see"]},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i:1"}]}}""");
        await cluster.RunPodAsync(pod);
        await cluster.AdvanceAsync(120);
        Assert.Equal("Running", (await cluster.GetAsync<V1Pod>("a")).Status.Phase);
        await cluster.Client.DeleteAsync<V1Node>("", "n1");
        await cluster.AdvanceAsync(50);
        Assert.Equal("Running", (await cluster.GetAsync<V1Pod>("a")).Status.Phase);
        await cluster.AdvanceAsync(40);
        V1Pod ended = await cluster.GetAsync<V1Pod>("a");
        Assert.Equal(("Failed", "DeletionByPodGC", true), (ended.Status.Phase, ended.Status.Conditions.Single(each => each.Type == "DisruptionTarget").Reason, ended.Metadata.DeletionTimestamp is not null));
        await cluster.PatchAsync<V1Pod>("a", """{"metadata":{"$deleteFromPrimitiveList/finalizers":["example.com/see"]}}""");
        Assert.Null(await cluster.FindAsync<V1Pod>("a"));
    }
}
