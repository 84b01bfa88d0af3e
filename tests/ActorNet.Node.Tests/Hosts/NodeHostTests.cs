using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Load;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

public sealed class NodeHostTests
{
    private const int Port = 9000;

    [Fact]
    public async Task A_command_runs_among_the_files_and_in_the_environment_of_the_container_that_is_named()
    {
        CancellationToken ct = TestContext.Current.CancellationToken;
        await using NodePair pair = await NodePair.StartAsync();
        var manifest = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = "two" },
            Spec = new V1PodSpec
            {
                Containers =
                [
                    new V1Container { Name = "main", Image = "pause", Env = [new V1EnvVar { Name = "WHO", Value = "first" }] },
                    new V1Container { Name = "side", Image = "busybox", Command = ["sh", "-c", "echo $WHO >/tmp/who; sleep infinity"], Env = [new V1EnvVar { Name = "WHO", Value = "second" }] },
                ],
            },
        };
        await pair.Left.RunPodAsync(manifest, ct);
        Assert.Equal((1, "first\n"), await ShAsync(null, "echo $WHO; test -e /tmp/who"));
        Assert.Equal((0, "second\nsecond\n"), await ShAsync("side", "echo $WHO; until test -s /tmp/who; do sleep 0.05; done; cat /tmp/who"));

        async Task<(int, string)> ShAsync(string? container, string script)
        {
            var output = new StringWriter();
            NodeNamespace found = (await pair.Left.FindAsync("pod/two", container, ct))!;
            int code = await found.RunAsync(["sh", "-c", script], TextReader.Null, output, output, ct);
            return (code, output.ToString());
        }
    }

    [Fact]
    public async Task Two_nodes_in_one_process_exchange_pings_and_drop_nothing()
    {
        await using NodePair pair = await NodePair.StartAsync();
        string a = await NodePair.RunPodAsync(pair.Left, "a");
        string b = await NodePair.RunPodAsync(pair.Right, "b");
        await pair.ConnectAsync("pod/a", b);
        Dictionary<string, long> before = await pair.DropsAsync();

        await (await EchoProbe.SendAsync(pair.Left, "pod/a", b, 100)).AnsweredAsync();
        await (await EchoProbe.SendAsync(pair.Right, "pod/b", a, 100)).AnsweredAsync();

        await pair.RestAsync();
        Assert.Equal(before, await pair.DropsAsync());
    }

    [Fact]
    public async Task The_254th_pod_is_refused_and_nothing_of_it_is_left()
    {
        await using NodePair pair = await NodePair.StartAsync();
        CancellationToken ct = TestContext.Current.CancellationToken;
        for (int i = 1; i <= 253; i++)
            Assert.Equal($"10.244.1.{i + 1}", await NodePair.RunPodAsync(pair.Left, $"p{i}"));

        NodeRefusedException refused = await Assert.ThrowsAsync<NodeRefusedException>(() => NodePair.RunPodAsync(pair.Left, "late"));
        Assert.Contains("pod late", refused.Message, StringComparison.Ordinal);
        Assert.Contains("10.244.1.0/24", refused.Message, StringComparison.Ordinal);
        Assert.Contains("253", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Remove pods", refused.Message, StringComparison.Ordinal);
        Assert.Equal(253, (await pair.Left.ListPodsAsync(ct)).Length);
        Assert.Null(await pair.Left.FindAsync("pod/late", ct));
        Assert.Equal(253, await PortsAsync(pair.Left));

        // The first and the last of the full node talk, and a freed address goes to the pod that was refused.
        await (await EchoProbe.SendAsync(pair.Left, "pod/p1", "10.244.1.254", 3)).AnsweredAsync();
        Assert.True(await pair.Left.DeletePodAsync("p100", ct));
        Assert.Equal("10.244.1.101", await NodePair.RunPodAsync(pair.Left, "late"));
        Assert.Equal(253, await PortsAsync(pair.Left));
        await pair.ConnectAsync("pod/p1", "10.244.1.101");
        await pair.RestAsync();
    }

    [Fact]
    public async Task A_pod_deleted_while_frames_are_in_flight_loses_them_counted()
    {
        await using NodePair pair = await NodePair.StartAsync();
        CancellationToken ct = TestContext.Current.CancellationToken;
        await NodePair.RunPodAsync(pair.Left, "a");
        string b = await NodePair.RunPodAsync(pair.Right, "b");
        string c = await NodePair.RunPodAsync(pair.Right, "c");
        await pair.ConnectAsync("pod/a", b);
        await pair.ConnectAsync("pod/a", c);
        await pair.RestAsync();
        Dictionary<string, long> before = await pair.DropsAsync();
        long lostBefore = pair.LostInKernel();
        var receiver = new UdpLoadReceiver(new Ipv4Endpoint(Ipv4Address.Any, Port));
        var sender = new UdpLoadSender(new Ipv4Endpoint(Ipv4Address.Parse(b), Port));
        (await NodePair.FindAsync(pair.Right, "pod/b")).Start(receiver);
        NodeNamespace from = await NodePair.FindAsync(pair.Left, "pod/a");
        from.Start(sender);
        await NodePair.UntilAsync(() => Task.FromResult(receiver.Datagrams > 1000), () => $"b received {receiver.Datagrams}");

        Assert.True(await pair.Right.DeletePodAsync("b", ct));
        // What is sent to nobody keeps the sender going: it is told nothing that would end it.
        long then = await from.RunAsync(_ => sender.Sent);
        await NodePair.UntilAsync(async () => await from.RunAsync(_ => sender.Sent) > then + 1000, () => "the sender goes on");
        long sent = await from.RunAsync(_ =>
        {
            sender.Stop();
            return sender.Sent;
        });

        // An address that nobody has is given up after three seconds; until then up to 101 packets wait for it.
        await pair.RestAsync();
        Dictionary<string, long> after = await pair.DropsAsync();
        // On a full machine the flood may be too much for the socket between the nodes, too.
        long kernel = pair.LostInKernel() - lostBefore;
        Assert.True(sent == receiver.Datagrams + Total(after) - Total(before) + kernel, Books(sent, receiver.Datagrams, kernel, before, after));
        await (await EchoProbe.SendAsync(pair.Left, "pod/a", c, 3)).AnsweredAsync();
    }

    [Fact]
    public async Task A_Node_that_went_takes_its_underlay_translation_along()
    {
        await using NodePair pair = await NodePair.StartAsync();
        string b = await NodePair.RunPodAsync(pair.Right, "b");
        await NodePair.RunPodAsync(pair.Left, "a");
        await pair.ConnectAsync("pod/a", b);

        pair.Left.SetNodes([pair.Nodes[0]]);
        await NodePair.UntilAsync(
            async () => !(await NodePair.ExecAsync(pair.Left, "node/n1", "bridge fdb show dev flannel.1")).Contains("02:00:00:00:01:02", StringComparison.Ordinal)
                && !(await NodePair.ExecAsync(pair.Left, "node/n1", "ip route")).Contains("10.244.2.0", StringComparison.Ordinal),
            () => "n1 forgets n2");
        // By hand, as an administrator of a Node that is not in the cluster any more: now its address means just that address.
        await NodePair.ExecAsync(pair.Left, "node/n1", "bridge fdb add 02:00:00:00:01:02 dev flannel.1 dst 192.168.56.12 self permanent");
        await NodePair.ExecAsync(pair.Left, "node/n1", "ip neigh add 10.244.2.0 lladdr 02:00:00:00:01:02 dev flannel.1 nud permanent");
        await NodePair.ExecAsync(pair.Left, "node/n1", "ip route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink");
        long before = pair.Left.UplinkCounters.Peers[pair.Right.LocalEndpoint].DatagramsSent;
        await NodePair.PingAsync(pair.Left, "pod/a", b, 1);

        var peers = pair.Left.UplinkCounters.Peers;
        Assert.Contains(peers, p => p.Key.ToString() == "192.168.56.12:8472");
        Assert.Equal(before, peers[pair.Right.LocalEndpoint].DatagramsSent);
    }

    private static long Total(Dictionary<string, long> drops) => drops.Values.Sum() - NodePair.ToldByKernel(drops);

    private static string Books(long sent, long received, long kernel, Dictionary<string, long> before, Dictionary<string, long> after) =>
        $"sent {sent}, received {received}, drops {Total(after) - Total(before)}, in the kernel {kernel}, missing {sent - received - Total(after) + Total(before) - kernel}:\n"
        + string.Join("\n", after.Select(d => $"{d.Key} {d.Value - before.GetValueOrDefault(d.Key)}"));

    private static async Task<int> PortsAsync(NodeHost node) =>
        (await NodePair.ExecAsync(node, $"node/{node.Settings!.Name}", "bridge link")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;
}
