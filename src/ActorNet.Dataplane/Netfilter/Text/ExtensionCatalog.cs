using ActorNet.Dataplane.Netfilter.Matches;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Targets;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>The matches and targets that rules may name.</summary>
internal static class ExtensionCatalog
{
    /// <summary>The reader of a match's options; null for a name that is none.</summary>
    internal static ExtensionSyntax<RuleMatch>? MatchOf(string name) => name switch
    {
        "tcp" => new TcpMatch.Syntax(),
        "udp" or "sctp" or "dccp" or "udplite" => new UdpMatch.Syntax(name),
        "icmp" => new IcmpMatch.Syntax(),
        "multiport" => new MultiportMatch.Syntax(),
        "mark" => new MarkMatch.Syntax(ofConnection: false),
        "connmark" => new MarkMatch.Syntax(ofConnection: true),
        "conntrack" or "state" => new ConntrackMatch.Syntax(name),
        "comment" => new CommentMatch.Syntax(),
        "statistic" => new StatisticMatch.Syntax(),
        "recent" => new RecentMatch.Syntax(),
        "addrtype" => new AddrtypeMatch.Syntax(),
        "physdev" => new PhysdevMatch.Syntax(),
        "limit" => new LimitMatch.Syntax(),
        "nfacct" => new NfacctMatch.Syntax(),
        _ => null,
    };

    /// <summary>The reader of a target's options; null for a name that is none: then it is a chain's.</summary>
    internal static ExtensionSyntax<RuleTarget>? TargetOf(string name) => name switch
    {
        "REJECT" => new RejectTarget.Syntax(),
        "LOG" => new LogTarget.Syntax(),
        "MARK" => new MarkTarget.Syntax(),
        "CONNMARK" => new ConnmarkTarget.Syntax(),
        "SNAT" => new NatTarget.Syntax(NatKind.Source),
        "DNAT" => new NatTarget.Syntax(NatKind.Destination),
        "MASQUERADE" => new NatTarget.Syntax(NatKind.Masquerade),
        "REDIRECT" => new NatTarget.Syntax(NatKind.Redirect),
        "NOTRACK" => new NotrackTarget.Syntax(isCt: false),
        "CT" => new NotrackTarget.Syntax(isCt: true),
        _ => null,
    };

    /// <summary>ACCEPT, DROP or RETURN; null for another name.</summary>
    internal static RuleTarget? VerdictOf(string name) => name switch
    {
        "ACCEPT" => VerdictTarget.Accept,
        "DROP" => VerdictTarget.Drop,
        "RETURN" => VerdictTarget.Return,
        _ => null,
    };
}
