using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Dataplane.Time;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.KubeProxy;

/// <summary>
/// The rules of kube-proxy. Chain names and lines are those that kube-proxy's source gives (pkg/proxy/iptables/proxier.go), as iptables-save
/// 1.8.9 prints them after a real iptables-restore has read them.
/// </summary>
public sealed class RuleProgramTests : IDisposable
{
    private readonly ProxyState _state = new(new ProxyOptions { Node = "n1", ClusterCidr = "10.244.0.0/16" });
    private readonly FrameCache _frames = new FramePool().CreateCache("proxy");
    private readonly NetworkNamespace _node;

    public RuleProgramTests()
    {
        _node = new NetworkNamespace(new NamespaceOptions { Name = "n1" }, new MonotonicClock(TimeProvider.System), _frames);
        Assert.Equal(RestoreResult.Success, _node.EnableNetfilter().Ensure(NodeRules.KubeProxy));
    }

    public void Dispose()
    {
        _node.Dispose();
        _frames.Dispose();
    }

    [Theory]
    [InlineData("default/kubernetes:https", "tcp", "NPX46M4PTMTKRN6Y")]
    [InlineData("kube-system/kube-dns:dns", "udp", "TCOU7JCQXEZGVUNU")]
    [InlineData("kube-system/kube-dns:dns-tcp", "tcp", "ERIFXISQEP7F7OF4")]
    [InlineData("kube-system/kube-dns:metrics", "tcp", "JD5MR3NA4I4DYORP")]
    [InlineData("default/nginx", "tcp", "2CMXP7HKUVJN7L6M")]
    public void A_ports_chains_have_the_names_of_every_cluster(string port, string protocol, string hash) =>
        Assert.Equal(hash, ChainNames.OfPort(port, protocol));

    [Theory]
    [InlineData("default/kubernetes:https", "tcp", "192.168.56.10:6443", "KUBE-SEP-7J3FZHL6MJULGV6U")]
    [InlineData("kube-system/kube-dns:dns", "udp", "10.244.0.2:53", "KUBE-SEP-YIL6JZP7A3QYXJU2")]
    [InlineData("default/nginx:http", "tcp", "10.244.1.2:80", "KUBE-SEP-HNEN5KDVUKX4WY7U")]
    [InlineData("default/nginx:http", "tcp", "10.244.2.2:80", "KUBE-SEP-RFZMCNGOXQ6LCRZG")]
    public void An_endpoints_chain_has_the_name_of_every_cluster(string port, string protocol, string endpoint, string chain) =>
        Assert.Equal(chain, ChainNames.OfEndpoint(port, protocol, endpoint));

    [Fact]
    public void A_node_port_service_of_three_endpoints_has_kube_proxys_lines()
    {
        Apply([Service("nginx", "10.98.47.11", nodePort: 30080)], [Slice("nginx", 80, ("10.244.1.2", "n1"), ("10.244.2.3", "n2"), ("10.244.2.2", "n2"))]);
        Assert.Equal(
            [
                "-A KUBE-EXT-P4Q3KNUAWJVP4ILH -m comment --comment \"masquerade traffic for default/nginx:http external destinations\" -j KUBE-MARK-MASQ",
                "-A KUBE-EXT-P4Q3KNUAWJVP4ILH -j KUBE-SVC-P4Q3KNUAWJVP4ILH",
                "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
                "-A KUBE-NODEPORTS -d 127.0.0.0/8 -p tcp -m comment --comment \"default/nginx:http\" -m tcp --dport 30080 -m nfacct --nfacct-name  localhost_nps_accepted_pkts -j KUBE-EXT-P4Q3KNUAWJVP4ILH",
                "-A KUBE-NODEPORTS -p tcp -m comment --comment \"default/nginx:http\" -m tcp --dport 30080 -j KUBE-EXT-P4Q3KNUAWJVP4ILH",
                "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
                "-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0",
                "-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE --random-fully",
                "-A KUBE-SEP-HNEN5KDVUKX4WY7U -s 10.244.1.2/32 -m comment --comment \"default/nginx:http\" -j KUBE-MARK-MASQ",
                "-A KUBE-SEP-HNEN5KDVUKX4WY7U -p tcp -m comment --comment \"default/nginx:http\" -m tcp -j DNAT --to-destination 10.244.1.2:80",
                "-A KUBE-SERVICES -d 10.98.47.11/32 -p tcp -m comment --comment \"default/nginx:http cluster IP\" -m tcp --dport 80 -j KUBE-SVC-P4Q3KNUAWJVP4ILH",
                "-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports; NOTE: this must be the last rule in this chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
                "-A KUBE-SVC-P4Q3KNUAWJVP4ILH ! -s 10.244.0.0/16 -d 10.98.47.11/32 -p tcp -m comment --comment \"default/nginx:http cluster IP\" -m tcp --dport 80 -j KUBE-MARK-MASQ",
                "-A KUBE-SVC-P4Q3KNUAWJVP4ILH -m comment --comment \"default/nginx:http -> 10.244.1.2:80\" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-HNEN5KDVUKX4WY7U",
                "-A KUBE-SVC-P4Q3KNUAWJVP4ILH -m comment --comment \"default/nginx:http -> 10.244.2.2:80\" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-RFZMCNGOXQ6LCRZG",
                "-A KUBE-SVC-P4Q3KNUAWJVP4ILH -m comment --comment \"default/nginx:http -> 10.244.2.3:80\" -j KUBE-SEP-RKPJ4O2WWF2V7ERD",
            ],
            Rules("nat").Where(static l => !l.StartsWith("-A KUBE-SEP-R", StringComparison.Ordinal) && l.StartsWith("-A KUBE", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_service_without_endpoints_refuses_and_one_without_local_ones_is_silent()
    {
        V1Service local = Service("itp", "10.98.47.16");
        local.Spec.InternalTrafficPolicy = "Local";
        Apply([Service("empty", "10.98.47.15", nodePort: 30081), local], [Slice("itp", 80, ("10.244.2.2", "n2"))]);
        Assert.Equal(
            [
                "-A KUBE-SERVICES -d 10.98.47.15/32 -p tcp -m comment --comment \"default/empty:http has no endpoints\" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable",
                "-A KUBE-SERVICES -d 10.98.47.16/32 -p tcp -m comment --comment \"default/itp:http has no local endpoints\" -m tcp --dport 80 -j DROP",
            ],
            Rules("filter").Where(static l => l.StartsWith("-A KUBE-SERVICES", StringComparison.Ordinal)));
        Assert.Contains(
            "-A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment \"default/empty:http has no endpoints\" -m addrtype --dst-type LOCAL -m tcp --dport 30081 -j REJECT --reject-with icmp-port-unreachable",
            Rules("filter"));
    }

    [Fact]
    public void A_sticky_service_asks_its_lists_before_chance()
    {
        V1Service sticky = Service("sticky", "10.98.47.12");
        sticky.Spec.SessionAffinity = "ClientIP";
        Apply([sticky], [Slice("sticky", 80, ("10.244.1.2", "n1"))]);
        Assert.Equal(
            [
                "-A KUBE-SVC-T2ECBIYT2WDZZK45 ! -s 10.244.0.0/16 -d 10.98.47.12/32 -p tcp -m comment --comment \"default/sticky:http cluster IP\" -m tcp --dport 80 -j KUBE-MARK-MASQ",
                "-A KUBE-SVC-T2ECBIYT2WDZZK45 -m comment --comment \"default/sticky:http -> 10.244.1.2:80\" -m recent --rcheck --seconds 10800 --reap --name KUBE-SEP-EXQJNHOK3QTODG7C --mask 255.255.255.255 --rsource -j KUBE-SEP-EXQJNHOK3QTODG7C",
                "-A KUBE-SVC-T2ECBIYT2WDZZK45 -m comment --comment \"default/sticky:http -> 10.244.1.2:80\" -j KUBE-SEP-EXQJNHOK3QTODG7C",
            ],
            Rules("nat").Where(static l => l.StartsWith("-A KUBE-SVC", StringComparison.Ordinal)));
        Assert.Contains("-A KUBE-SEP-EXQJNHOK3QTODG7C -p tcp -m comment --comment \"default/sticky:http\" -m recent --set --name KUBE-SEP-EXQJNHOK3QTODG7C --mask 255.255.255.255 --rsource -m tcp -j DNAT --to-destination 10.244.1.2:80", Rules("nat"));
    }

    [Fact]
    public void A_service_with_both_policies_local_has_its_cluster_chain_for_what_pods_and_the_node_send_outside()
    {
        // serviceport.go UsesClusterEndpoints: KUBE-EXT jumps to KUBE-SVC for local sources, so the chain is there though nothing else uses it.
        V1Service local = Service("nginx", "10.98.47.11", nodePort: 30080);
        local.Spec.InternalTrafficPolicy = "Local";
        local.Spec.ExternalTrafficPolicy = "Local";
        Apply([local], [Slice("nginx", 80, ("10.244.1.2", "n1"), ("10.244.2.2", "n2"))]);
        string[] outside =
        [
            "-A KUBE-EXT-P4Q3KNUAWJVP4ILH -s 10.244.0.0/16 -m comment --comment \"pod traffic for default/nginx:http external destinations\" -j KUBE-SVC-P4Q3KNUAWJVP4ILH",
            "-A KUBE-EXT-P4Q3KNUAWJVP4ILH -m comment --comment \"masquerade LOCAL traffic for default/nginx:http external destinations\" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ",
            "-A KUBE-EXT-P4Q3KNUAWJVP4ILH -m comment --comment \"route LOCAL traffic for default/nginx:http external destinations\" -m addrtype --src-type LOCAL -j KUBE-SVC-P4Q3KNUAWJVP4ILH",
        ];
        Assert.Equal(
            [
                .. outside,
                "-A KUBE-EXT-P4Q3KNUAWJVP4ILH -j KUBE-SVL-P4Q3KNUAWJVP4ILH",
                "-A KUBE-SVC-P4Q3KNUAWJVP4ILH -m comment --comment \"default/nginx:http -> 10.244.1.2:80\" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-HNEN5KDVUKX4WY7U",
                "-A KUBE-SVC-P4Q3KNUAWJVP4ILH -m comment --comment \"default/nginx:http -> 10.244.2.2:80\" -j KUBE-SEP-RFZMCNGOXQ6LCRZG",
                "-A KUBE-SVL-P4Q3KNUAWJVP4ILH ! -s 10.244.0.0/16 -d 10.98.47.11/32 -p tcp -m comment --comment \"default/nginx:http cluster IP\" -m tcp --dport 80 -j KUBE-MARK-MASQ",
                "-A KUBE-SVL-P4Q3KNUAWJVP4ILH -m comment --comment \"default/nginx:http -> 10.244.1.2:80\" -j KUBE-SEP-HNEN5KDVUKX4WY7U",
            ],
            OwnRules());

        // Its endpoint here is gone: what comes from outside finds none, what goes out from here the other node's.
        Apply([local], [Slice("nginx", 80, ("10.244.2.2", "n2"))]);
        Assert.Equal([.. outside, "-A KUBE-SVC-P4Q3KNUAWJVP4ILH -m comment --comment \"default/nginx:http -> 10.244.2.2:80\" -j KUBE-SEP-RFZMCNGOXQ6LCRZG"], OwnRules());
    }

    [Fact]
    public void Chains_that_are_not_wanted_any_more_are_gone_and_built_in_chains_jump_as_on_an_empty_host()
    {
        Apply([Service("nginx", "10.98.47.11")], [Slice("nginx", 80, ("10.244.1.2", "n1"))]);
        Apply([], []);
        Assert.DoesNotContain(Saved("nat"), static l => l.Contains("KUBE-SVC-", StringComparison.Ordinal) || l.Contains("KUBE-SEP-", StringComparison.Ordinal));
        Assert.Equal(
            [
                "-A INPUT -j KUBE-FIREWALL",
                "-A INPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\" -j KUBE-PROXY-FIREWALL",
                "-A INPUT -m comment --comment \"kubernetes health check service ports\" -j KUBE-NODEPORTS",
                "-A INPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes externally-visible service portals\" -j KUBE-EXTERNAL-SERVICES",
            ],
            Rules("filter").Where(static l => l.StartsWith("-A INPUT", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_service_of_2000_endpoints_in_slices_of_100_has_a_chain_for_each()
    {
        V1EndpointSlice[] slices =
        [
            .. Enumerable.Range(0, 20).Select(s =>
            {
                V1EndpointSlice slice = Slice("nginx", 80, [.. Enumerable.Range(0, 100).Select(i => ($"10.244.{s + 1}.{i + 1}", "n2"))]);
                slice.Metadata.Name = $"nginx-{s}";
                return slice;
            }),
        ];
        Apply([Service("nginx", "10.98.47.11")], slices);
        string[] rules = Rules("nat");
        string[] choices = [.. rules.Where(static l => l.StartsWith("-A KUBE-SVC-P4Q3KNUAWJVP4ILH", StringComparison.Ordinal) && l.Contains("-j KUBE-SEP-", StringComparison.Ordinal))];
        Assert.Equal(2000, choices.Length);
        // largeClusterEndpointsThreshold: above 1,000 endpoints their rules have no comments. Each of those that are left has the same chance.
        Assert.DoesNotContain(choices, static l => l.Contains("--comment", StringComparison.Ordinal));
        Assert.Contains("--probability 0.00050000008 ", choices[0], StringComparison.Ordinal);
        Assert.Contains("--probability 0.50000000000 ", choices[^2], StringComparison.Ordinal);
        Assert.DoesNotContain("--probability", choices[^1], StringComparison.Ordinal);
        Assert.Equal(2000, rules.Where(static l => l.Contains("-j DNAT", StringComparison.Ordinal)).Select(static l => l.Split(' ')[1]).Distinct().Count());

        // 1,999 of them vanish, and their chains.
        Apply([Service("nginx", "10.98.47.11")], [Slice("nginx", 80, ("10.244.1.2", "n2"))]);
        Assert.Equal("-A KUBE-SVC-P4Q3KNUAWJVP4ILH -m comment --comment \"default/nginx:http -> 10.244.1.2:80\" -j KUBE-SEP-HNEN5KDVUKX4WY7U", Assert.Single(OwnRules(), static l => l.Contains("KUBE-SEP-", StringComparison.Ordinal)));
        Assert.Single(Saved("nat"), static l => l.StartsWith(":KUBE-SEP-", StringComparison.Ordinal));
    }

    [Fact]
    public void Services_that_did_not_change_lose_their_comments_and_get_them_back_when_others_endpoints_become_many_and_few()
    {
        const string Choice = "default/small:http -> 10.244.9.9:80";
        Apply([Service("small", "10.98.47.12"), Service("nginx", "10.98.47.11")], [Slice("small", 80, ("10.244.9.9", "n2"))]);
        string jump = Assert.Single(OwnRules(), static l => l.Contains(Choice, StringComparison.Ordinal)).Split(" -j ")[1];

        Change(Slice("nginx", 80, [.. Enumerable.Range(0, 1000).Select(static i => ($"10.244.{i / 200}.{(i % 200) + 1}", "n2"))]));
        Assert.DoesNotContain(OwnRules(), static l => l.Contains(Choice, StringComparison.Ordinal));
        Assert.Single(OwnRules(), l => l.EndsWith($" -j {jump}", StringComparison.Ordinal));

        Change(Slice("nginx", 80, ("10.244.1.2", "n2")));
        Assert.Single(OwnRules(), static l => l.Contains(Choice, StringComparison.Ordinal));
    }

    [Fact]
    public void Source_ranges_of_a_load_balancer_let_in_who_is_named_and_drop_the_others()
    {
        V1Service balanced = Service("lb", "10.98.47.14", nodePort: 30082);
        balanced.Spec.Type = "LoadBalancer";
        balanced.Spec.LoadBalancerSourceRanges = ["198.51.100.0/24"];
        balanced.Status = new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [new V1LoadBalancerIngress { Ip = "203.0.113.7" }] } };
        Apply([balanced], [Slice("lb", 80, ("10.244.1.2", "n1"))]);
        Assert.Equal(
            [
                "-A KUBE-FW-JSLCNGWSGB5JPS5Q -s 198.51.100.0/24 -m comment --comment \"default/lb:http loadbalancer IP\" -j KUBE-EXT-JSLCNGWSGB5JPS5Q",
                "-A KUBE-FW-JSLCNGWSGB5JPS5Q -m comment --comment \"other traffic to default/lb:http will be dropped by KUBE-PROXY-FIREWALL\"",
            ],
            Rules("nat").Where(static l => l.StartsWith("-A KUBE-FW-", StringComparison.Ordinal)));
        Assert.Contains("-A KUBE-SERVICES -d 203.0.113.7/32 -p tcp -m comment --comment \"default/lb:http loadbalancer IP\" -m tcp --dport 80 -j KUBE-FW-JSLCNGWSGB5JPS5Q", Rules("nat"));
        Assert.Contains("-A KUBE-PROXY-FIREWALL -d 203.0.113.7/32 -p tcp -m comment --comment \"default/lb:http traffic not accepted by KUBE-FW-JSLCNGWSGB5JPS5Q\" -m tcp --dport 80 -j DROP", Rules("filter"));
    }

    [Theory]
    [InlineData("a", "a", "b", new[] { "HNEN5KDVUKX4WY7U" })]
    [InlineData("a", "b", "b", new[] { "HNEN5KDVUKX4WY7U", "RFZMCNGOXQ6LCRZG" })]
    [InlineData("a", "a", null, new[] { "HNEN5KDVUKX4WY7U", "RFZMCNGOXQ6LCRZG" })]
    [InlineData(null, "a", "b", new[] { "HNEN5KDVUKX4WY7U", "RFZMCNGOXQ6LCRZG" })]
    public void Hints_of_zones_count_when_all_endpoints_have_one_and_one_means_this_zone(string? zone, string first, string? second, string[] chains)
    {
        // topology.go topologyModeFromHints
        V1EndpointSlice slice = Slice("nginx", 80, ("10.244.1.2", "n1"), ("10.244.2.2", "n2"));
        slice.Endpoints[0].Hints = new V1EndpointHints { ForZones = [new V1ForZone { Name = first }] };
        slice.Endpoints[1].Hints = second is null ? null : new V1EndpointHints { ForZones = [new V1ForZone { Name = second }] };
        if (zone is not null)
            _state.Apply(new ServiceChanges { Node = new V1Node { Metadata = new V1ObjectMeta { Name = "n1", Labels = new Dictionary<string, string> { ["topology.kubernetes.io/zone"] = zone } } } });
        Apply([Service("nginx", "10.98.47.11")], [slice]);
        Assert.Equal(chains.Select(static c => ":KUBE-SEP-" + c + " - [0:0]"), Saved("nat").Where(static l => l.StartsWith(":KUBE-SEP-", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_program_that_was_refused_comes_again_with_everything()
    {
        Apply([Service("nginx", "10.98.47.11")], [Slice("nginx", 80, ("10.244.1.2", "n1"))]);
        Assert.False(_state.IsDirty);
        Assert.Null(_state.Next());
        _state.Invalidate();
        ProxyProgram again = _state.Next()!;
        Assert.True(again.IsFull);
        Assert.Contains("KUBE-SEP-HNEN5KDVUKX4WY7U", again.Text, StringComparison.Ordinal);
        string before = _node.Netfilter!.Save(DateTimeOffset.UnixEpoch);
        Assert.Equal(RestoreResult.Success, _node.Netfilter.Restore(again.Text, noFlush: true, counters: true));
        Assert.Equal(before, _node.Netfilter.Save(DateTimeOffset.UnixEpoch));
    }

    [Fact]
    public void Rules_that_a_program_looks_after_are_put_in_again_and_those_that_have_an_order_in_it()
    {
        NetfilterState netfilter = _node.Netfilter!;
        KeptRules flannel = NodeRules.Flannel(Ipv4Prefix.Parse("10.244.0.0/16"), Ipv4Prefix.Parse("10.244.1.0/24"));
        foreach (KeptRules kept in new[] { NodeRules.Kubelet, flannel })
        {
            Assert.True(kept.Keep(netfilter)!.IsSuccess);
            Assert.Null(kept.Keep(netfilter));
        }

        string before = netfilter.Save(DateTimeOffset.UnixEpoch);
        Assert.True(netfilter.Change("nat", ["-D", "FLANNEL-POSTRTG", "2"]).IsSuccess);
        Assert.True(netfilter.Change("filter", ["-F", "FLANNEL-FWD"]).IsSuccess);
        Assert.True(flannel.Keep(netfilter)!.IsSuccess);
        Assert.Equal(before, netfilter.Save(DateTimeOffset.UnixEpoch));
        // kubelet looks at its canaries alone.
        Assert.True(netfilter.Change("filter", ["-D", "INPUT", "-j", "KUBE-FIREWALL"]).IsSuccess);
        Assert.Null(NodeRules.Kubelet.Keep(netfilter));
        Assert.True(netfilter.Change("mangle", ["-X", "KUBE-KUBELET-CANARY"]).IsSuccess);
        Assert.True(NodeRules.Kubelet.Keep(netfilter)!.IsSuccess);
        Assert.Contains("-A INPUT -j KUBE-FIREWALL", Rules("filter"));
        Assert.False(netfilter.Has(new EnsuredRule("nat", "NONE")));
        Assert.False(netfilter.Has(new EnsuredRule("nat", "POSTROUTING", "-m nothing")));
    }

    [Fact]
    public void A_chain_that_could_not_be_deleted_is_deleted_by_the_program_after_the_refused_one()
    {
        Apply([Service("nginx", "10.98.47.11")], [Slice("nginx", 80, ("10.244.1.2", "n1"))]);
        // Somebody else's jump: iptables-restore refuses to delete a chain that is in use.
        Assert.Equal(RestoreResult.Success, _node.Netfilter!.Restore("*nat\n-A OUTPUT -d 203.0.113.1/32 -j KUBE-SVC-P4Q3KNUAWJVP4ILH\nCOMMIT\n", noFlush: true));
        _state.Apply(new ServiceChanges { IsWhole = true });
        Assert.False(_node.Netfilter.Restore(_state.Next()!.Text, noFlush: true, counters: true).IsSuccess);
        _state.Invalidate();
        Assert.False(_node.Netfilter.Restore(_state.Next()!.Text, noFlush: true, counters: true).IsSuccess);
        Assert.Equal(RestoreResult.Success, _node.Netfilter.Restore("*nat\n-D OUTPUT -d 203.0.113.1/32 -j KUBE-SVC-P4Q3KNUAWJVP4ILH\nCOMMIT\n", noFlush: true));
        _state.Invalidate();
        Assert.Equal(RestoreResult.Success, _node.Netfilter.Restore(_state.Next()!.Text, noFlush: true, counters: true));
        Assert.False(_node.Netfilter.HasChain("nat", "KUBE-SVC-P4Q3KNUAWJVP4ILH"));
    }

    [Fact]
    public void A_program_says_when_its_changes_were_triggered()
    {
        // endpointschangetracker.go: not what was triggered before this proxy looked, and each trigger once.
        V1EndpointSlice slice = Slice("nginx", 80, ("10.244.1.2", "n1"));
        slice.Metadata.Annotations = new Dictionary<string, string> { ["endpoints.kubernetes.io/last-change-trigger-time"] = "2026-11-29T18:00:00.5Z" };
        Apply([Service("nginx", "10.98.47.11")], [slice]);
        Assert.Equal([], Change("2026-11-29T18:00:00.5Z"));
        Assert.Equal([new DateTimeOffset(2026, 11, 29, 18, 0, 1, 250, TimeSpan.Zero)], Change("2026-11-29T18:00:01.25Z"));
        Assert.Equal([], Change("soon"));

        IReadOnlyList<DateTimeOffset> Change(string time)
        {
            V1EndpointSlice next = Slice("nginx", 80, ("10.244.1.3", "n1"));
            next.Metadata.Annotations = new Dictionary<string, string> { ["endpoints.kubernetes.io/last-change-trigger-time"] = time };
            _state.Apply(new ServiceChanges { Slices = [KeyValuePair.Create("default/nginx-x", (V1EndpointSlice?)next)] });
            return _state.Next()!.Triggers;
        }
    }

    [Fact]
    public void Programs_come_twice_at_once_and_then_once_a_period()
    {
        // util/async BoundedFrequencyRunner with burst 2.
        var pace = new SyncPace(TimeSpan.FromSeconds(1));
        TimeSpan now = TimeSpan.FromSeconds(100);
        Assert.Equal(TimeSpan.Zero, pace.Take(now));
        Assert.Equal(TimeSpan.Zero, pace.Take(now));
        Assert.Equal(TimeSpan.FromSeconds(1), pace.Take(now));
        Assert.Equal(TimeSpan.FromSeconds(0.25), pace.Take(now + TimeSpan.FromSeconds(0.75)));
        Assert.Equal(TimeSpan.Zero, pace.Take(now + TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.FromSeconds(1), pace.Take(now + TimeSpan.FromSeconds(1)));
        Assert.Equal(TimeSpan.Zero, new SyncPace(TimeSpan.Zero).Take(now));
    }

    [Fact]
    public void Udp_connections_whose_endpoint_vanished_are_stale_and_those_of_a_service_without_any_are_kept()
    {
        // conntrack/cleanup.go CleanStaleEntries
        V1Service dns = Service("nginx", "10.98.47.11", nodePort: 30080);
        dns.Spec.Ports[0].Protocol = "UDP";
        V1EndpointSlice slice = Slice("nginx", 53, ("10.244.1.2", "n1"));
        slice.Ports[0].Protocol = "UDP";
        Assert.False(IsStale("10.98.47.11", 80, "10.244.1.2", 53));
        Assert.True(IsStale("10.98.47.11", 80, "10.244.2.2", 53));
        Assert.True(IsStale("10.98.47.11", 80, "10.244.1.2", 54));
        Assert.True(IsStale("192.168.56.11", 30080, "10.244.2.2", 53));
        Assert.False(IsStale("10.98.47.12", 80, "10.244.2.2", 53));
        slice.Endpoints[0].Conditions = new V1EndpointConditions { Ready = false, Serving = true, Terminating = true };
        Assert.False(IsStale("10.98.47.11", 80, "10.244.1.2", 53));
        slice.Endpoints.Clear();
        Assert.Null(Stale());

        StaleFlows? Stale()
        {
            _state.Apply(new ServiceChanges { IsWhole = true, Services = [KeyValuePair.Create("default/nginx", (V1Service?)dns)], Slices = [KeyValuePair.Create("default/nginx-x", (V1EndpointSlice?)slice)] });
            _state.Invalidate();
            return _state.Next()!.Stale;
        }

        bool IsStale(string to, ushort port, string server, ushort serverPort)
        {
            var original = new ConntrackTuple(Ipv4Address.Parse("10.244.3.3"), Ipv4Address.Parse(to), 40_000, port, (byte)IpProtocol.Udp);
            var reply = new ConntrackTuple(Ipv4Address.Parse(server), Ipv4Address.Parse("10.244.3.3"), serverPort, 40_000, (byte)IpProtocol.Udp);
            return Stale()!.IsStale(original, reply);
        }
    }

    private void Apply(V1Service[] services, V1EndpointSlice[] slices)
    {
        _state.Apply(new ServiceChanges
        {
            IsWhole = true,
            Services = [.. services.Select(static s => KeyValuePair.Create($"{s.Metadata.NamespaceProperty}/{s.Metadata.Name}", (V1Service?)s))],
            Slices = [.. slices.Select(static s => KeyValuePair.Create($"{s.Metadata.NamespaceProperty}/{s.Metadata.Name}", (V1EndpointSlice?)s))],
        });
        Assert.Equal(RestoreResult.Success, _node.Netfilter!.Restore(_state.Next()!.Text, noFlush: true, counters: true));
    }

    private void Change(V1EndpointSlice slice)
    {
        _state.Apply(new ServiceChanges { Slices = [KeyValuePair.Create($"{slice.Metadata.NamespaceProperty}/{slice.Metadata.Name}", (V1EndpointSlice?)slice)] });
        Assert.Equal(RestoreResult.Success, _node.Netfilter!.Restore(_state.Next()!.Text, noFlush: true, counters: true));
    }

    private string[] Saved(string table) => _node.Netfilter!.Save(DateTimeOffset.UnixEpoch, table).Split('\n');

    private string[] Rules(string table) => [.. Saved(table).Where(static l => l.StartsWith("-A", StringComparison.Ordinal))];

    private string[] OwnRules() =>
        [.. Rules("nat").Where(static l => l.StartsWith("-A KUBE-EXT-", StringComparison.Ordinal) || l.StartsWith("-A KUBE-SVC-", StringComparison.Ordinal) || l.StartsWith("-A KUBE-SVL-", StringComparison.Ordinal))];

    private static V1Service Service(string name, string address, int? nodePort = null) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1ServiceSpec
        {
            Type = nodePort is null ? "ClusterIP" : "NodePort",
            ClusterIP = address,
            Ports = [new V1ServicePort { Name = "http", Port = 80, Protocol = "TCP", NodePort = nodePort }],
        },
    };

    private static V1EndpointSlice Slice(string service, int port, params (string Address, string Node)[] endpoints) => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta { Name = service + "-x", NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = service } },
        Ports = [new Discoveryv1EndpointPort { Name = "http", Port = port, Protocol = "TCP" }],
        Endpoints = [.. endpoints.Select(static e => new V1Endpoint { Addresses = [e.Address], NodeName = e.Node, Conditions = new V1EndpointConditions { Ready = true } })],
    };
}
