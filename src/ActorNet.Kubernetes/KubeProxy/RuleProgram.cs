using System.Globalization;
using System.Text;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>
/// The text that kube-proxy in iptables mode gives to <c>iptables-restore --noflush --counters</c> (kubernetes pkg/proxy/iptables/proxier.go
/// syncProxyRules): filter first, then nat; top-level chains in full, and the chains of each port.
/// </summary>
/// <param name="options">The node's settings.</param>
internal sealed class RuleProgram(ProxyOptions options)
{
    // largeClusterEndpointsThreshold: above it the comments of endpoint rules are left out.
    private const int LargeCluster = 1000;

    private readonly StringBuilder _filterChains = new();
    private readonly StringBuilder _filterRules = new();
    private readonly StringBuilder _natChains = new();
    private readonly StringBuilder _natRules = new();
    private readonly HashSet<string> _chains = new(StringComparer.Ordinal);

    private string Mark => string.Create(CultureInfo.InvariantCulture, $"0x{1u << options.MasqueradeBit:x8}");

    /// <summary>
    /// The jumps from the built-in chains as they stand on an empty host (iptablesJumpChains, each inserted at the top): made once, before the
    /// first program.
    /// </summary>
    internal static string Jumps =>
        """
        *nat
        :KUBE-SERVICES - [0:0]
        :KUBE-POSTROUTING - [0:0]
        :KUBE-PROXY-CANARY - [0:0]
        -I POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
        -I PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -I OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        COMMIT
        *mangle
        :KUBE-PROXY-CANARY - [0:0]
        COMMIT
        *filter
        :KUBE-SERVICES - [0:0]
        :KUBE-EXTERNAL-SERVICES - [0:0]
        :KUBE-FORWARD - [0:0]
        :KUBE-NODEPORTS - [0:0]
        :KUBE-PROXY-FIREWALL - [0:0]
        :KUBE-FIREWALL - [0:0]
        :KUBE-PROXY-CANARY - [0:0]
        -I INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
        -I INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
        -I INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
        -I INPUT -j KUBE-FIREWALL
        -I FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
        -I FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -I FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
        -I FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
        -I OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
        -I OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
        -I OUTPUT -j KUBE-FIREWALL
        COMMIT

        """;

    /// <summary>Chains of ports and endpoints that the last program made.</summary>
    internal IReadOnlySet<string> Chains => _chains;

    /// <summary>Compiles the rules of all ports.</summary>
    /// <param name="ports">The ports, in the order that their rules shall have.</param>
    /// <param name="former">Chains that an earlier program made; those that are not wanted any more are emptied and deleted.</param>
    internal string Compile(IReadOnlyList<ProxyServicePort> ports, IReadOnlySet<string> former)
    {
        Begin();
        List<(ProxyServicePort Port, EndpointChoice Choice)> chosen = [.. ports.Select(p => p.WithHash()).Select(p => (p, EndpointChoice.Of(p, options.Node, options.Zone)))];
        bool comments = ports.Sum(static p => p.Endpoints.Count) <= LargeCluster;
        foreach ((ProxyServicePort port, EndpointChoice choice) in chosen)
        {
            foreach (string chain in new PortRules(options, _filterRules, _natRules).Write(port, choice, comments))
            {
                if (_chains.Add(chain))
                    Declare(_natChains, chain);
            }
        }

        foreach (string stale in former.Where(c => !_chains.Contains(c)).Order(StringComparer.Ordinal))
        {
            Declare(_natChains, stale);
            _natRules.Append("-X ").Append(stale).Append('\n');
        }

        End();
        return $"*filter\n{_filterChains}{_filterRules}COMMIT\n*nat\n{_natChains}{_natRules}COMMIT\n";
    }

    private void Begin()
    {
        foreach (StringBuilder part in new[] { _filterChains, _filterRules, _natChains, _natRules })
            part.Clear();
        _chains.Clear();
        foreach (string chain in new[] { "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL" })
            Declare(_filterChains, chain);
        foreach (string chain in new[] { "KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ" })
            Declare(_natChains, chain);
        if (options.LocalhostNodePorts)
        {
            Declare(_filterChains, "KUBE-FIREWALL");
            _filterRules.Append("-A KUBE-FIREWALL -m comment --comment \"block incoming localnet connections\" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n");
        }

        _natRules.Append(CultureInfo.InvariantCulture, $"-A KUBE-POSTROUTING -m mark ! --mark {Mark}/{Mark} -j RETURN\n");
        // The mark is taken away, lest a packet that passes the network stack again be masqueraded twice.
        _natRules.Append(CultureInfo.InvariantCulture, $"-A KUBE-POSTROUTING -j MARK --xor-mark {Mark}\n");
        _natRules.Append("-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE --random-fully\n");
        _natRules.Append(CultureInfo.InvariantCulture, $"-A KUBE-MARK-MASQ -j MARK --or-mark {Mark}\n");
    }

    private void End()
    {
        _natRules.Append("-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports; NOTE: this must be the last rule in this chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS\n");
        string counted = options.HasAccounting ? " -m nfacct --nfacct-name ct_state_invalid_dropped_pkts" : "";
        _filterRules.Append(CultureInfo.InvariantCulture, $"-A KUBE-FORWARD -m conntrack --ctstate INVALID{counted} -j DROP\n");
        _filterRules.Append(CultureInfo.InvariantCulture, $"-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding rules\" -m mark --mark {Mark}/{Mark} -j ACCEPT\n");
        _filterRules.Append("-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding conntrack rule\" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n");
    }

    private static void Declare(StringBuilder into, string chain) => into.Append(':').Append(chain).Append(" - [0:0]\n");
}
