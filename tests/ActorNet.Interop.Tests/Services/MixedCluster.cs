using System.Globalization;
using System.Text.Json;
using ActorNet.Dataplane.Frames;
using ActorNet.Interop.Tests.Hosts;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;
using k8s;
using k8s.Models;

namespace ActorNet.Interop.Tests.Services;

/// <summary>
/// A cluster of two emulated nodes, each a process of its own, and one node of nothing but the kernel, with Services whose endpoints are on either kind.
/// The kernel node is a peer of the others by the tunnel and on the segment between nodes, and forwards by the rules that ours would have in its place.
/// Every host is on 10.9.0.0/24 and every node, on the emulated segment, in 192.168.56.0/24; a client outside is at 10.9.0.100. Made once, by the first
/// test that asks.
/// </summary>
public sealed class MixedCluster : IAsyncDisposable
{
    internal const string N1 = "192.168.56.11";
    internal const string N2 = "192.168.56.12";
    internal const string N9 = "192.168.56.19";
    internal const string Host1 = "10.9.0.11";
    internal const string Host2 = "10.9.0.12";
    internal const string ClientOutside = "10.9.0.100";
    internal const string Web = "10.96.0.80";
    internal const string Kern = "10.96.0.90";
    internal const string None = "10.96.0.99";

    /// <summary>Node ports: of the Service whose endpoint is on n2, the same with policy Local, of the one whose endpoint is on k9, that with policy Local, and of one without endpoint.</summary>
    internal const int WebPort = 30_080, WebLocalPort = 30_081, KernPort = 30_090, KernLocalPort = 30_091, NonePort = 30_099;

    /// <summary>The host port of pod web, on n2, TCP and UDP; the health check port of a balancer's Service whose endpoint is web.</summary>
    internal const int HostPort = 9_080, HealthPort = 30_500;

    private const string LanMac = "02:1c:42:00:00:19";
    private const string Host9 = "10.9.0.19";
    private readonly List<IAsyncDisposable> _servers = [];
    private Task? _made;
    private NetnsLab? _lab;

    /// <summary>The emulated node without an endpoint.</summary>
    internal HostProcess First { get; private set; } = null!;

    /// <summary>The emulated node with pods web, which serves, and near.</summary>
    internal HostProcess Second { get; private set; } = null!;

    /// <summary>The kernel's node.</summary>
    internal KernelNode Kernel { get; private set; } = null!;

    /// <summary>A pod of the kernel's node that serves nothing.</summary>
    internal KernelPod Client { get; private set; } = null!;

    /// <summary>The pod of the kernel's node that serves.</summary>
    internal KernelPod Server { get; private set; } = null!;

    /// <summary>Where a client outside is.</summary>
    internal NetworkNamespace Outside { get; private set; } = null!;

    /// <summary>The addresses of flannel.1 and cni0 of n1, of n2.</summary>
    internal (string Flannel, string Cni) OfFirst { get; private set; }

    /// <inheritdoc cref="OfFirst"/>
    internal (string Flannel, string Cni) OfSecond { get; private set; }

    /// <summary>The addresses of pod far (on n1), near and web (on n2).</summary>
    internal (string Far, string Near, string Web) Pods { get; private set; }

    /// <summary>Makes the cluster, or waits until it is made.</summary>
    internal Task ReadyAsync()
    {
        Need.Namespaces();
        Need.Tool("kubectl", "curl", "nc", "dig", "tcpdump", "tshark", "iptables-nft-restore");
        return _made ??= MakeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable each in _servers)
            await each.DisposeAsync();
        if (Second is not null)
            await Second.DisposeAsync();
        if (First is not null)
            await First.DisposeAsync();
        if (_lab is not null)
            await _lab.DisposeAsync();
    }

    private async Task MakeAsync()
    {
        _lab = await NetnsLab.CreateAsync();
        UnderlaySegment segment = await UnderlaySegment.CreateAsync(_lab);
        NetworkNamespace first = await MachineAsync("h1", Host1), second = await MachineAsync("h2", Host2), ninth = await MachineAsync("h9", Host9);
        Outside = await MachineAsync("out", ClientOutside);
        Kernel = await KernelNode.CreateOnLanAsync(_lab, new KernelHost(ninth, Host9), new KernelNodeOptions("k9", N9, 9) { UnderlayMac = LanMac });
        Client = await Kernel.AddPodAsync("a");
        Server = await Kernel.AddPodAsync("b");
        _servers.Add(new SeenServer(Server.Namespace, 8080, "kern"));
        _servers.Add(new UdpAnswerer(Server.Namespace, 8081));

        First = await HostProcess.InitAsync(first, "n1", Host1, "--node-ip", N1, "--dns", "on", "--profile", "lab");
        Second = await HostProcess.JoinAsync(First, second, "n2", Host2, "--node-ip", N2, "--profile", "lab");
        await First.ApplyNodeAsync(KubernetesJson.Serialize(NodeOfKernel()));
        await First.KubectlAsync(Manifest(Server.Address), "create", "-f", "-");
        await First.KubectlAsync(null, "wait", "pod/web", "pod/near", "pod/far", "--for=condition=Ready", "--timeout=90s");
        await First.KubectlAsync(null, "-n", "kube-system", "wait", "deployment/coredns", "--for=condition=Available", "--timeout=90s");
        Pods = (await PodIpAsync("far"), await PodIpAsync("near"), await PodIpAsync("web"));
        await IntroduceAsync();
        await KernelProxy.LoadAsync(Kernel, await WithEndpointsAsync());
        foreach (HostProcess host in new[] { First, Second })
            await Eventually.HoldsAsync($"{host.Name} has the rules", async () => (await host.ExecAsync($"node/{host.Name}", "iptables-save", "-t", "nat")).Output is { } rules && rules.Contains($"--to-destination {Pods.Web}:8081", StringComparison.Ordinal) && rules.Contains($"--to-destination {Server.Address}:8081", StringComparison.Ordinal));
        // What a balancer is told comes of another slice.
        foreach ((string host, int count) in new[] { (Host1, 0), (Host2, 1) })
        {
            await Eventually.HoldsAsync($"{host} tells a balancer of {count} endpoints", async () =>
                (await Outside.TryExecAsync("curl", "-s", "-m", "60", $"http://{host}:{HealthPort}/")).Output.Contains($"\"localEndpoints\": {count},", StringComparison.Ordinal));
        }

        async Task<NetworkNamespace> MachineAsync(string role, string address)
        {
            NetworkNamespace ns = await _lab.AddNamespaceAsync(role);
            await segment.AttachAsync(ns, address);
            return ns;
        }
    }

    private V1Node NodeOfKernel()
    {
        var node = new V1Node
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new V1ObjectMeta { Name = Kernel.Name },
            Spec = new V1NodeSpec { Unschedulable = true },
            Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "InternalIP", Address = N9 }] },
        };
        FlannelAnnotations.Write(node, new FlannelLease(Kernel.Name, Ipv4Prefix.Parse(Kernel.PodCidr), Ipv4Address.Parse(N9), MacAddress.Parse(Kernel.VtepMac), UnderlayOverride: new UnderlayEndpoint(Ipv4Address.Parse(Host9), 8472)));
        LanPeer.Write(node, MacAddress.Parse(LanMac), new UnderlayEndpoint(Ipv4Address.Parse(Host9), 8473));
        return node;
    }

    // What flanneld of the kernel's node would do of the Nodes, and what the segment's other end is.
    private async Task IntroduceAsync()
    {
        OfFirst = await IntroduceAsync("n1", Host1);
        OfSecond = await IntroduceAsync("n2", Host2);
    }

    private async Task<(string Flannel, string Cni)> IntroduceAsync(string name, string host)
    {
        V1Node node = KubernetesJson.Deserialize<V1Node>(await First.KubectlAsync(null, "get", "node", name, "-o", "json"));
        FlannelLease lease = FlannelAnnotations.Read(node).Lease!;
        string subnet = lease.PodCidr.ToString().Split('/')[0], stem = subnet[..subnet.LastIndexOf('.')];
        await Kernel.AddLeaseAsync(int.Parse(stem.Split('.')[2], CultureInfo.InvariantCulture), lease.VtepMac.ToString(), host);
        await Kernel.AddLanPeerAsync(LanPeer.Read(node, out _)!.Mac.ToString(), host);
        return (subnet, $"{stem}.1");
    }

    private async Task<string> PodIpAsync(string name) => await First.KubectlAsync(null, "get", "pod", name, "-o", "jsonpath={.status.podIP}");

    // The endpoints come a moment behind the pods' readiness.
    private async Task<string> WithEndpointsAsync()
    {
        string listed = "";
        await Eventually.HoldsAsync("web and kube-dns have endpoints", async () =>
        {
            listed = await First.KubectlAsync(null, "get", "services,endpointslices", "-A", "-o", "json");
            using JsonDocument json = JsonDocument.Parse(listed);
            HashSet<string?> ready = [.. json.RootElement.GetProperty("items").EnumerateArray()
                .Where(static i => i.GetProperty("kind").GetString() == "EndpointSlice")
                .Select(static i => KubernetesJson.Deserialize<V1EndpointSlice>(i.GetRawText()))
                .Where(static s => s.Endpoints is { Count: > 0 } all && all.Any(static e => e.Conditions?.Ready == true))
                .Select(static s => s.Metadata.Labels["kubernetes.io/service-name"])];
            return ready.IsSupersetOf(["web", "web-local", "kern", "kern-local", "kube-dns"]);
        });
        return listed;
    }

    private static string Manifest(string server) => $$"""
        {{PodOf("web", "n2", $"{{ containerPort: 8080, hostPort: {HostPort} }}, {{ containerPort: 8081, hostPort: {HostPort}, protocol: UDP }}")}}
        ---
        {{PodOf("near", "n2")}}
        ---
        {{PodOf("far", "n1")}}
        ---
        {{ServiceOf("web", Web, WebPort, "Cluster", "web")}}
        ---
        {{ServiceOf("web-local", "10.96.0.81", WebLocalPort, "Local", "web")}}
        ---
        {{ServiceOf("kern", Kern, KernPort, "Cluster", null)}}
        ---
        {{SliceOf("kern", server)}}
        ---
        {{ServiceOf("kern-local", "10.96.0.91", KernLocalPort, "Local", null)}}
        ---
        {{SliceOf("kern-local", server)}}
        ---
        {{ServiceOf("none", None, NonePort, "Cluster", null)}}
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: balanced }
        spec:
          type: LoadBalancer
          clusterIP: 10.96.0.82
          externalTrafficPolicy: Local
          allocateLoadBalancerNodePorts: false
          healthCheckNodePort: {{HealthPort}}
          selector: { app: web }
          ports: [ { port: 80, targetPort: 8080 } ]
        """;

    private static string PodOf(string name, string node, string ports = "") => $$"""
        apiVersion: v1
        kind: Pod
        metadata: { name: {{name}}, labels: { app: {{name}} } }
        spec: { nodeName: {{node}}, containers: [ { name: c, image: agnhost, args: [ netexec ], ports: [ {{ports}} ] } ] }
        """;

    private static string ServiceOf(string name, string address, int nodePort, string policy, string? app) => $$"""
        apiVersion: v1
        kind: Service
        metadata: { name: {{name}} }
        spec:
          type: NodePort
          clusterIP: {{address}}
          externalTrafficPolicy: {{policy}}
          {{(app is null ? "" : $"selector: {{ app: {app} }}")}}
          ports:
            - { name: http, port: 80, protocol: TCP, targetPort: 8080, nodePort: {{nodePort}} }
            - { name: udp, port: 80, protocol: UDP, targetPort: 8081, nodePort: {{nodePort}} }
        """;

    private static string SliceOf(string name, string server) => $$"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: { name: {{name}}-1, labels: { kubernetes.io/service-name: {{name}} } }
        addressType: IPv4
        ports: [ { name: http, port: 8080, protocol: TCP }, { name: udp, port: 8081, protocol: UDP } ]
        endpoints: [ { addresses: [ {{server}} ], nodeName: k9, conditions: { ready: true } } ]
        """;
}
