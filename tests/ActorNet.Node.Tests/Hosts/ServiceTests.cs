using ActorNet.Kubernetes.Edge;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Node.Edge;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>Services on two nodes: kube-proxy's rules in force in each root namespace, and real requests through them.</summary>
public sealed class ServiceTests
{
    private const string ClusterIP = "10.96.0.77";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cluster_IP_leads_to_a_pod_on_another_node_and_back_to_the_pod_that_asks()
    {
        await using NodePair pair = await NodePair.StartAsync();
        string client = await NodePair.RunPodAsync(pair.Left, "client");
        string server = await NodePair.RunPodAsync(pair.Right, "server");
        await pair.ConnectAsync("pod/client", server);
        using var ended = new CancellationTokenSource();
        Task listening = ServeAsync(pair.Right, "pod/server", ended.Token);
        Task own = ServeAsync(pair.Left, "pod/client", ended.Token);

        await TellAsync(pair, Service(), Slice((server, "n2")));
        Assert.Equal("server", await CurlAsync(pair.Left, "pod/client"));
        Assert.Contains($"-A KUBE-SERVICES -d {ClusterIP}/32 -p tcp -m comment --comment \"default/web:http cluster IP\" -m tcp --dport 80 -j KUBE-SVC-", await NodePair.ExecAsync(pair.Left, "node/n1", "iptables-save -t nat"), StringComparison.Ordinal);
        Assert.Contains($"dst={ClusterIP} ", await NodePair.ExecAsync(pair.Left, "node/n1", "conntrack -L -p tcp"), StringComparison.Ordinal);

        // Hairpin: the pod reaches itself, and sees its gateway as the client.
        await TellAsync(pair, Service(), Slice((client, "n1")));
        Assert.Equal("client", await CurlAsync(pair.Left, "pod/client"));

        // Nobody behind it: told at once.
        await TellAsync(pair, Service(), Slice());
        (int exit, string output) = await NodePair.TryExecAsync(pair.Left, "pod/client", $"curl -sS --max-time 30 http://{ClusterIP}/hostname");
        Assert.True(exit == 7, $"{exit}: {output}");
        await ended.CancelAsync();
        await Task.WhenAll(listening, own);
    }

    [Fact]
    public async Task A_host_port_leads_to_its_pod_from_another_node_and_is_gone_with_it()
    {
        await using NodePair pair = await NodePair.StartAsync();
        await NodePair.RunPodAsync(pair.Left, "client");
        string server = await NodePair.RunPodAsync(pair.Right, "server", new V1ContainerPort { ContainerPort = 8080, HostPort = 9080, Protocol = "TCP" });
        await pair.ConnectAsync("pod/client", server);
        using var ended = new CancellationTokenSource();
        Task listening = ServeAsync(pair.Right, "pod/server", ended.Token);
        // n2's address; the pod of n1 goes there over the LAN between nodes.
        Assert.Equal("server", await CurlAsync(pair.Left, "pod/client", "192.168.56.12:9080"));
        // From its own node it is masqueraded, or the answer would pass the translation by.
        Assert.Equal("server", await CurlAsync(pair.Right, "pod/server", "192.168.56.12:9080"));
        Assert.Equal("server", await CurlAsync(pair.Right, "node/n2", "192.168.56.12:9080"));
        // And from outside by a real socket of the machine, where the pod sees the edge as its client.
        EdgePortStatus open = (await pair.Right.EdgeAsync(Ct)).Ports.Single(static p => p.Kind == EdgePortKind.HostPort);
        Assert.Equal(("default/server", "tcp 192.168.56.12:9080"), (open.Owner, open.Target));
        using var outside = new HttpClient();
        Assert.Equal("server", await outside.GetStringAsync(new Uri($"http://{open.Real}/hostname"), Ct));
        Assert.StartsWith("192.168.56.1:", await outside.GetStringAsync(new Uri($"http://{open.Real}/clientip"), Ct), StringComparison.Ordinal);

        // A node port of that number comes first, as kube-proxy's rules do; the pod is told in an Event.
        await TellAsync(pair, Service(nodePort: 9080), Slice(("10.244.1.99", "n1")));
        await NodePair.UntilAsync(async () => (await pair.Right.EdgeAsync(Ct)).Ports.Any(static p => p.Kind == EdgePortKind.NodePort), () => "the node port is open");
        EdgePortStatus[] both = [.. (await pair.Right.EdgeAsync(Ct)).Ports];
        Assert.Equal("hostPort 9080 of node n2 leads to Service default/web instead, which comes first; choose another port", both.Single(static p => p.Kind == EdgePortKind.HostPort).Note);
        await TellAsync(pair, Service(), Slice());
        await NodePair.UntilAsync(async () => (await pair.Right.EdgeAsync(Ct)).Ports.SingleOrDefault() is { Kind: EdgePortKind.HostPort, Real: not null }, () => "the pod has its port back");

        await ended.CancelAsync();
        await listening;
        await pair.Right.DeletePodAsync("server", TestContext.Current.CancellationToken);
        string rules = "";
        await NodePair.UntilAsync(
            async () => !(rules = await NodePair.ExecAsync(pair.Right, "node/n2", "iptables-save -t nat")).Contains("CNI-DN-", StringComparison.Ordinal),
            () => $"the rules of the pod's host port are gone:\n{rules}");
        Assert.Contains("-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT", rules, StringComparison.Ordinal);
        await NodePair.UntilAsync(async () => (await pair.Right.EdgeAsync(Ct)).Ports.IsEmpty, () => "its real socket is closed");
    }

    private static async Task<string> CurlAsync(NodeHost node, string pod, string to = ClusterIP)
    {
        string answer = "";
        await NodePair.UntilAsync(
            async () =>
            {
                (int exit, answer) = await NodePair.TryExecAsync(node, pod, $"curl -sS --max-time 10 http://{to}/hostname");
                return exit == 0;
            },
            () => $"{pod} reaches {to}: {answer}");
        return answer;
    }

    private static async Task ServeAsync(NodeHost node, string pod, CancellationToken ended)
    {
        NodeNamespace found = await NodePair.FindAsync(node, pod);
        await found.RunAsync(["agnhost", "netexec", "--http-port=8080", "--udp-port=8081"], TextReader.Null, TextWriter.Null, TextWriter.Null, ended);
    }

    private static async Task TellAsync(NodePair pair, V1Service service, V1EndpointSlice slice)
    {
        foreach (NodeHost node in new[] { pair.Left, pair.Right })
        {
            node.SetServices(new ServiceChanges { IsWhole = true, Services = [KeyValuePair.Create("default/web", (V1Service?)service)], Slices = [KeyValuePair.Create("default/web-1", (V1EndpointSlice?)slice)] });
            KubeProxyStatus status = await node.ServicesInForceAsync(TestContext.Current.CancellationToken);
            Assert.Null(status.LastError);
            Assert.Equal(1, status.Services);
        }
    }

    private static V1Service Service(int? nodePort = null) => new()
    {
        Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default" },
        Spec = new V1ServiceSpec { ClusterIP = ClusterIP, Ports = [new V1ServicePort { Name = "http", Port = 80, Protocol = "TCP", TargetPort = 8080, NodePort = nodePort }] },
    };

    private static V1EndpointSlice Slice(params (string Address, string Node)[] endpoints) => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta { Name = "web-1", NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" } },
        Ports = [new Discoveryv1EndpointPort { Name = "http", Port = 8080, Protocol = "TCP" }],
        Endpoints = [.. endpoints.Select(static e => new V1Endpoint { Addresses = [e.Address], NodeName = e.Node, Conditions = new V1EndpointConditions { Ready = true } })],
    };
}
