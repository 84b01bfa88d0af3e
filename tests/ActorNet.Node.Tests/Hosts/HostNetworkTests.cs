using ActorNet.Node.Actors;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>Pods with hostNetwork: their programs open their sockets among the node's.</summary>
public sealed class HostNetworkTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_has_the_nodes_address_and_devices_and_answers_there_to_other_nodes()
    {
        await using NodePair pair = await NodePair.StartAsync();
        PodInfo info = await pair.Right.RunPodAsync(Server("web"), Ct);
        Assert.Equal("192.168.56.12", info.Ip.ToString());
        string addresses = await NodePair.ExecAsync(pair.Right, "pod/web", "ip -br addr");
        Assert.Contains("192.168.56.12/24", addresses, StringComparison.Ordinal);
        Assert.Contains("cni0", addresses, StringComparison.Ordinal);
        Assert.Contains("flannel.1", addresses, StringComparison.Ordinal);
        Assert.Equal("n2", (await NodePair.ExecAsync(pair.Right, "pod/web", "hostname")).Trim());

        await LanTests.ReachAsync(pair, "192.168.56.12");
        // The server sees the node that asks by its own address: nothing stands between.
        await AnswersAsync(pair, "192.168.56.11:");
        Assert.Contains(":8080", await NodePair.ExecAsync(pair.Right, "node/n2", "ss -tln"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_end_closes_its_sockets_and_leaves_the_node_alone()
    {
        await using NodePair pair = await NodePair.StartAsync();
        for (int i = 0; i < 2; i++)
        {
            await pair.Right.RunPodAsync(Server($"web-{i}"), Ct);
            await AnswersAsync(pair, "192.168.56.11:");
            Assert.True(await pair.Right.DeletePodAsync($"web-{i}", TimeSpan.Zero, Ct));
            await NodePair.UntilAsync(
                async () => !(await NodePair.ExecAsync(pair.Right, "node/n2", "ss -tln")).Contains(":8080", StringComparison.Ordinal),
                () => "the port is free again");
        }

        await LanTests.ReachAsync(pair, "192.168.56.12");
    }

    [Fact]
    public async Task A_second_one_with_the_same_port_is_refused_as_the_kubelet_does()
    {
        await using NodePair pair = await NodePair.StartAsync();
        await pair.Right.RunPodAsync(Server("web"), Ct);
        NodeRefusedException refused = await Assert.ThrowsAsync<NodeRefusedException>(() => pair.Right.RunPodAsync(Server("other"), Ct));
        Assert.Contains("Predicate NodePorts failed", refused.Message, StringComparison.Ordinal);
    }

    private static Task AnswersAsync(NodePair pair, string client) => NodePair.UntilAsync(
        async () => await NodePair.TryExecAsync(pair.Left, "node/n1", "curl -s -m 5 http://192.168.56.12:8080/clientip") is (0, var output) && output.StartsWith(client, StringComparison.Ordinal),
        () => $"the server on 192.168.56.12:8080 answers {client}");

    // hostPort is what the API's defaults make of a containerPort with hostNetwork.
    private static V1Pod Server(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec
        {
            HostNetwork = true,
            Containers = [new V1Container { Name = "c", Image = "agnhost", Args = ["netexec"], Ports = [new V1ContainerPort { ContainerPort = 8080, HostPort = 8080 }] }],
        },
    };
}
