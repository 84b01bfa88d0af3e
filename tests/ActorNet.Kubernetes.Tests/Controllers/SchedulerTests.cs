using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Controllers;

/// <summary>The scheduler, by upstream's plugins' tests (tainttoleration, nodeaffinity, noderesources fit_test.go, nodeports) and framework/types_test.go for FitError's sentence.</summary>
public sealed class SchedulerTests
{
    private static Task<TestCluster> NewAsync() => TestCluster.NewAsync("default-scheduler");

    private static async Task NodeAsync(TestCluster cluster, string name, string spec = "{}", string labels = "{}", string cpu = "4", string memory = "8Gi", int pods = 110)
    {
        await cluster.CreateAsync<V1Node>("""{"metadata":{"name":"%N","labels":%L},"spec":%S}""".Replace("%N", name, StringComparison.Ordinal).Replace("%L", labels, StringComparison.Ordinal).Replace("%S", spec, StringComparison.Ordinal));
        await cluster.PatchAsync<V1Node>(name, """{"status":{"allocatable":{"cpu":"%C","memory":"%M","pods":"%P"}}}""".Replace("%C", cpu, StringComparison.Ordinal).Replace("%M", memory, StringComparison.Ordinal).Replace("%P", $"{pods}", StringComparison.Ordinal), "status");
    }

    private static Task<V1Pod> PodAsync(TestCluster cluster, string name, string spec = "", string container = "", string owner = "")
    {
        string owners = owner.Length == 0 ? "" : ",\"ownerReferences\"" + """:[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"%O","uid":"%O","controller":true}]""".Replace("%O", owner, StringComparison.Ordinal);
        return cluster.CreateAsync<V1Pod>("""{"metadata":{"name":"%N"%O},"spec":{%S"containers":[{"name":"c","image":"i:1"%C}]}}"""
            .Replace("%N", name, StringComparison.Ordinal).Replace("%O", owners, StringComparison.Ordinal).Replace("%S", spec, StringComparison.Ordinal).Replace("%C", container, StringComparison.Ordinal));
    }

    private static string Requests(string cpu, string memory = "100Mi") =>
        ",\"resources\":{\"requests\":{\"cpu\":\"%1\",\"memory\":\"%2\"}}".Replace("%1", cpu, StringComparison.Ordinal).Replace("%2", memory, StringComparison.Ordinal);

    [Fact]
    public async Task A_pod_gets_a_node_and_an_event_says_which()
    {
        TestCluster cluster = await NewAsync();
        await NodeAsync(cluster, "n1");
        await PodAsync(cluster, "a");
        await cluster.SettleAsync();
        V1Pod pod = await cluster.GetAsync<V1Pod>("a");
        Assert.Equal(("n1", "True"), (pod.Spec.NodeName, pod.Status.Conditions.Single(each => each.Type == "PodScheduled").Status));
        Assert.Equal(["Successfully assigned default/a to n1"], await cluster.EventsAsync("a", "Scheduled"));
    }

    [Fact]
    public async Task Pods_of_one_owner_spread_over_the_nodes()
    {
        TestCluster cluster = await NewAsync();
        foreach (string node in new[] { "n1", "n2", "n3" })
            await NodeAsync(cluster, node);
        for (int i = 0; i < 9; i++)
            await PodAsync(cluster, $"p{i}", owner: "set");
        await cluster.SettleAsync();
        Assert.Equal([3, 3, 3], (await cluster.ListAsync<V1Pod>()).GroupBy(pod => pod.Spec.NodeName).Select(group => group.Count()));
    }

    [Fact]
    public async Task The_node_with_the_most_room_is_chosen()
    {
        TestCluster cluster = await NewAsync();
        await NodeAsync(cluster, "small", cpu: "2", memory: "4Gi");
        await NodeAsync(cluster, "large", cpu: "16", memory: "32Gi");
        await PodAsync(cluster, "a", container: Requests("1", "2Gi"));
        await cluster.SettleAsync();
        Assert.Equal("large", (await cluster.GetAsync<V1Pod>("a")).Spec.NodeName);
    }

    [Fact]
    public async Task A_pod_that_fits_nowhere_is_told_why_node_by_node_and_comes_when_there_is_room()
    {
        TestCluster cluster = await NewAsync();
        await NodeAsync(cluster, "n1", cpu: "1");
        await NodeAsync(cluster, "n2", spec: """{"taints":[{"key":"gpu","value":"yes","effect":"NoSchedule"}]}""");
        await NodeAsync(cluster, "n3", spec: """{"unschedulable":true}""");
        await PodAsync(cluster, "a", container: Requests("2"));
        await cluster.SettleAsync();
        V1PodCondition condition = (await cluster.GetAsync<V1Pod>("a")).Status.Conditions.Single(each => each.Type == "PodScheduled");
        const string Why = "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {gpu: yes}, 1 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
        Assert.Equal(("False", "Unschedulable", Why), (condition.Status, condition.Reason, condition.Message));
        Assert.Equal([Why], await cluster.EventsAsync("a", "FailedScheduling"));
        await cluster.PatchAsync<V1Node>("n3", """{"spec":{"unschedulable":null}}""");
        await cluster.SettleAsync();
        Assert.Equal("n3", (await cluster.GetAsync<V1Pod>("a")).Spec.NodeName);
    }

    [Fact]
    public async Task Without_any_node_the_sentence_is_another()
    {
        TestCluster cluster = await NewAsync();
        await PodAsync(cluster, "a");
        await cluster.SettleAsync();
        Assert.Equal(["no nodes available to schedule pods"], await cluster.EventsAsync("a", "FailedScheduling"));
    }

    [Fact]
    public async Task A_node_takes_no_more_than_it_has()
    {
        TestCluster cluster = await NewAsync();
        await NodeAsync(cluster, "n1", cpu: "2", pods: 3);
        for (int i = 0; i < 3; i++)
            await PodAsync(cluster, $"big{i}", container: Requests("750m"));
        await PodAsync(cluster, "free1");
        await PodAsync(cluster, "free2");
        await cluster.SettleAsync();
        IReadOnlyList<V1Pod> pods = await cluster.ListAsync<V1Pod>();
        Assert.Equal(3, pods.Count(pod => pod.Spec.NodeName == "n1"));
        string[] told = [.. pods.Where(pod => pod.Spec.NodeName is null).Select(pod => pod.Status.Conditions.Single().Message)];
        Assert.Contains(told, message => message.StartsWith("0/1 nodes are available: 1 Too many pods", StringComparison.Ordinal) || message.StartsWith("0/1 nodes are available: 1 Insufficient cpu", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""
        "nodeSelector":{"disk":"ssd"},
        """, "n2")]
    [InlineData("""
        "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"disk","operator":"In","values":["ssd","nvme"]}]}]}}},
        """, "n2")]
    [InlineData("""
        "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"disk","operator":"DoesNotExist"},{"key":"cores","operator":"Gt","values":["8"]}]}]}}},
        """, "n3")]
    [InlineData("""
        "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":[{"key":"metadata.name","operator":"In","values":["n1"]}]}]}}},
        """, "n1")]
    [InlineData("""
        "tolerations":[{"key":"gpu","operator":"Exists"}],"nodeSelector":{"gpu":"yes"},
        """, "n4")]
    [InlineData("""
        "nodeSelector":{"gpu":"yes"},
        """, null)]
    [InlineData("""
        "schedulerName":"mine",
        """, null)]
    public async Task A_pod_goes_where_it_wants_to_and_may(string spec, string? expected)
    {
        TestCluster cluster = await NewAsync();
        await NodeAsync(cluster, "n1");
        await NodeAsync(cluster, "n2", labels: """{"disk":"ssd"}""");
        await NodeAsync(cluster, "n3", labels: """{"cores":"16"}""");
        await NodeAsync(cluster, "n4", labels: """{"gpu":"yes"}""", spec: """{"taints":[{"key":"gpu","effect":"NoExecute"}]}""");
        await PodAsync(cluster, "a", spec);
        await cluster.SettleAsync();
        Assert.Equal(expected, (await cluster.GetAsync<V1Pod>("a")).Spec.NodeName);
    }

    [Fact]
    public async Task Two_pods_with_one_host_port_do_not_share_a_node()
    {
        TestCluster cluster = await NewAsync();
        await NodeAsync(cluster, "n1");
        const string Port = ",\"ports\":[{\"containerPort\":80,\"hostPort\":8080}]";
        await PodAsync(cluster, "a", container: Port);
        await PodAsync(cluster, "b", container: Port);
        await cluster.SettleAsync();
        V1Pod stuck = Assert.Single(await cluster.ListAsync<V1Pod>(), pod => pod.Spec.NodeName is null);
        Assert.StartsWith("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.", stuck.Status.Conditions.Single().Message, StringComparison.Ordinal);
    }
}
