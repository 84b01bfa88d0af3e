using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Time;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Packets;
using k8s.Models;
using NetworkNamespace = ActorNet.Interop.Tests.Netns.NetworkNamespace;

namespace ActorNet.Interop.Tests.Netfilter;

/// <summary>What stands on a node with many kinds of Services, judged by the real iptables: its restore reads our save, and its save is the same.</summary>
public sealed class ServiceRulesTests : IDisposable
{
    private static readonly string[] Tables = ["mangle", "filter", "nat"];

    private readonly FrameCache _frames = new FramePool().CreateCache("services");
    private readonly Dataplane.Ip.NetworkNamespace _node;
    private readonly NetfilterState _netfilter;

    public ServiceRulesTests()
    {
        _node = new Dataplane.Ip.NetworkNamespace(new NamespaceOptions { Name = "n1" }, new MonotonicClock(TimeProvider.System), _frames);
        _netfilter = _node.EnableNetfilter();
    }

    public void Dispose()
    {
        _node.Dispose();
        _frames.Dispose();
    }

    [Theory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task The_rules_of_36_Services_come_out_of_the_kernel_line_for_line(string variant)
    {
        Need.Namespaces();
        Need.Tool($"iptables-{variant}-restore", $"iptables-{variant}-save");
        PutInForce();
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        NetworkNamespace kernel = await lab.AddNamespaceAsync("services");
        AccountingObjects.Create(kernel, "ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts");
        string ours = _netfilter.Save(DateTimeOffset.UnixEpoch);
        (await kernel.TryExecAsync([$"iptables-{variant}-restore"], TimeSpan.FromSeconds(60), ours)).EnsureSuccess();
        string theirs = (await kernel.ExecAsync($"iptables-{variant}-save")).Output;
        foreach (string table in Tables)
            Assert.Equal(LinesOf(theirs, table), LinesOf(ours, table));
        if (variant == "legacy")
            return;

        // The same rules as iptables shows them; a restore leaves every counter at 0 in both.
        foreach (string table in Tables)
        {
            Assert.Equal((await kernel.ExecAsync("iptables-nft", "-t", table, "-L", "-n", "-v", "--line-numbers")).Output.TrimEnd(), List(table, new RuleListing(false, true, true, true)));
            Assert.Equal((await kernel.ExecAsync("iptables-nft", "-t", table, "-L", "-n")).Output.TrimEnd(), List(table, new RuleListing(false, Numeric: true)));
            Assert.Equal((await kernel.ExecAsync("iptables-nft", "-t", table, "-S")).Output.TrimEnd(), List(table, new RuleListing(true)));
            Assert.Equal((await kernel.ExecAsync("iptables-nft", "-t", table, "-S", "-v")).Output.TrimEnd(), List(table, new RuleListing(true, true)));
        }
    }

    private string List(string table, RuleListing form) => NetfilterRequests.Run(_node, new ListRules(table, null, form)).Output.TrimEnd();

    private static string[] LinesOf(string saved, string table) =>
        [.. saved.Split('\n').SkipWhile(l => l != $"*{table}").Skip(1).TakeWhile(static l => l != "COMMIT").Where(static l => l.Length > 0 && l[0] != '#')];

    // As a node does at its start: kubelet, flanneld, kube-proxy.
    private void PutInForce()
    {
        var proxy = new ProxyState(new ProxyOptions { Node = "n1", ClusterCidr = "10.244.0.0/16", NodeAddresses = ["192.168.56.11"] });
        (V1Service[] services, V1EndpointSlice[] slices) = Cluster();
        Assert.True(services.Length >= 30);
        proxy.Apply(new ServiceChanges
        {
            IsWhole = true,
            Services = [.. services.Select(static s => KeyValuePair.Create($"default/{s.Metadata.Name}", (V1Service?)s))],
            Slices = [.. slices.Select(static s => KeyValuePair.Create($"default/{s.Metadata.Name}", (V1EndpointSlice?)s))],
        });
        Assert.Equal(RestoreResult.Success, _netfilter.Ensure([.. NodeRules.Kubelet.Rules, .. NodeRules.Flannel(Ipv4Prefix.Parse("10.244.0.0/16"), Ipv4Prefix.Parse("10.244.1.0/24")).Rules, .. NodeRules.KubeProxy]));
        Assert.Equal(RestoreResult.Success, _netfilter.Restore(proxy.Next()!.Text, noFlush: true, counters: true));
        Assert.Empty(proxy.Problems);
    }

    // Every type with every policy and protocol; with no, remote, local and leaving endpoints.
    private static (V1Service[] Services, V1EndpointSlice[] Slices) Cluster()
    {
        var services = new List<V1Service>();
        var slices = new List<V1EndpointSlice>();
        string[] protocols = ["TCP", "UDP", "SCTP"];
        for (int i = 0; i < 36; i++)
        {
            string name = $"s{i}";
            string type = i % 3 == 0 ? "ClusterIP" : i % 3 == 1 ? "NodePort" : "LoadBalancer";
            string protocol = protocols[i / 3 % 3];
            services.Add(new V1Service
            {
                Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
                Spec = new V1ServiceSpec
                {
                    Type = type,
                    ClusterIP = $"10.96.1.{i}",
                    Ports = [new V1ServicePort { Name = i % 5 == 0 ? null : "p-1", Port = 80 + i, Protocol = protocol, NodePort = type == "ClusterIP" ? null : 30_000 + i }],
                    ExternalTrafficPolicy = type != "ClusterIP" && i % 4 == 1 ? "Local" : null,
                    InternalTrafficPolicy = i % 7 == 3 ? "Local" : "Cluster",
                    SessionAffinity = i % 6 == 2 ? "ClientIP" : "None",
                    ExternalIPs = i % 9 == 4 ? [$"198.51.100.{i}"] : null,
                    LoadBalancerSourceRanges = type == "LoadBalancer" && i % 2 == 0 ? ["192.168.56.0/24", "203.0.113.0/25"] : null,
                    HealthCheckNodePort = type == "LoadBalancer" && i % 4 == 1 ? 32_000 + i : null,
                },
                Status = type == "LoadBalancer" ? new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = $"203.0.113.{i}", IpMode = "VIP" }] } } : null,
            });
            slices.Add(new V1EndpointSlice
            {
                AddressType = "IPv4",
                Metadata = new V1ObjectMeta { Name = name + "-1", NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = name } },
                Ports = [new Discoveryv1EndpointPort { Name = i % 5 == 0 ? null : "p-1", Port = 8080, Protocol = protocol }],
                Endpoints =
                [
                    .. Enumerable.Range(0, i % 8 == 7 ? 0 : 1 + (i % 4)).Select(e => new V1Endpoint
                    {
                        Addresses = [$"10.244.{(e + i) % 3}.{10 + e + i}"],
                        NodeName = $"n{(e + i) % 3}",
                        Conditions = i % 11 == 5 ? new V1EndpointConditions { Ready = false, Serving = true, Terminating = true } : new V1EndpointConditions { Ready = true },
                    }),
                ],
            });
        }

        return ([.. services], [.. slices]);
    }
}
