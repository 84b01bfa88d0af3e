using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m mark: the packet's mark under a mask; -m connmark: the connection's (linux net/netfilter/xt_mark.c, xt_connmark.c).</summary>
internal sealed class MarkMatch(bool ofConnection, uint value, uint mask, bool not) : RuleMatch
{
    internal override string Name => ofConnection ? "connmark" : "mark";

    // The mark of a packet is what rules before made it; that of the connection, what packets of either direction left there.
    internal override bool DependsOnPacket => ofConnection;

    internal override bool HasEffects => false;

    internal override bool Matches(NetfilterPacket packet)
    {
        if (!ofConnection)
            return ((packet.Mark & mask) == value) != not;
        return packet.Connection is { } connection && ((connection.Mark & mask) == value) != not;
    }

    internal override void List(RuleText text, bool numeric)
    {
        // libxt_connmark.c has a blank more.
        text.Word(ofConnection && !not ? "connmark match " : ofConnection ? "connmark match" : "mark match");
        text.Word(not ? "!" : "").Marked(value, mask);
    }

    internal override void Print(RuleText text) => text.Option("--mark", not).Marked(value, mask);

    /// <summary>Reads the option of mark and connmark (iptables extensions/libxt_mark.c, libxt_connmark.c).</summary>
    internal sealed class Syntax(bool ofConnection) : ExtensionSyntax<RuleMatch>
    {
        private MarkMatch? _match;

        private string Extension => ofConnection ? "connmark" : "mark";

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            if (option != "--mark")
                return false;
            Once(Extension, option, inverted, mayInvert: true);
            (uint value, uint mask) = Argument.Marked(Extension, option, words.Argument(option));
            _match = new MarkMatch(ofConnection, value, mask, inverted);
            return true;
        }

        internal override RuleMatch Build(RuleHead head) => _match ?? throw RuleSyntaxException.MustBeSpecified(Extension, "--mark");
    }
}
