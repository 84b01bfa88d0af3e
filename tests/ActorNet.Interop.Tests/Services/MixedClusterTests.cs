using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using ActorNet.Interop.Tests.Hosts;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Interop.Tests.Wire;

namespace ActorNet.Interop.Tests.Services;

/// <summary>
/// Real tools and the kernel beside emulated nodes: real curl, nc and dig in a kernel pod, on the kernel's node and outside, our tools in emulated pods, to
/// Services whose endpoints are on nodes of either kind. Who is seen as whom follows from https://kubernetes.io/docs/tutorials/services/source-ip/ and the
/// masquerading rules of flannel and kube-proxy: the address of the device that a masqueraded packet leaves by.
/// </summary>
public sealed class MixedClusterTests(MixedCluster cluster) : IClassFixture<MixedCluster>
{
    private const string Refused = "refused";
    private const string Silence = "silence";

    [Fact]
    public async Task Clients_in_the_kernel_and_outside_reach_services_of_either_kind_of_node()
    {
        await cluster.ReadyAsync();
        string own = $"{cluster.Kernel.VtepAddress}", ownBridge = cluster.Kernel.Gateway, pod = cluster.Client.Address;
        NetworkNamespace client = cluster.Client.Namespace, server = cluster.Server.Namespace, node = cluster.Kernel.Root, outside = cluster.Outside;
        (string Client, NetworkNamespace From, string To, string Expected)[] table =
        [
            ("a kernel pod, endpoint on an emulated node", client, $"{MixedCluster.Web}:80", pod),
            ("a kernel pod by its own node", client, $"{MixedCluster.N9}:{MixedCluster.WebPort}", own),
            ("a kernel pod by an emulated node without endpoint", client, $"{MixedCluster.N1}:{MixedCluster.WebPort}", cluster.OfFirst.Flannel),
            ("a kernel pod by the endpoint's node", client, $"{MixedCluster.N2}:{MixedCluster.WebPort}", cluster.OfSecond.Cni),
            ("a kernel pod, policy Local, by its own node: pods see every endpoint", client, $"{MixedCluster.N9}:{MixedCluster.WebLocalPort}", pod),
            ("a kernel pod, policy Local, by the endpoint's node", client, $"{MixedCluster.N2}:{MixedCluster.WebLocalPort}", MixedCluster.N9),
            ("a kernel pod, policy Local, by a node without endpoint", client, $"{MixedCluster.N1}:{MixedCluster.WebLocalPort}", Silence),
            ("a kernel pod, endpoint beside it", client, $"{MixedCluster.Kern}:80", pod),
            ("a kernel pod that reaches itself", server, $"{MixedCluster.Kern}:80", ownBridge),
            ("a kernel pod by its own node, endpoint beside it", client, $"{MixedCluster.N9}:{MixedCluster.KernPort}", ownBridge),
            ("a kernel pod by an emulated node, and back", client, $"{MixedCluster.N1}:{MixedCluster.KernPort}", cluster.OfFirst.Flannel),
            ("a kernel pod, no endpoint", client, $"{MixedCluster.None}:80", Refused),
            ("a kernel pod by an emulated node, no endpoint", client, $"{MixedCluster.N1}:{MixedCluster.NonePort}", Refused),
            ("the kernel's node", node, $"{MixedCluster.Web}:80", own),
            ("the kernel's node by itself", node, $"{MixedCluster.N9}:{MixedCluster.WebPort}", own),
            ("the kernel's node by an emulated node without endpoint", node, $"{MixedCluster.N1}:{MixedCluster.WebPort}", cluster.OfFirst.Flannel),
            ("the kernel's node by the endpoint's node", node, $"{MixedCluster.N2}:{MixedCluster.WebPort}", cluster.OfSecond.Cni),
            ("the kernel's node, policy Local, by the endpoint's node", node, $"{MixedCluster.N2}:{MixedCluster.WebLocalPort}", MixedCluster.N9),
            ("the kernel's node, policy Local, by a node without endpoint", node, $"{MixedCluster.N1}:{MixedCluster.WebLocalPort}", Silence),
            ("the kernel's node by an emulated node, no endpoint", node, $"{MixedCluster.N1}:{MixedCluster.NonePort}", Refused),
            ("outside by a node without endpoint", outside, $"{MixedCluster.Host1}:{MixedCluster.WebPort}", cluster.OfFirst.Flannel),
            ("outside by the endpoint's node", outside, $"{MixedCluster.Host2}:{MixedCluster.WebPort}", cluster.OfSecond.Cni),
            ("outside, policy Local, by the endpoint's node", outside, $"{MixedCluster.Host2}:{MixedCluster.WebLocalPort}", MixedCluster.ClientOutside),
            ("outside, policy Local, by a node without endpoint", outside, $"{MixedCluster.Host1}:{MixedCluster.WebLocalPort}", Silence),
            ("outside, endpoint on the kernel's node", outside, $"{MixedCluster.Host1}:{MixedCluster.KernPort}", cluster.OfFirst.Flannel),
            ("a kernel pod, host port of a pod of another node", client, $"{MixedCluster.N2}:{MixedCluster.HostPort}", MixedCluster.N9),
            ("the kernel's node, host port", node, $"{MixedCluster.N2}:{MixedCluster.HostPort}", MixedCluster.N9),
            ("outside, host port: portmap leaves its client as it is", outside, $"{MixedCluster.Host2}:{MixedCluster.HostPort}", MixedCluster.ClientOutside),
            ("outside, host port of a node without that pod", outside, $"{MixedCluster.Host1}:{MixedCluster.HostPort}", Refused),
            ("outside, no endpoint", outside, $"{MixedCluster.Host1}:{MixedCluster.NonePort}", Refused),
        ];
        var wrong = new List<string>();
        await Parallel.ForEachAsync(table, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (row, _) =>
        {
            string tcp = await SeenByCurlAsync(row.From, row.To, row.Expected != Silence), udp = await SeenByUdpAsync(row.From, row.To, row.Expected != Silence);
            lock (wrong)
            {
                if (tcp != row.Expected)
                    wrong.Add($"{row.Client}: curl of {row.To}: {tcp}, {row.Expected} was expected");
                if (udp != row.Expected)
                    wrong.Add($"{row.Client}: UDP to {row.To}: {udp}, {row.Expected} was expected");
            }
        });
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task Emulated_pods_reach_services_of_either_kind_of_node()
    {
        await cluster.ReadyAsync();
        (HostProcess Host, string Pod, (string To, string Expected)[] Rows)[] table =
        [
            (cluster.First, "far",
            [
                ($"{MixedCluster.Kern}:80", cluster.Pods.Far), ($"{MixedCluster.N1}:{MixedCluster.KernPort}", cluster.OfFirst.Flannel), ($"{MixedCluster.N9}:{MixedCluster.KernPort}", cluster.Kernel.Gateway),
                ($"{MixedCluster.N9}:{MixedCluster.KernLocalPort}", MixedCluster.N1), ($"{MixedCluster.N1}:{MixedCluster.KernLocalPort}", cluster.Pods.Far), ($"{MixedCluster.N9}:{MixedCluster.WebPort}", cluster.Kernel.VtepAddress),
                ($"{MixedCluster.N9}:{MixedCluster.WebLocalPort}", Silence), ($"{MixedCluster.N9}:{MixedCluster.NonePort}", Refused), ($"{MixedCluster.None}:80", Refused), ($"{MixedCluster.Web}:80", cluster.Pods.Far),
            ]),
            (cluster.Second, "near", [($"{MixedCluster.N2}:{MixedCluster.HostPort}", cluster.OfSecond.Cni), ($"{MixedCluster.Web}:80", cluster.Pods.Near), ($"{MixedCluster.N9}:{MixedCluster.WebLocalPort}", Silence), ($"{MixedCluster.N9}:{MixedCluster.WebPort}", cluster.Kernel.VtepAddress)]),
            (cluster.Second, "web", [($"{MixedCluster.Web}:80", cluster.OfSecond.Cni), ($"{MixedCluster.N2}:{MixedCluster.HostPort}", cluster.OfSecond.Cni)]),
        ];
        var wrong = new List<string>();
        foreach ((HostProcess host, string pod, (string To, string Expected)[] rows) in table)
        {
            string script = string.Join("; ", rows.Select(static r => $"curl -s -m {(r.Expected == Silence ? 2 : 60)} http://{r.To}/clientip; echo \" $?\""));
            string[] answers = (await host.ExecAsync($"pod/{pod}", "sh", "-c", script)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(rows.Length, answers.Length);
            foreach (((string to, string expected), string answer) in rows.Zip(answers))
            {
                string[] words = answer.Split(' ');
                string seen = FateOf(int.Parse(words[1], CultureInfo.InvariantCulture), words[0]);
                if (seen != expected)
                    wrong.Add($"pod {pod} to {to}: {seen}, {expected} was expected");
            }
        }

        foreach ((string to, int port, string expected) in new[] { (MixedCluster.Kern, 80, cluster.Pods.Far), (MixedCluster.N9, MixedCluster.KernPort, cluster.Kernel.Gateway), (MixedCluster.N9, MixedCluster.KernLocalPort, MixedCluster.N1) })
        {
            string seen = (await cluster.First.AskUdpAsync("far", to, port, "clientip")).Split(':')[0];
            if (seen != expected)
                wrong.Add($"pod far to {to}:{port}, UDP: {seen}, {expected} was expected");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public async Task Real_dig_in_a_kernel_pod_is_answered_by_the_emulated_coredns()
    {
        await cluster.ReadyAsync();
        foreach (string transport in new[] { "+notcp", "+tcp" })
        {
            Assert.Equal($"{MixedCluster.Web}\n", await DigAsync(transport, "web.default.svc.cluster.local", "A"));
            Assert.Equal("0 100 80 web.default.svc.cluster.local.\n", await DigAsync(transport, "_http._tcp.web.default.svc.cluster.local", "SRV"));
            Assert.Equal("web.default.svc.cluster.local.\n", await DigAsync(transport, "80.0.96.10.in-addr.arpa", "PTR"));
        }

        string none = (await cluster.Client.Namespace.ExecAsync("dig", "@10.96.0.10", "+time=20", "nosuch.default.svc.cluster.local")).Output;
        Assert.Contains("status: NXDOMAIN", none, StringComparison.Ordinal);
    }

    /// <summary>Frames between two pods of one bridge never reach the node's namespace of their own: without bridge-nf-call-iptables the answer comes from an address that the client did not ask.</summary>
    [Fact]
    public async Task Between_pods_of_one_node_the_frames_at_both_ends_are_the_kernels()
    {
        await cluster.ReadyAsync();
        string[][] kernel = await KernelFlowAsync(cluster.Client, cluster.Server), own = await OwnFlowAsync("near", cluster.Pods.Near, "web");
        // The client asks the Service and is answered by it; the server sees the client itself.
        Assert.Equal(["C>G C:c>V:80 ttl 64", "S>C V:80>C:c ttl 64"], kernel[0]);
        Assert.Equal(["C>S C:c>S:8080 ttl 64", "S>C S:8080>C:c ttl 64"], kernel[1]);
        Assert.Equal(kernel[0], own[0]);
        Assert.Equal(kernel[1], own[1]);
    }

    /// <summary>A pod that reaches itself by its Service sees its gateway as the client, and all of it passes one port of the bridge.</summary>
    [Fact]
    public async Task A_pod_that_reaches_itself_has_the_frames_that_the_kernel_has()
    {
        await cluster.ReadyAsync();
        string[][] kernel = await KernelFlowAsync(cluster.Server, cluster.Server), own = await OwnFlowAsync("web", cluster.Pods.Web, "web");
        Assert.Contains(kernel[0], static f => f.Contains(" G:c>C:8080 ", StringComparison.Ordinal));
        Assert.Contains(kernel[0], static f => f.Contains(" V:80>C:c ", StringComparison.Ordinal));
        Assert.Equal(kernel[0], own[0]);
    }

    private async Task<string[][]> KernelFlowAsync(KernelPod client, KernelPod server)
    {
        await using PacketCapture at = await PacketCapture.StartAsync(client.Namespace, "eth0", "tcp");
        await using PacketCapture there = await PacketCapture.StartAsync(server.Namespace, "eth0", "tcp");
        await AskAsync();
        await at.StopAsync();
        await there.StopAsync();
        return await BridgedFlow.ReadAsync(client == server ? [at.File] : [at.File, there.File], null, (client.Address, server.Address, cluster.Kernel.Gateway, MixedCluster.Kern));

        Task AskAsync() => client.Namespace.ExecAsync("curl", "-s", "-m", "60", $"http://{MixedCluster.Kern}/hostname");
    }

    private async Task<string[][]> OwnFlowAsync(string client, string address, string server)
    {
        string file = Path.GetTempFileName();
        try
        {
            string[] where = [.. new[] { client, server }.Distinct().Select(static pod => $"pod/{pod}:eth0")];
            using Process capture = await cluster.Second.CaptureAsync(file, where);
            await AskAsync();
            (await ProcessRunner.RunAsync(["kill", "-TERM", capture.Id.ToString(CultureInfo.InvariantCulture)])).EnsureSuccess();
            await capture.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
            return await BridgedFlow.ReadAsync([file], where, (address, cluster.Pods.Web, cluster.OfSecond.Cni, MixedCluster.Web));
        }
        finally
        {
            File.Delete(file);
        }

        Task AskAsync() => cluster.Second.ExecAsync($"pod/{client}", "curl", "-s", "-m", "60", $"http://{MixedCluster.Web}/hostname");
    }

    [Fact]
    public async Task Real_nc_and_curl_outside_meet_at_node_ports_what_a_real_node_gives_them()
    {
        await cluster.ReadyAsync();
        NetworkNamespace outside = cluster.Outside;
        string local = MixedCluster.WebLocalPort.ToString(CultureInfo.InvariantCulture);
        // Each client keeps its port, over either protocol, and several at once are told apart. -W 1: the first answer ends it.
        string[] udp = await Task.WhenAll(Enumerable.Range(41_001, 4).Select(port => AskAsync("clientip", ["nc", "-u", "-w", "60", "-W", "1", "-p", $"{port}", MixedCluster.Host2, local])));
        Assert.Equal(Enumerable.Range(41_001, 4).Select(static port => $"{MixedCluster.ClientOutside}:{port}"), udp);
        string[] tcp = await Task.WhenAll(Enumerable.Range(42_001, 4).Select(port => AskAsync(null, ["curl", "-s", "-m", "60", "--local-port", $"{port}", $"http://{MixedCluster.Host2}:{local}/clientip"])));
        Assert.Equal(Enumerable.Range(42_001, 4).Select(static port => $"{MixedCluster.ClientOutside}:{port}"), tcp);

        // -N: nc ends its direction behind its input. Then, and not before, the server says how much it was; the answer comes through the other direction.
        string data = new('x', 300_000);
        Assert.Equal("300000", await AskAsync(data, ["nc", "-N", "-w", "60", MixedCluster.Host1, $"{MixedCluster.KernPort}"]));
        string http = await AskAsync("GET /clientip HTTP/1.0\r\n\r\n", ["nc", "-N", "-w", "60", MixedCluster.Host1, $"{MixedCluster.WebPort}"]);
        Assert.StartsWith("HTTP/1.", http, StringComparison.Ordinal);
        Assert.Contains($"\n{cluster.OfFirst.Flannel}:", http, StringComparison.Ordinal);

        foreach (string host in new[] { MixedCluster.Host1, MixedCluster.Host2 })
        {
            CommandResult refused = await outside.TryExecAsync("nc", "-v", "-z", "-w", "60", host, $"{MixedCluster.NonePort}");
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("Connection refused", refused.Error, StringComparison.Ordinal);
        }

        async Task<string> AskAsync(string? input, string[] command) => (await outside.TryExecAsync(command, TimeSpan.FromSeconds(90), input)).EnsureSuccess().Output.TrimEnd();
    }

    /// <summary>What a load balancer asks of each node, by real curl: outside, from a kernel pod by the segment, and on the node of another.</summary>
    [Fact]
    public async Task Real_curl_is_told_by_each_node_whether_it_has_endpoints_and_how_its_kube_proxy_is()
    {
        await cluster.ReadyAsync();
        foreach ((NetworkNamespace from, string first, string second) in new[]
        {
            (cluster.Outside, MixedCluster.Host1, MixedCluster.Host2), (cluster.Client.Namespace, MixedCluster.N1, MixedCluster.N2), (cluster.Kernel.Root, MixedCluster.N1, MixedCluster.N2),
        })
        {
            // Of the Service's health check the body is JSON and the weight is the count; 503 where no endpoint is.
            Assert.Equal("503 application/json 0 0 true", await HealthAsync(from, first));
            Assert.Equal("200 application/json 1 1 true", await HealthAsync(from, second));
            foreach (string node in new[] { first, second })
            {
                Assert.Matches("^200 \\{\"lastUpdated\": \"[^\"]+ UTC m=[^\"]+\",\"currentTime\": \"[^\"]+\", \"nodeEligible\": true\\}$", await CurlAsync(from, "%{http_code} ", $"http://{node}:10256/healthz"));
                Assert.StartsWith("200 ", await CurlAsync(from, "%{http_code} ", $"http://{node}:10256/livez"), StringComparison.Ordinal);
                Assert.StartsWith("404 ", await CurlAsync(from, "%{http_code} ", $"http://{node}:10256/"), StringComparison.Ordinal);
            }
        }

        static async Task<string> HealthAsync(NetworkNamespace from, string node)
        {
            string answer = await CurlAsync(from, "%{http_code} %{content_type} %header{x-load-balancing-endpoint-weight}\n", $"http://{node}:{MixedCluster.HealthPort}/");
            using JsonDocument said = JsonDocument.Parse(answer[answer.IndexOf('\n', StringComparison.Ordinal)..]);
            Assert.Equal("default/balanced", $"{said.RootElement.GetProperty("service").GetProperty("namespace")}/{said.RootElement.GetProperty("service").GetProperty("name")}");
            return $"{answer.Split('\n')[0]} {said.RootElement.GetProperty("localEndpoints")} {(said.RootElement.GetProperty("serviceProxyHealthy").GetBoolean() ? "true" : "false")}";
        }

        // -w writes behind the body; what is told of the answer goes before it.
        static async Task<string> CurlAsync(NetworkNamespace from, string format, string url)
        {
            const string Mark = "\u0001";
            string[] parts = (await from.ExecAsync("curl", "-s", "-m", "60", "-w", Mark + format, url)).Output.Split(Mark);
            return parts[1] + parts[0].TrimEnd('\n');
        }
    }

    private async Task<string> DigAsync(string transport, string name, string type) =>
        (await cluster.Client.Namespace.ExecAsync("dig", "@10.96.0.10", "+time=20", "+short", transport, name, type)).Output;

    private static async Task<string> SeenByCurlAsync(NetworkNamespace from, string to, bool isAnswered)
    {
        CommandResult result = await from.TryExecAsync("curl", "-s", "-m", isAnswered ? "60" : "2", $"http://{to}/clientip");
        return FateOf(result.ExitCode, result.Output);
    }

    // curl(1): 7 could not connect, 28 time-out.
    private static string FateOf(int exitCode, string output) => exitCode switch
    {
        0 => output.Trim().Split(':')[0],
        7 => Refused,
        28 => Silence,
        _ => $"exit code {exitCode}",
    };

    private static async Task<string> SeenByUdpAsync(NetworkNamespace from, string to, bool isAnswered)
    {
        using Socket socket = NamespaceSocket.OpenUdp(from);
        await socket.ConnectAsync(IPEndPoint.Parse(to));
        byte[] buffer = new byte[100];
        using var patience = new CancellationTokenSource(isAnswered ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(2));
        try
        {
            await socket.SendAsync("clientip"u8.ToArray(), SocketFlags.None, patience.Token);
            return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token)).Split(':')[0];
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return Refused;
        }
        catch (OperationCanceledException)
        {
            return Silence;
        }
    }
}
