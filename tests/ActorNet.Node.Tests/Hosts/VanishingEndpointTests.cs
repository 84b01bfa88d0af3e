using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Sockets;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>
/// What becomes of flows that are under way when their endpoint goes, as with kube-proxy on Linux: UDP's next datagram goes to an endpoint that serves, for
/// kube-proxy deletes such connections (pkg/proxy/conntrack/cleanup.go CleanStaleEntries), TCP stays with its endpoint, for it deletes none of those; and what
/// becomes of rules that somebody empties.
/// </summary>
public sealed partial class VanishingEndpointTests
{
    private const string ClusterIp = "10.96.0.90", LeftNode = "192.168.56.11", RightNode = "192.168.56.12";
    private const int TcpNodePort = 30_090, UdpNodePort = 30_091;

    // By the ClusterIP, by a node port of the client's own node and by one of the endpoint's.
    private static readonly (string Address, int Tcp, int Udp)[] Doors = [(ClusterIp, 80, 81), (LeftNode, TcpNodePort, UdpNodePort), (RightNode, TcpNodePort, UdpNodePort)];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Datagrams_go_to_an_endpoint_that_serves_and_connections_stay_where_they_are()
    {
        await using NodePair pair = await NodePair.StartAsync();
        string first = (await pair.Right.RunPodAsync(Server("first"), Ct)).Ip.ToString();
        string second = (await pair.Right.RunPodAsync(Server("second"), Ct)).Ip.ToString();
        await NodePair.RunPodAsync(pair.Left, "client");
        await TellAsync(pair, first);
        await ReachesAsync(pair, $"{first}:8080", "first");
        await ReachesAsync(pair, $"{second}:8080", "second");
        INamespaceExecutor client = (await NodePair.FindAsync(pair.Left, "pod/client")).Executor;
        await using var datagrams = new Kept<DatagramEndpoint>();
        await using var toFirst = new Kept<TcpStream>();
        await using var toSecond = new Kept<TcpStream>();
        foreach ((string address, int tcp, int udp) in Doors)
        {
            await ReachesAsync(pair, $"{address}:{tcp}", "first");
            (_, DatagramEndpoint? socket) = await DatagramEndpoint.OpenAsync(client, new Ipv4Endpoint(Ipv4Address.Any, 0));
            datagrams.Add(socket!);
            Assert.Equal("first", await AskAsync(socket!, address, udp));
            TcpStream stream = await TcpConnector.OpenStreamAsync(client, new Ipv4Endpoint(Ipv4Address.Parse(address), (ushort)tcp), cancellationToken: Ct);
            toFirst.Add(stream);
            Assert.Equal("first", await AskAsync(stream));
        }

        // It serves no more, but lives.
        await TellAsync(pair, second);
        for (int i = 0; i < Doors.Length; i++)
        {
            Assert.Equal("second", await AskAsync(datagrams[i], Doors[i].Address, Doors[i].Udp));
            Assert.Equal("first", await AskAsync(toFirst[i]));
            TcpStream stream = await TcpConnector.OpenStreamAsync(client, new Ipv4Endpoint(Ipv4Address.Parse(Doors[i].Address), (ushort)Doors[i].Tcp), cancellationToken: Ct);
            toSecond.Add(stream);
            Assert.Equal("second", await AskAsync(stream));
        }

        // A pod that ends closes its connections, and their clients hear it.
        await TellAsync(pair, first);
        Assert.True(await pair.Right.DeletePodAsync("second", TimeSpan.Zero, Ct));
        for (int i = 0; i < Doors.Length; i++)
        {
            Assert.True(await EndsAsync(toSecond[i]));
            Assert.Equal("first", await AskAsync(datagrams[i], Doors[i].Address, Doors[i].Udp));
            Assert.Equal("first", await AskAsync(toFirst[i]));
        }

        // One that is cut off and gone says nothing; a connection to it waits as any whose peer is silent, and no new one is let in.
        await NodePair.ExecAsync(pair.Right, "pod/first", "ip link set eth0 down");
        Assert.True(await pair.Right.DeletePodAsync("first", TimeSpan.Zero, Ct));
        await TellAsync(pair);
        Task<string>[] unanswered = [.. toFirst.All.Select(AskAsync)];
        foreach ((string address, int tcp, _) in Doors)
        {
            (int exit, string output) = await NodePair.TryExecAsync(pair.Left, "pod/client", $"curl -sS -m 60 http://{address}:{tcp}/hostname");
            Assert.True(exit == 7, $"{address}: exit code {exit}: {output}");
        }

        Assert.Equal(2, Lines(await NodePair.ExecAsync(pair.Left, "node/n1", $"conntrack -L -p tcp --reply-src {first} --state ESTABLISHED")).Count(static l => l.Contains("[ASSURED]", StringComparison.Ordinal)));
        Assert.DoesNotContain(unanswered, static t => t.IsCompleted);
        // Who gives up closes the socket, and hears that.
        await toFirst.DisposeAsync();
        await Task.WhenAll(unanswered.Select(static t => t.ContinueWith(static _ => { }, TaskScheduler.Default)));
    }

    [Fact]
    public async Task Tables_that_somebody_empties_are_written_again_and_connections_do_not_notice()
    {
        // They look every 30 s, every minute, and flanneld every 5 s.
        await using NodePair pair = await NodePair.StartAsync(change: static s => s with
        {
            KubeProxy = s.KubeProxy with { SyncPeriod = TimeSpan.FromSeconds(1) },
            Kubelet = s.Kubelet with { CanaryPeriod = TimeSpan.FromSeconds(1) },
        });
        string server = (await pair.Right.RunPodAsync(Server("first"), Ct)).Ip.ToString();
        await NodePair.RunPodAsync(pair.Left, "client");
        await TellAsync(pair, server);
        await ReachesAsync(pair, $"{ClusterIp}:80", "first");
        INamespaceExecutor client = (await NodePair.FindAsync(pair.Left, "pod/client")).Executor;
        await using TcpStream stream = await TcpConnector.OpenStreamAsync(client, new Ipv4Endpoint(Ipv4Address.Parse(ClusterIp), 80), cancellationToken: Ct);
        Assert.Equal("first", await AskAsync(stream));
        string[] before = await RulesAsync(pair);
        Assert.Contains(before, static l => l.StartsWith("-A KUBE-SERVICES ", StringComparison.Ordinal));
        Assert.Contains(before, static l => l.StartsWith("-A FLANNEL-FWD ", StringComparison.Ordinal));
        Assert.Contains(before, static l => l.StartsWith(":KUBE-KUBELET-CANARY ", StringComparison.Ordinal));

        long full = (await pair.Left.KubeProxyStatusAsync(Ct)).FullSyncs;
        await EmptyAsync(pair, "nat", "filter", "mangle");
        Assert.Equal("first", await AskAsync(stream));
        await NodePair.UntilAsync(async () => (await RulesAsync(pair)).SequenceEqual(before), () => "every rule is there again");
        Assert.True((await pair.Left.KubeProxyStatusAsync(Ct)).FullSyncs > full);
        Assert.Equal("first", await AskAsync(stream));
        await ReachesAsync(pair, $"{ClusterIp}:80", "first");

        // A rule of flanneld's that is missing: all of them are written again, so that each stands in its place.
        string chain = await NodePair.ExecAsync(pair.Left, "node/n1", "iptables -t nat -S FLANNEL-POSTRTG");
        await NodePair.ExecAsync(pair.Left, "node/n1", "iptables -t nat -D FLANNEL-POSTRTG 2");
        await NodePair.UntilAsync(async () => await NodePair.ExecAsync(pair.Left, "node/n1", "iptables -t nat -S FLANNEL-POSTRTG") == chain, () => $"the chain is as it was:\n{chain}");
    }

    // As a firewall that loads its own rules does.
    private static async Task EmptyAsync(NodePair pair, params string[] tables)
    {
        var output = new StringWriter(CultureInfo.InvariantCulture);
        string rules = string.Concat(tables.Select(static t => $"*{t}\nCOMMIT\n"));
        int exit = await (await NodePair.FindAsync(pair.Left, "node/n1")).RunAsync(["iptables-restore"], new StringReader(rules), output, output, Ct);
        Assert.True(exit == 0, output.ToString());
    }

    // In any order: who comes first puts its jumps first. Without counters and the lines that name the time.
    private static async Task<string[]> RulesAsync(NodePair pair) =>
        [.. Lines(Counters().Replace(await NodePair.ExecAsync(pair.Left, "node/n1", "iptables-save"), "")).Where(static l => !l.StartsWith('#')).Order(StringComparer.Ordinal)];

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static async Task ReachesAsync(NodePair pair, string where, string name)
    {
        string answer = "";
        await NodePair.UntilAsync(
            async () => (answer = (await NodePair.TryExecAsync(pair.Left, "pod/client", $"curl -sS -m 10 http://{where}/hostname")).Output.Trim()) == name,
            () => $"{where} is answered by {name}: {answer}");
    }

    private static async Task TellAsync(NodePair pair, params string[] servers)
    {
        foreach (NodeHost node in new[] { pair.Left, pair.Right })
        {
            node.SetServices(Services(servers));
            Assert.Null((await node.ServicesInForceAsync(Ct)).LastError);
        }
    }

    private static async Task<string> AskAsync(DatagramEndpoint socket, string address, int port)
    {
        await socket.SendToAsync("hostname"u8.ToArray(), new Ipv4Endpoint(Ipv4Address.Parse(address), (ushort)port));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(NodePair.Patience);
        return Encoding.ASCII.GetString((await socket.ReceiveAsync(patience.Token)).Data).Trim();
    }

    // A request on a connection that stays open; who answered.
    private static async Task<string> AskAsync(TcpStream stream)
    {
        await stream.WriteAsync("GET /hostname HTTP/1.1\r\nHost: web\r\n\r\n"u8.ToArray(), Ct);
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (Answer().Match(text.ToString()) is var found)
        {
            if (found.Success)
                return found.Groups[1].Value;
            int read = await stream.ReadAsync(buffer, Ct).AsTask().WaitAsync(NodePair.Patience, Ct);
            Assert.True(read > 0, $"the connection ended: {text}");
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return "";
    }

    private static async Task<bool> EndsAsync(TcpStream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1], Ct).AsTask().WaitAsync(NodePair.Patience, Ct) == 0;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            return true;
        }
    }

    private static ServiceChanges Services(string[] servers)
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "web" },
            Spec = new V1ServiceSpec
            {
                Type = "NodePort",
                ClusterIP = ClusterIp,
                Ports = [new V1ServicePort { Name = "http", Port = 80, Protocol = "TCP", NodePort = TcpNodePort }, new V1ServicePort { Name = "udp", Port = 81, Protocol = "UDP", NodePort = UdpNodePort }],
            },
        };
        var slice = new V1EndpointSlice
        {
            AddressType = "IPv4",
            Metadata = new V1ObjectMeta { Name = "web-1", NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" } },
            Ports = [new Discoveryv1EndpointPort { Name = "http", Port = 8080, Protocol = "TCP" }, new Discoveryv1EndpointPort { Name = "udp", Port = 8081, Protocol = "UDP" }],
            Endpoints = [.. servers.Select(static s => new V1Endpoint { Addresses = [s], NodeName = "n2", Conditions = new V1EndpointConditions { Ready = true, Serving = true } })],
        };
        return new ServiceChanges { IsWhole = true, Services = [KeyValuePair.Create("default/web", (V1Service?)service)], Slices = [KeyValuePair.Create("default/web-1", (V1EndpointSlice?)slice)] };
    }

    private static V1Pod Server(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "agnhost", Args = ["netexec"] }] },
    };

    [GeneratedRegex(@"\r\n\r\n(?:[0-9a-f]+\r\n)?(first|second)")]
    private static partial Regex Answer();

    [GeneratedRegex(@" \[\d+:\d+\]")]
    private static partial Regex Counters();

    /// <summary>Disposes of what a test has opened.</summary>
    private sealed class Kept<T> : IAsyncDisposable
        where T : IAsyncDisposable
    {
        private readonly List<T> _all = [];

        internal IEnumerable<T> All => _all;

        internal T this[int index] => _all[index];

        internal void Add(T one) => _all.Add(one);

        public async ValueTask DisposeAsync()
        {
            foreach (T one in _all)
                await one.DisposeAsync();
            _all.Clear();
        }
    }
}
