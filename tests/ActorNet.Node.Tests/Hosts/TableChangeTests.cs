using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Netstack;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>
/// What the tools print is what forwards: in every table on a Service's path one thing is changed with the tools, its print and the packets' fate change
/// together, and when it is put back both are as before. What the fate has to be follows from the entry (a blackhole answers nobody, RFC 1812 5.2.7;
/// iptables-extensions(8); kube-proxy's reason for deleting UDP connections), not from what happened here.
/// </summary>
public sealed partial class TableChangeTests
{
    private const string ClusterIp = "10.96.0.80";
    private const string Flannel1 = "10.244.1.0";
    private const string Nobody = "nobody";
    private const int UdpClientPort = 41_000;
    private const int NodePort = 30_080;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_change_in_any_table_is_printed_and_obeyed_until_it_is_undone()
    {
        await using NodePair pair = await NodePair.StartAsync();
        string first = (await pair.Right.RunPodAsync(Server("first"), Ct)).Ip.ToString();
        string second = (await pair.Right.RunPodAsync(Server("second"), Ct)).Ip.ToString();
        string client = await NodePair.RunPodAsync(pair.Left, "client");
        foreach (NodeHost node in new[] { pair.Left, pair.Right })
        {
            node.SetServices(Services(first));
            await node.ServicesInForceAsync(Ct);
        }

        foreach (string server in new[] { first, second })
            await NodePair.UntilAsync(async () => await CurlAsync(pair, $"{server}:8080/clientip") == client, () => $"{server} answers");
        await NodePair.UntilAsync(async () => await CurlAsync(pair, $"{ClusterIp}:80/hostname") == "first", () => "the Service answers");

        string nat = await RunAsync(pair, "iptables-save -t nat"), fdb = await RunAsync(pair, "bridge fdb show dev flannel.1");
        Match backend = Backend().Match(nat);
        Assert.True(backend.Success, nat);
        string endpoint = backend.Groups[1].Value, rule = backend.Groups[2].Value;
        Match tunnel = Tunnel().Match(fdb);
        Assert.True(tunnel.Success, fdb);
        (string mac, string where) = (tunnel.Groups[1].Value, tunnel.Groups[2].Value);
        string service = $"{ClusterIp}:80/hostname", masquerade = "KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE --random-fully";

        Change[] table =
        [
            new("a rule that drops", "iptables-save -t filter", $"-d {first}/32 -p tcp -m tcp --dport 8080 -j DROP", IsThere: false,
                $"iptables -I FORWARD -d {first} -p tcp --dport 8080 -j DROP", $"iptables -D FORWARD -d {first} -p tcp --dport 8080 -j DROP", service, "first", Nobody),
            new("another backend in a DNAT rule", "iptables-save -t nat", $"--to-destination {second}:8080", IsThere: false,
                $"iptables -t nat -R {endpoint} 2 {rule} --to-destination {second}:8080", $"iptables -t nat -R {endpoint} 2 {rule} --to-destination {first}:8080", service, "first", "second"),
            new("no masquerading", "iptables-save -t nat", masquerade, IsThere: true,
                "iptables -t nat -D KUBE-POSTROUTING 3", $"iptables -t nat -A {masquerade}", $"192.168.56.11:{NodePort}/clientip", Flannel1, client),
            new("a tunnel's forwarding entry that is gone", "bridge fdb show dev flannel.1", mac, IsThere: true,
                $"bridge fdb del {mac} dev flannel.1 {where} self", $"bridge fdb replace {mac} dev flannel.1 {where} self permanent", service, "first", Nobody),
            new("a tunnel's forwarding entry that leads to nobody", "bridge fdb show dev flannel.1", $"{mac} dst 127.0.10.9", IsThere: false,
                $"bridge fdb replace {mac} dev flannel.1 dst 127.0.10.9 self permanent", $"bridge fdb replace {mac} dev flannel.1 {where} self permanent", service, "first", Nobody),
            new("a route that leads nowhere", "ip route", $"blackhole {first}", IsThere: false, $"ip route add blackhole {first}", $"ip route del blackhole {first}", service, "first", Nobody),
            new("a route that is gone", "ip route", "10.244.2.0/24 via 10.244.2.0 dev flannel.1", IsThere: true,
                "ip route del 10.244.2.0/24", "ip route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink", service, "first", Nobody),
            new("a neighbour with another's address", "ip neigh", "10.244.2.0 dev flannel.1 lladdr 02:00:00:00:99:99", IsThere: false,
                "ip neigh replace 10.244.2.0 lladdr 02:00:00:00:99:99 dev flannel.1 nud permanent", $"ip neigh replace 10.244.2.0 lladdr {mac} dev flannel.1 nud permanent", service, "first", Nobody),
        ];
        var wrong = new StringBuilder();
        foreach (Change change in table)
            await JudgeAsync(pair, change, wrong);
        Assert.True(wrong.Length == 0, wrong.ToString());

        await JudgeConnectionAsync(pair, first, second);
        await pair.RestAsync();
    }

    private static async Task JudgeAsync(NodePair pair, Change change, StringBuilder wrong)
    {
        await ExpectAsync("before", change.IsThere, change.Before);
        await RunAsync(pair, change.Do);
        await ExpectAsync("changed", !change.IsThere, change.After);
        await RunAsync(pair, change.Undo);
        await ExpectAsync("undone", change.IsThere, change.Before);

        async Task ExpectAsync(string when, bool isThere, string fate)
        {
            string printed = await RunAsync(pair, change.Show);
            if (printed.Contains(change.Text, StringComparison.Ordinal) != isThere)
                wrong.AppendLine(CultureInfo.InvariantCulture, $"{change.What}, {when}: \"{change.Text}\" is {(isThere ? "not " : "")}in what {change.Show} prints:\n{printed}");
            string met = await CurlAsync(pair, change.Probe, fate != Nobody);
            if (met != fate)
                wrong.AppendLine(CultureInfo.InvariantCulture, $"{change.What}, {when}: {change.Probe} was answered by {met}, {fate} was expected");
        }
    }

    // A UDP flow keeps its endpoint when the rules have changed, as long as conntrack has it: why kube-proxy deletes such connections (pkg/proxy/conntrack/cleanup.go).
    private static async Task JudgeConnectionAsync(NodePair pair, string first, string second)
    {
        (_, DatagramEndpoint? opened) = await DatagramEndpoint.OpenAsync((await NodePair.FindAsync(pair.Left, "pod/client")).Executor, new Ipv4Endpoint(Ipv4Address.Any, UdpClientPort));
        await using DatagramEndpoint socket = opened!;
        string list = $"conntrack -L -p udp --orig-port-src {UdpClientPort}";
        Assert.Equal("first", await AskAsync(socket));
        Assert.Contains($"src={first} ", await RunAsync(pair, list), StringComparison.Ordinal);

        pair.Left.SetServices(Services(second));
        await pair.Left.ServicesInForceAsync(Ct);
        // kube-proxy deletes it itself, for the endpoint serves no more.
        await NodePair.UntilAsync(async () => !(await RunAsync(pair, list)).Contains($"src={first} ", StringComparison.Ordinal), () => "the connection to the former endpoint is gone");
        Assert.Equal("second", await AskAsync(socket));

        Match backend = UdpBackend().Match(await RunAsync(pair, "iptables-save -t nat"));
        await RunAsync(pair, $"iptables -t nat -R {backend.Groups[1].Value} 2 {backend.Groups[2].Value} --to-destination {first}:8081");
        Assert.Equal("second", await AskAsync(socket));
        Assert.Contains($"src={second} ", await RunAsync(pair, list), StringComparison.Ordinal);
        await RunAsync(pair, $"conntrack -D -p udp --orig-port-src {UdpClientPort}");
        Assert.DoesNotContain($"src={second} ", await RunAsync(pair, list), StringComparison.Ordinal);
        Assert.Equal("first", await AskAsync(socket));
        Assert.Contains($"src={first} ", await RunAsync(pair, list), StringComparison.Ordinal);
    }

    private static async Task<string> AskAsync(DatagramEndpoint socket)
    {
        await socket.SendToAsync("hostname"u8.ToArray(), new Ipv4Endpoint(Ipv4Address.Parse(ClusterIp), 81));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(NodePair.Patience);
        return Encoding.ASCII.GetString((await socket.ReceiveAsync(patience.Token)).Data).Trim();
    }

    // By a shell, for comments are quoted.
    private static async Task<string> RunAsync(NodePair pair, string command)
    {
        var output = new StringWriter(CultureInfo.InvariantCulture);
        int exit = await (await NodePair.FindAsync(pair.Left, "node/n1")).RunAsync(["sh", "-c", command], TextReader.Null, output, output, Ct);
        Assert.True(exit == 0, $"{command}: exit code {exit}\n{output}");
        return output.ToString();
    }

    private static async Task<string> CurlAsync(NodePair pair, string url, bool isAnswered = true)
    {
        (int exit, string output) = await NodePair.TryExecAsync(pair.Left, "pod/client", $"curl -s -m {(isAnswered ? 60 : 1)} http://{url}");
        return exit != 0 ? Nobody : url.EndsWith("/clientip", StringComparison.Ordinal) ? output.Trim().Split(':')[0] : output.Trim();
    }

    private static ServiceChanges Services(string server)
    {
        var service = new V1Service
        {
            Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "web" },
            Spec = new V1ServiceSpec
            {
                Type = "NodePort",
                ClusterIP = ClusterIp,
                Ports = [new V1ServicePort { Name = "http", Port = 80, Protocol = "TCP", NodePort = NodePort }, new V1ServicePort { Name = "udp", Port = 81, Protocol = "UDP" }],
            },
        };
        var slice = new V1EndpointSlice
        {
            AddressType = "IPv4",
            Metadata = new V1ObjectMeta { Name = "web-1", NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = "web" } },
            Ports = [new Discoveryv1EndpointPort { Name = "http", Port = 8080, Protocol = "TCP" }, new Discoveryv1EndpointPort { Name = "udp", Port = 8081, Protocol = "UDP" }],
            Endpoints = [new V1Endpoint { Addresses = [server], NodeName = "n2", Conditions = new V1EndpointConditions { Ready = true, Serving = true } }],
        };
        return new ServiceChanges { IsWhole = true, Services = [KeyValuePair.Create("default/web", (V1Service?)service)], Slices = [KeyValuePair.Create("default/web-1", (V1EndpointSlice?)slice)] };
    }

    private static V1Pod Server(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "agnhost", Args = ["netexec"] }] },
    };

    [GeneratedRegex(@"-A (KUBE-SEP-\S+) (-p tcp .*-j DNAT) --to-destination")]
    private static partial Regex Backend();

    [GeneratedRegex(@"-A (KUBE-SEP-\S+) (-p udp .*-j DNAT) --to-destination")]
    private static partial Regex UdpBackend();

    [GeneratedRegex(@"^(\S+) (dst \S+(?: port \d+)?) .*self permanent", RegexOptions.Multiline)]
    private static partial Regex Tunnel();

    /// <summary>One change in one table of node n1.</summary>
    /// <param name="What">What is changed.</param>
    /// <param name="Show">The command that prints the table.</param>
    /// <param name="Text">What distinguishes the prints.</param>
    /// <param name="IsThere">Whether it is printed before the change (and not after it).</param>
    /// <param name="Do">The change.</param>
    /// <param name="Undo">What puts it back.</param>
    /// <param name="Probe">What pod client asks for.</param>
    /// <param name="Before">What it is answered before.</param>
    /// <param name="After">What it is answered after.</param>
    private sealed record Change(string What, string Show, string Text, bool IsThere, string Do, string Undo, string Probe, string Before, string After);
}
