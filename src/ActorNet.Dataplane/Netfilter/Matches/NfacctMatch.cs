using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m nfacct: counts into an accounting object by name; always true (linux net/netfilter/xt_nfacct.c).</summary>
internal sealed class NfacctMatch(string name) : RuleMatch
{
    // NFACCT_NAME_MAX with the terminator.
    private const int MaxName = 31;

    internal override string Name => "nfacct";

    internal string ObjectName { get; } = name;

    internal override bool Matches(NetfilterPacket packet)
    {
        packet.Owner.Account(ObjectName, packet.Count, packet.TotalLength);
        return true;
    }

    // The saver of 1.8.9 prints two spaces.
    internal override void Print(RuleText text) => text.Word("--nfacct-name ").Word(ObjectName);

    /// <summary>Reads nfacct's option (iptables extensions/libxt_nfacct.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleMatch>
    {
        private NfacctMatch? _match;

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            if (option != "--nfacct-name")
                return false;
            Once("nfacct", option, inverted);
            string name = words.Argument(option);
            if (name.Length is 0 or > MaxName)
                throw new RuleSyntaxException($"nfacct: Argument must have a minimum length of 1 characters\n");
            _match = new NfacctMatch(name);
            return true;
        }

        internal override RuleMatch Build(RuleHead head) => _match ?? throw RuleSyntaxException.MustBeSpecified("nfacct", "--nfacct-name");
    }
}
