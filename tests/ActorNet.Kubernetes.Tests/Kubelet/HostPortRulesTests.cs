using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Time;
using ActorNet.Kubernetes.Kubelet.HostPorts;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Kubelet;

/// <summary>
/// CNI portmap's rules. Lines are those of the plugin's source (containernetworking/plugins plugins/meta/portmap/portmap_iptables.go), as iptables-save
/// 1.8.9 prints them after a real iptables has read them (recorded facts, 5.4).
/// </summary>
public sealed class HostPortRulesTests : IDisposable
{
    private const string Id = "4f1e0c2ad93b7e5564a2b8c90d1f3e7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e";
    private const string Comment = "--comment \"dnat name: \\\"cbr0\\\" id: \\\"" + Id + "\\\"\"";

    private readonly FrameCache _frames = new FramePool().CreateCache("portmap");
    private readonly NetworkNamespace _node;

    public HostPortRulesTests() => _node = new NetworkNamespace(new NamespaceOptions { Name = "n1" }, new MonotonicClock(TimeProvider.System), _frames);

    public void Dispose()
    {
        _node.Dispose();
        _frames.Dispose();
    }

    [Fact]
    public void A_host_port_has_the_plugins_chains_and_rules_and_leaves_the_shared_ones_behind()
    {
        HostPortRules rules = Rules(new V1ContainerPort { ContainerPort = 80, HostPort = 8080, Protocol = "TCP" })!;
        Assert.Equal(RestoreResult.Success, _node.EnableNetfilter().Ensure(rules.Added));
        string[] shared =
        [
            "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
            "-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
            "-A POSTROUTING -m comment --comment \"CNI portfwd requiring masquerade\" -j CNI-HOSTPORT-MASQ",
            "-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE",
            "-A CNI-HOSTPORT-SETMARK -m comment --comment \"CNI portfwd masquerade mark\" -j MARK --set-xmark 0x2000/0x2000",
        ];
        string[] own =
        [
            $"-A CNI-HOSTPORT-DNAT -p tcp -m comment {Comment} -m multiport --dports 8080 -j CNI-DN-97170d0ee7cfc67e0ff4e",
            "-A CNI-DN-97170d0ee7cfc67e0ff4e -s 10.244.1.0/24 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK",
            "-A CNI-DN-97170d0ee7cfc67e0ff4e -s 127.0.0.1/32 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK",
            "-A CNI-DN-97170d0ee7cfc67e0ff4e -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.244.1.2:80",
        ];
        Assert.Equal(shared.Concat(own).Order(StringComparer.Ordinal), Saved().Order(StringComparer.Ordinal));
        // Once more is no more.
        Assert.Equal(RestoreResult.Success, _node.Netfilter!.Ensure(rules.Added));
        Assert.Equal(9, Saved().Length);
        Assert.Equal(RestoreResult.Success, _node.Netfilter.Restore(rules.Removal, noFlush: true));
        Assert.Equal(shared.Order(StringComparer.Ordinal), Saved().Order(StringComparer.Ordinal));
        Assert.False(_node.Netfilter.HasChain("nat", "CNI-DN-97170d0ee7cfc67e0ff4e"));
    }

    [Fact]
    public void Of_many_ports_15_are_in_a_rule_and_protocols_and_addresses_are_kept_apart()
    {
        V1ContainerPort[] ports =
        [
            .. Enumerable.Range(0, 17).Select(static i => new V1ContainerPort { ContainerPort = 80, HostPort = 9000 + i }),
            new V1ContainerPort { ContainerPort = 53, HostPort = 53, Protocol = "UDP", HostIP = "192.168.56.11" },
            new V1ContainerPort { ContainerPort = 99 },
            new V1ContainerPort { ContainerPort = 99, HostPort = 99, HostIP = "fd00::1" },
        ];
        HostPortRules rules = Rules(ports)!;
        Assert.Equal(RestoreResult.Success, _node.EnableNetfilter().Ensure(rules.Added));
        Assert.Equal(
            [
                $"-A CNI-HOSTPORT-DNAT -p tcp -m comment {Comment} -m multiport --dports {string.Join(',', Enumerable.Range(9000, 15))} -j CNI-DN-97170d0ee7cfc67e0ff4e",
                $"-A CNI-HOSTPORT-DNAT -p tcp -m comment {Comment} -m multiport --dports 9015,9016 -j CNI-DN-97170d0ee7cfc67e0ff4e",
                $"-A CNI-HOSTPORT-DNAT -p udp -m comment {Comment} -m multiport --dports 53 -j CNI-DN-97170d0ee7cfc67e0ff4e",
            ],
            Saved().Where(static l => l.StartsWith("-A CNI-HOSTPORT-DNAT", StringComparison.Ordinal)));
        Assert.Contains("-A CNI-DN-97170d0ee7cfc67e0ff4e -d 192.168.56.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.244.1.2:53", Saved());
        Assert.Equal([(ushort)53], rules.UdpPorts);
        Assert.Equal(RestoreResult.Success, _node.Netfilter!.Restore(rules.Removal, noFlush: true));
    }

    [Fact]
    public void A_pod_without_host_ports_or_with_the_nodes_network_has_none()
    {
        Assert.Null(Rules(new V1ContainerPort { ContainerPort = 80 }));
        V1Pod pod = Pod(new V1ContainerPort { ContainerPort = 80, HostPort = 80 });
        pod.Spec.HostNetwork = true;
        Assert.Null(HostPortRules.Of(pod, Id, Ipv4Address.Parse("192.168.56.11"), Ipv4Prefix.Parse("10.244.1.0/24")));
    }

    private static HostPortRules? Rules(params V1ContainerPort[] ports) => HostPortRules.Of(Pod(ports), Id, Ipv4Address.Parse("10.244.1.2"), Ipv4Prefix.Parse("10.244.1.0/24"));

    private static V1Pod Pod(params V1ContainerPort[] ports) => new()
    {
        Metadata = new V1ObjectMeta { Name = "p" },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "nginx", Ports = ports }] },
    };

    private string[] Saved() => [.. _node.Netfilter!.Save(DateTimeOffset.UnixEpoch, "nat").Split('\n').Where(static l => l.StartsWith("-A", StringComparison.Ordinal))];
}
