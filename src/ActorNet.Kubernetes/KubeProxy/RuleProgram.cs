using System.Globalization;
using System.Text;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>
/// Writes the text that kube-proxy in iptables mode gives to <c>iptables-restore --noflush --counters</c> (kubernetes pkg/proxy/iptables/proxier.go
/// syncProxyRules): filter first, then nat; the chains that Services share in full, and the own chains of those that changed.
/// </summary>
/// <param name="options">The node's settings.</param>
internal sealed class RuleProgram(ProxyOptions options)
{
    private readonly StringBuilder _text = new();
    private readonly List<string> _pieces = [];

    private string Mark => string.Create(CultureInfo.InvariantCulture, $"0x{1u << options.MasqueradeBit:x8}");

    /// <summary>Writes the rules of Services.</summary>
    /// <param name="all">All Services' parts, in the order that their rules shall have in shared chains; null when no shared chain of a table changed.</param>
    /// <param name="filter">Whether the shared chains of table filter are written.</param>
    /// <param name="captures">Whether those of table nat are.</param>
    /// <param name="changed">The parts whose own chains are written.</param>
    /// <param name="stale">Chains of earlier programs that are emptied and deleted.</param>
    /// <returns>The text in pieces, each of whole lines.</returns>
    internal IReadOnlyList<string> Write(IReadOnlyCollection<ServicePart> all, bool filter, bool captures, IReadOnlyCollection<WrittenPart> changed, IReadOnlyCollection<string> stale)
    {
        if (filter)
            WriteFilter(all);
        if (captures || changed.Count > 0 || stale.Count > 0)
            WriteNat(captures ? all : null, changed, stale);
        EndPiece();
        return _pieces;
    }

    private void WriteFilter(IReadOnlyCollection<ServicePart> all)
    {
        _text.Append("*filter\n");
        Declare("KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL");
        if (options.LocalhostNodePorts)
        {
            Declare("KUBE-FIREWALL");
            Line($"-A KUBE-FIREWALL {NodeRules.LocalnetRule}");
        }

        foreach (ServicePart part in all)
            _text.Append(part.Filter);
        string counted = options.HasAccounting ? " -m nfacct --nfacct-name ct_state_invalid_dropped_pkts" : "";
        Line($"-A KUBE-FORWARD -m conntrack --ctstate INVALID{counted} -j DROP");
        Line($"-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding rules\" -m mark --mark {Mark}/{Mark} -j ACCEPT");
        Line("-A KUBE-FORWARD -m comment --comment \"kubernetes forwarding conntrack rule\" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
        Line("COMMIT");
    }

    private void WriteNat(IReadOnlyCollection<ServicePart>? captures, IReadOnlyCollection<WrittenPart> changed, IReadOnlyCollection<string> stale)
    {
        _text.Append("*nat\n");
        if (captures is not null)
            Declare("KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ");
        foreach (string chain in changed.SelectMany(static p => p.Part.Chains))
            Declare(chain);
        foreach (string chain in stale)
            Declare(chain);
        if (captures is not null)
            WriteCaptures(captures);
        EndPiece();
        foreach (WrittenPart part in changed)
            _pieces.Add(part.Own);
        foreach (string chain in stale)
            Line($"-X {chain}");
        Line("COMMIT");
    }

    private void WriteCaptures(IReadOnlyCollection<ServicePart> all)
    {
        Line($"-A KUBE-POSTROUTING -m mark ! --mark {Mark}/{Mark} -j RETURN");
        // The mark is taken away, lest a packet that passes the network stack again be masqueraded twice.
        Line($"-A KUBE-POSTROUTING -j MARK --xor-mark {Mark}");
        Line("-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE --random-fully");
        Line($"-A KUBE-MARK-MASQ -j MARK --or-mark {Mark}");
        foreach (ServicePart part in all)
            _text.Append(part.Captures);
        Line("-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports; NOTE: this must be the last rule in this chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS");
    }

    private void EndPiece()
    {
        if (_text.Length > 0)
            _pieces.Add(_text.ToString());
        _text.Clear();
    }

    private void Declare(params ReadOnlySpan<string> chains)
    {
        foreach (string chain in chains)
            _text.Append(':').Append(chain).Append(" - [0:0]\n");
    }

    private void Line(string line) => _text.Append(line).Append('\n');
}
