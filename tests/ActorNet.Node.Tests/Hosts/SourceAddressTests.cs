using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Netstack;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>
/// Who sees which source address: every kind of client to every kind of Service, judged by what agnhost's /clientip answers, against
/// https://kubernetes.io/docs/tutorials/services/source-ip/ ("ClusterIP from within the cluster is never source NAT'd", "NodePort: packets are source
/// NAT'd by default", "externalTrafficPolicy Local: only the node that runs the endpoint answers, with the right client IP") and, for what a masqueraded
/// packet's address then is, flannel's and kube-proxy's rules: the address of the device that it leaves by, flannel.1's towards a pod of another node,
/// cni0's towards one of this node, eth0's towards another node.
/// </summary>
public sealed class SourceAddressTests
{
    private const string ClusterIp = "10.96.0.80";
    private const string N1 = "192.168.56.11";
    private const string N2 = "192.168.56.12";
    private const string Flannel1 = "10.244.1.0";
    private const string Cni2 = "10.244.2.1";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_kind_of_client_is_seen_as_kubernetes_says()
    {
        await using NodePair pair = await NodePair.StartAsync();
        string server = (await pair.Right.RunPodAsync(Pod("server", "netexec"), Ct)).Ip.ToString();
        string near = await NodePair.RunPodAsync(pair.Right, "near");
        string far = await NodePair.RunPodAsync(pair.Left, "far");
        int shared = FreePort("127.0.10.1", "127.0.10.2"), local = FreePort("127.0.10.1", "127.0.10.2");
        foreach (NodeHost node in new[] { pair.Left, pair.Right })
        {
            node.SetServices(Services(server, shared, local));
            await node.ServicesInForceAsync(Ct);
            await NodePair.UntilAsync(async () => (await node.EdgeAsync(Ct)).Ports.Length == 4, () => "the edge has the node ports");
        }

        // Every path is warm: neighbours are resolved, the server listens.
        await NodePair.UntilAsync(async () => await SeenAsync(pair.Left, "pod/far", $"{server}:8080", isAnswered: true) == far, () => "the server answers");

        (string Client, NodeHost? Node, string From, string To, string? Seen)[] table =
        [
            ("a pod of the server's node", pair.Right, "pod/near", $"{ClusterIp}:80", near),
            ("a pod of the server's node", pair.Right, "pod/near", $"{N2}:{shared}", Cni2),
            ("a pod of the server's node, policy Local, by its own node", pair.Right, "pod/near", $"{N2}:{local}", near),
            ("a pod of the server's node, by another node's address", pair.Right, "pod/near", $"{N1}:{shared}", Flannel1),
            ("a pod of another node", pair.Left, "pod/far", $"{ClusterIp}:80", far),
            ("a pod of another node", pair.Left, "pod/far", $"{N1}:{shared}", Flannel1),
            ("a pod of another node, by the server's node", pair.Left, "pod/far", $"{N2}:{shared}", Cni2),
            ("a pod of another node, policy Local, by its own node: pods see every endpoint", pair.Left, "pod/far", $"{N1}:{local}", far),
            ("a pod of another node, policy Local, by the server's node", pair.Left, "pod/far", $"{N2}:{local}", N1),
            ("a pod of the server's node, policy Local, by a node without an endpoint", pair.Right, "pod/near", $"{N1}:{local}", null),
            ("another node", pair.Left, "node/n1", $"{ClusterIp}:80", Flannel1),
            ("the server's node", pair.Right, "node/n2", $"{ClusterIp}:80", Cni2),
            ("another node, by itself", pair.Left, "node/n1", $"{N1}:{shared}", Flannel1),
            ("another node, by the server's node", pair.Left, "node/n1", $"{N2}:{shared}", Cni2),
            ("another node, policy Local, by itself", pair.Left, "node/n1", $"{N1}:{local}", Flannel1),
            ("another node, policy Local, by the server's node", pair.Left, "node/n1", $"{N2}:{local}", N1),
            ("the server's node, policy Local, by itself", pair.Right, "node/n2", $"{N2}:{local}", Cni2),
            ("outside, by another node", null, "", $"127.0.10.1:{shared}", Flannel1),
            ("outside, by the server's node", null, "", $"127.0.10.2:{shared}", Cni2),
            ("outside, policy Local, by the server's node", null, "", $"127.0.10.2:{local}", "192.168.56.1"),
            ("outside, policy Local, by a node without an endpoint", null, "", $"127.0.10.1:{local}", null),
        ];
        var wrong = new StringBuilder();
        foreach ((string client, NodeHost? node, string from, string to, string? expected) in table)
        {
            Note("TCP", node is null ? await SeenFromOutsideAsync(to, expected is not null) : await SeenAsync(node, from, to, expected is not null));
            Note("UDP", node is null ? await SeenFromOutsideByUdpAsync(to, expected is not null) : await SeenByUdpAsync(node, from, to, expected is not null));

            void Note(string protocol, string? seen)
            {
                if (seen != expected)
                    wrong.AppendLine(CultureInfo.InvariantCulture, $"{client} to {to}, {protocol}: seen as {seen ?? "nobody"}, {expected ?? "nobody"} was expected");
            }
        }

        Assert.True(wrong.Length == 0, $"{wrong}pods: server {server}, near {near}, far {far}");
    }

    private static async Task<string?> SeenAsync(NodeHost node, string from, string to, bool isAnswered)
    {
        (int exit, string output) = await NodePair.TryExecAsync(node, from, $"curl -s -m {(isAnswered ? 60 : 2)} http://{to}/clientip");
        return exit == 0 ? output.Trim().Split(':')[0] : null;
    }

    // The answer has the client's own port where nothing translated it.
    private static async Task<string?> SeenFromOutsideAsync(string to, bool isAnswered)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(to), Ct);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /clientip HTTP/1.0\r\nHost: {to}\r\n\r\n"), Ct);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(isAnswered ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(2));
        var answer = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            for (int read; (read = await socket.ReceiveAsync(buffer, patience.Token)) > 0;)
                answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (OperationCanceledException) when (!Ct.IsCancellationRequested)
        {
            return null;
        }

        string[] seen = answer.ToString().Split("\r\n\r\n")[1].Trim().Split(':');
        if (seen[0] == "192.168.56.1")
            Assert.Equal($"{((IPEndPoint)socket.LocalEndPoint!).Port}", seen[1]);
        return seen[0];
    }

    private static async Task<string?> SeenByUdpAsync(NodeHost node, string from, string to, bool isAnswered)
    {
        (_, DatagramEndpoint? opened) = await DatagramEndpoint.OpenAsync((await NodePair.FindAsync(node, from)).Executor, new Ipv4Endpoint(Ipv4Address.Any, 0));
        await using DatagramEndpoint socket = opened!;
        IPEndPoint target = IPEndPoint.Parse(to);
        return await AskAsync(
            () => socket.SendToAsync("clientip"u8.ToArray(), new Ipv4Endpoint(Ipv4Address.FromIPAddress(target.Address), (ushort)target.Port)),
            async patience => Encoding.ASCII.GetString((await socket.ReceiveAsync(patience)).Data),
            isAnswered);
    }

    private static async Task<string?> SeenFromOutsideByUdpAsync(string to, bool isAnswered)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(IPEndPoint.Parse(to), Ct);
        byte[] buffer = new byte[100];
        return await AskAsync(
            async () => await socket.SendAsync("clientip"u8.ToArray(), SocketFlags.None, Ct),
            async patience => Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience)),
            isAnswered);
    }

    // Once: what is lost on a path of memory and loopback would be a finding. Who is not to be answered is given a moment.
    private static async Task<string?> AskAsync(Func<Task> send, Func<CancellationToken, Task<string>> receive, bool isAnswered)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        patience.CancelAfter(isAnswered ? TimeSpan.FromSeconds(60) : TimeSpan.FromSeconds(1));
        await send();
        try
        {
            return (await receive(patience.Token)).Split(':')[0];
        }
        catch (OperationCanceledException) when (!Ct.IsCancellationRequested)
        {
            return null;
        }
    }

    private static ServiceChanges Services(string server, int shared, int local)
    {
        ImmutableArray<(V1Service Service, V1EndpointSlice Slice)> all = [Make("web", ClusterIp, shared, "Cluster"), Make("own", "10.96.0.81", local, "Local")];
        return new ServiceChanges
        {
            IsWhole = true,
            Services = [.. all.Select(s => KeyValuePair.Create($"default/{s.Service.Metadata.Name}", (V1Service?)s.Service))],
            Slices = [.. all.Select(s => KeyValuePair.Create($"default/{s.Slice.Metadata.Name}", (V1EndpointSlice?)s.Slice))],
        };

        (V1Service Service, V1EndpointSlice Slice) Make(string name, string clusterIp, int nodePort, string policy) => (
            new V1Service
            {
                Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Uid = name, ResourceVersion = "1" },
                Spec = new V1ServiceSpec { Type = "NodePort", ClusterIP = clusterIp, ExternalTrafficPolicy = policy, Ports = [new V1ServicePort { Name = "tcp", Port = 80, Protocol = "TCP", NodePort = nodePort }, new V1ServicePort { Name = "udp", Port = 80, Protocol = "UDP", NodePort = nodePort }] },
            },
            new V1EndpointSlice
            {
                AddressType = "IPv4",
                Metadata = new V1ObjectMeta { Name = $"{name}-1", NamespaceProperty = "default", ResourceVersion = "1", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = name } },
                Ports = [new Discoveryv1EndpointPort { Name = "tcp", Port = 8080, Protocol = "TCP" }, new Discoveryv1EndpointPort { Name = "udp", Port = 8081, Protocol = "UDP" }],
                Endpoints = [new V1Endpoint { Addresses = [server], NodeName = "n2", Conditions = new V1EndpointConditions { Ready = true, Serving = true } }],
            });
    }

    private static V1Pod Pod(string name, params string[] args) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "agnhost", Args = args }] },
    };

    // Free at all of them for TCP and for UDP, a moment ago.
    private static int FreePort(params string[] addresses)
    {
        while (true)
        {
            Socket[] sockets = [.. addresses.SelectMany(_ => new[] { new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) })];
            try
            {
                sockets[0].Bind(new IPEndPoint(IPAddress.Parse(addresses[0]), 0));
                int port = ((IPEndPoint)sockets[0].LocalEndPoint!).Port;
                for (int i = 1; i < sockets.Length; i++)
                    sockets[i].Bind(new IPEndPoint(IPAddress.Parse(addresses[i / 2]), port));
                return port;
            }
            catch (SocketException)
            {
                // Taken at one of them: another one.
            }
            finally
            {
                foreach (Socket socket in sockets)
                    socket.Dispose();
            }
        }
    }
}
