using System.Collections.Immutable;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>The rules that stand on a node whatever Services there are, by who puts them there.</summary>
public static class NodeRules
{
    /// <summary>The rule of KUBE-FIREWALL: nobody outside reaches what listens on 127.0.0.0/8 alone.</summary>
    internal const string LocalnetRule = "-m comment --comment \"block incoming localnet connections\" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP";

    /// <summary>
    /// What a kubelet puts there at its start, and again when its canaries are gone (kubernetes pkg/kubelet/kubelet_network_linux.go initNetworkUtil,
    /// syncIPTablesRules).
    /// </summary>
    public static KeptRules Kubelet { get; } = new(
        KubeletCanaries,
        [
            new("mangle", "KUBE-IPTABLES-HINT"),
            new("filter", "KUBE-FIREWALL"),
            new("filter", "OUTPUT", "-j KUBE-FIREWALL", Prepend: true),
            new("filter", "INPUT", "-j KUBE-FIREWALL", Prepend: true),
            new("filter", "KUBE-FIREWALL", LocalnetRule),
            .. KubeletCanaries,
        ],
        InOrder: false);

    /// <summary>kube-proxy's chains, the jumps to them, and its canaries (proxier.go iptablesJumpChains): before each full program.</summary>
    public static ImmutableArray<EnsuredRule> KubeProxy { get; } =
    [
        .. Jump("filter", "KUBE-EXTERNAL-SERVICES", "INPUT", "-m conntrack --ctstate NEW -m comment --comment \"kubernetes externally-visible service portals\""),
        .. Jump("filter", "KUBE-EXTERNAL-SERVICES", "FORWARD", "-m conntrack --ctstate NEW -m comment --comment \"kubernetes externally-visible service portals\""),
        .. Jump("filter", "KUBE-NODEPORTS", "INPUT", "-m comment --comment \"kubernetes health check service ports\""),
        .. Jump("filter", "KUBE-SERVICES", "FORWARD", "-m conntrack --ctstate NEW -m comment --comment \"kubernetes service portals\""),
        .. Jump("filter", "KUBE-SERVICES", "OUTPUT", "-m conntrack --ctstate NEW -m comment --comment \"kubernetes service portals\""),
        .. Jump("filter", "KUBE-FORWARD", "FORWARD", "-m comment --comment \"kubernetes forwarding rules\""),
        .. Jump("filter", "KUBE-PROXY-FIREWALL", "INPUT", "-m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\""),
        .. Jump("filter", "KUBE-PROXY-FIREWALL", "OUTPUT", "-m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\""),
        .. Jump("filter", "KUBE-PROXY-FIREWALL", "FORWARD", "-m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\""),
        .. Jump("nat", "KUBE-SERVICES", "OUTPUT", "-m comment --comment \"kubernetes service portals\""),
        .. Jump("nat", "KUBE-SERVICES", "PREROUTING", "-m comment --comment \"kubernetes service portals\""),
        .. Jump("nat", "KUBE-POSTROUTING", "POSTROUTING", "-m comment --comment \"kubernetes postrouting rules\""),
        .. Jump("filter", "KUBE-FIREWALL", "INPUT", ""),
        .. Jump("filter", "KUBE-FIREWALL", "OUTPUT", ""),
        .. Canaries,
    ];

    /// <summary>Chains whose disappearance says that somebody has emptied the tables (proxier.go kubeProxyCanaryChain).</summary>
    public static ImmutableArray<EnsuredRule> Canaries => [new("mangle", "KUBE-PROXY-CANARY"), new("nat", "KUBE-PROXY-CANARY"), new("filter", "KUBE-PROXY-CANARY")];

    /// <summary>
    /// What flanneld puts there (flannel pkg/trafficmngr/iptables/iptables.go masqRules, forwardRules), all of it again in its order when one is missing
    /// (ensureIPTables).
    /// </summary>
    /// <param name="cluster">The pods' network.</param>
    /// <param name="node">This node's part of it.</param>
    public static KeptRules Flannel(Ipv4Prefix cluster, Ipv4Prefix node)
    {
        const string Masq = "-m comment --comment \"flanneld masq\"";
        const string Forward = "-m comment --comment \"flanneld forward\"";
        ImmutableArray<EnsuredRule> rules =
        [
            new("nat", "FLANNEL-POSTRTG"),
            new("nat", "POSTROUTING", $"{Masq} -j FLANNEL-POSTRTG"),
            new("nat", "FLANNEL-POSTRTG", $"-m mark --mark 0x4000/0x4000 {Masq} -j RETURN"),
            new("nat", "FLANNEL-POSTRTG", $"-s {node} -d {cluster} {Masq} -j RETURN"),
            new("nat", "FLANNEL-POSTRTG", $"-s {cluster} -d {node} {Masq} -j RETURN"),
            new("nat", "FLANNEL-POSTRTG", $"! -s {cluster} -d {node} {Masq} -j RETURN"),
            new("nat", "FLANNEL-POSTRTG", $"-s {cluster} ! -d 224.0.0.0/4 {Masq} -j MASQUERADE --random-fully"),
            new("nat", "FLANNEL-POSTRTG", $"! -s {cluster} -d {cluster} {Masq} -j MASQUERADE --random-fully"),
            new("filter", "FLANNEL-FWD"),
            new("filter", "FORWARD", $"{Forward} -j FLANNEL-FWD"),
            new("filter", "FLANNEL-FWD", $"-s {cluster} {Forward} -j ACCEPT"),
            new("filter", "FLANNEL-FWD", $"-d {cluster} {Forward} -j ACCEPT"),
        ];
        return new KeptRules(rules, rules, InOrder: true);
    }

    private static ImmutableArray<EnsuredRule> KubeletCanaries =>
        [new("mangle", "KUBE-KUBELET-CANARY"), new("nat", "KUBE-KUBELET-CANARY"), new("filter", "KUBE-KUBELET-CANARY")];

    private static EnsuredRule[] Jump(string table, string to, string from, string match) =>
        [new(table, to), new(table, from, $"{match} -j {to}".TrimStart(), Prepend: true)];
}
