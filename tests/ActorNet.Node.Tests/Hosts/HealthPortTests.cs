using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ActorNet.Kubernetes.Edge;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Netstack;
using ActorNet.Node.Edge;
using ActorNet.Packets;
using ActorNet.Sockets;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>What load balancers and people ask kube-proxy over HTTP: from pods, from other nodes, and from outside through the edge.</summary>
public sealed class HealthPortTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_balancer_is_told_on_every_node_whether_it_has_endpoints_and_kube_proxy_says_how_it_is()
    {
        await using NodePair pair = await NodePair.StartAsync(change: static s => s with { KubeProxy = new KubeProxySettings { HealthzPort = KubeProxySettings.DefaultHealthzPort } });
        await NodePair.RunPodAsync(pair.Left, "client");
        string server = await NodePair.RunPodAsync(pair.Right, "server");
        await pair.ConnectAsync("pod/client", server);
        int port = FreePort("127.0.10.1", "127.0.10.2");
        await TellAsync(pair, Service("web", port), Slice("web", (server, "n2")));

        // From a pod, by the address of its own node and over the segment by the other's; any path.
        string there = await CurlAsync(pair, "pod/client", $"http://192.168.56.12:{port}/any/path", "200 OK");
        Assert.Contains("X-Load-Balancing-Endpoint-Weight: 1\r\n", there, StringComparison.Ordinal);
        Assert.Contains("X-Content-Type-Options: nosniff\r\n", there, StringComparison.Ordinal);
        Assert.EndsWith("{\n\t\"service\": {\n\t\t\"namespace\": \"default\",\n\t\t\"name\": \"web\"\n\t},\n\t\"localEndpoints\": 1,\n\t\"serviceProxyHealthy\": true\n}", there, StringComparison.Ordinal);
        Assert.Contains("\"localEndpoints\": 0,", await CurlAsync(pair, "pod/client", $"http://192.168.56.11:{port}/", "503 Service Unavailable"), StringComparison.Ordinal);
        Assert.Contains("\"nodeEligible\": true}", await CurlAsync(pair, "node/n1", "http://192.168.56.12:10256/healthz", "200 OK"), StringComparison.Ordinal);

        // From outside, through the edge.
        foreach ((NodeHost node, HttpStatusCode expected) in new[] { (pair.Left, HttpStatusCode.ServiceUnavailable), (pair.Right, HttpStatusCode.OK) })
        {
            Assert.Equal(expected, await AskAsync(node, EdgePortKind.HealthCheck, "/"));
            Assert.Equal(HttpStatusCode.OK, await AskAsync(node, EdgePortKind.ProxyHealth, "/livez"));
        }

        // A node that is to go: its proxy lives, and balancers are to leave it.
        pair.Left.SetServices(new ServiceChanges { Node = new V1Node { Metadata = new V1ObjectMeta { Name = "n1" }, Spec = new V1NodeSpec { Taints = [new V1Taint { Key = "ToBeDeletedByClusterAutoscaler", Effect = "NoSchedule" }] } } });
        await CurlAsync(pair, "pod/client", "http://192.168.56.11:10256/healthz", "503 Service Unavailable");
        await CurlAsync(pair, "pod/client", "http://192.168.56.11:10256/livez", "200 OK");

        // The port passes to another Service, and goes with it.
        await TellAsync(pair, Service("other", port), Slice("other"));
        Assert.Contains("\"name\": \"other\"", await CurlAsync(pair, "pod/client", $"http://192.168.56.12:{port}/", "503 Service Unavailable"), StringComparison.Ordinal);
        await TellAsync(pair, null, Slice("other"));
        await NodePair.UntilAsync(
            async () => (await NodePair.TryExecAsync(pair.Left, "pod/client", $"curl -sS --max-time 10 http://192.168.56.12:{port}/")).Exit == 7,
            () => "nobody listens any more");
    }

    [Fact]
    public async Task Rules_that_are_refused_are_tried_again_and_an_event_the_status_and_the_health_port_say_so()
    {
        await using NodePair pair = await NodePair.StartAsync(change: static s => s with { KubeProxy = new KubeProxySettings { HealthzPort = KubeProxySettings.DefaultHealthzPort, SyncPeriod = TimeSpan.FromSeconds(1) } });
        var events = new ConcurrentQueue<Corev1Event>();
        pair.Left.ListenToKubelet(report =>
        {
            if (report is EventRaised raised)
                events.Enqueue(raised.Event);
        });
        await TellAsync(pair, Service("web", 30500), Slice("web", ("10.244.1.9", "n1")));
        // A jump of somebody else's: the chain is in use, and cannot go with its Service.
        string rules = await NodePair.ExecAsync(pair.Left, "node/n1", "iptables-save -t nat");
        string chain = rules.Split('\n').Select(static l => l.Split(' ')[0]).First(static l => l.StartsWith(":KUBE-SVC-", StringComparison.Ordinal))[1..];
        await NodePair.ExecAsync(pair.Left, "node/n1", $"iptables -t nat -A OUTPUT -d 203.0.113.1 -j {chain}");
        pair.Left.SetServices(new ServiceChanges { IsWhole = true });
        await NodePair.UntilAsync(async () => (await pair.Left.KubeProxyStatusAsync(Ct)) is { LastError: not null, Failures: > 1 }, () => "it is tried again");
        Corev1Event said = events.First(static e => e.Reason == "FailedToSyncRules");
        Assert.Equal(("Node", "n1", "Warning", "kube-proxy"), (said.InvolvedObject.Kind, said.InvolvedObject.Name, said.Type, said.Source.Component));
        Assert.StartsWith("Sync failed, retrying after 1 s: exit status ", said.Message, StringComparison.Ordinal);
        // The same again is a count, not an event of its own.
        await NodePair.UntilAsync(() => Task.FromResult(events.Any(e => e.Reason == "FailedToSyncRules" && e.Metadata.Name == said.Metadata.Name && e.Count > 1)), () => "it is counted");
        await CurlAsync(pair, "node/n1", "http://127.0.0.1:10256/livez", "503 Service Unavailable");

        await NodePair.ExecAsync(pair.Left, "node/n1", $"iptables -t nat -D OUTPUT -d 203.0.113.1 -j {chain}");
        await NodePair.UntilAsync(async () => (await pair.Left.KubeProxyStatusAsync(Ct)).LastError is null, () => "the next try is taken");
        await CurlAsync(pair, "node/n1", "http://127.0.0.1:10256/livez", "200 OK");
        Assert.DoesNotContain(chain, await NodePair.ExecAsync(pair.Left, "node/n1", "iptables-save -t nat"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_table_of_connections_is_in_an_event_of_the_node()
    {
        await using NodePair pair = await NodePair.StartAsync(change: static s => s with { ConntrackMax = 3 });
        var events = new ConcurrentQueue<Corev1Event>();
        pair.Left.ListenToKubelet(report =>
        {
            if (report is EventRaised raised)
                events.Enqueue(raised.Event);
        });
        // Rules of table nat have connections followed.
        await TellAsync(pair, Service("web", 30500), Slice("web", ("10.244.1.9", "n1")));
        NodeNamespace node = await NodePair.FindAsync(pair.Left, "node/n1");
        (SocketResult result, TcpAcceptor? listening) = await TcpAcceptor.ListenAsync(node.Executor, new Ipv4Endpoint(Ipv4Address.Any, 7000));
        Assert.Equal(SocketResult.Ok, result);
        await using TcpAcceptor acceptor = listening!;
        // Connections that stand are not given up for new ones.
        using var ended = new CancellationTokenSource();
        Task<(SocketResult, TcpDuplexPipe?)>[] clients = [.. Enumerable.Range(0, 4).Select(_ => TcpConnector.ConnectAsync(node.Executor, new Ipv4Endpoint(Ipv4Address.Parse("192.168.56.11"), 7000), new TcpOptions(), null, ended.Token))];
        await NodePair.UntilAsync(() => Task.FromResult(events.Any(static e => e.Reason == "ConntrackFull")), () => "the table is full");
        Corev1Event said = events.First(static e => e.Reason == "ConntrackFull");
        Assert.Equal(("Node", "n1", "nf_conntrack: table full, dropping packet", "Warning"), (said.InvolvedObject.Kind, said.InvolvedObject.Name, said.Message, said.Type));
        await ended.CancelAsync();
        await Task.WhenAll(clients).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    private static async Task<string> CurlAsync(NodePair pair, string from, string url, string status)
    {
        string answer = "";
        await NodePair.UntilAsync(
            async () =>
            {
                (_, answer) = await NodePair.TryExecAsync(pair.Left, from, $"curl -sSi --max-time 10 {url}");
                return answer.StartsWith($"HTTP/1.1 {status}\r\n", StringComparison.Ordinal);
            },
            () => $"{from} hears {status} from {url}: {answer}");
        return answer;
    }

    private static async Task<HttpStatusCode> AskAsync(NodeHost node, EdgePortKind kind, string path)
    {
        EdgePortStatus open = (await node.EdgeAsync(Ct)).Ports.Single(p => p.Kind == kind);
        using var client = new HttpClient();
        using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://{open.Real}{path}"), Ct);
        return answer.StatusCode;
    }

    private static async Task TellAsync(NodePair pair, V1Service? service, V1EndpointSlice slice)
    {
        foreach (NodeHost node in new[] { pair.Left, pair.Right })
        {
            node.SetServices(new ServiceChanges
            {
                IsWhole = true,
                Services = service is null ? [] : [new($"default/{service.Metadata.Name}", service)],
                Slices = [new($"default/{slice.Metadata.Name}", slice)],
            });
            Assert.Null((await node.ServicesInForceAsync(Ct)).LastError);
        }
    }

    // One that is free on both nodes' machines; if it is taken meanwhile the edge says where it is.
    private static int FreePort(params string[] machines)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(machines[0]), 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static V1Service Service(string name, int health) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = $"uid-{name}" },
        Spec = new V1ServiceSpec
        {
            Type = "LoadBalancer",
            ClusterIP = "10.96.0.78",
            ExternalTrafficPolicy = "Local",
            HealthCheckNodePort = health,
            Ports = [new V1ServicePort { Port = 80, Protocol = "TCP" }],
        },
    };

    private static V1EndpointSlice Slice(string service, params (string Address, string Node)[] endpoints) => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta { Name = $"{service}-1", NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service } },
        Ports = [new Discoveryv1EndpointPort { Port = 8080, Protocol = "TCP" }],
        Endpoints = [.. endpoints.Select(static e => new V1Endpoint { Addresses = [e.Address], NodeName = e.Node, Conditions = new V1EndpointConditions { Ready = true } })],
    };
}
