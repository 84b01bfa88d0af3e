using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Targets;

/// <summary>NOTRACK and CT --notrack: conntrack leaves the packet alone (linux net/netfilter/xt_CT.c).</summary>
internal sealed class NotrackTarget(bool isCt) : RuleTarget
{
    internal override string Name => isCt ? "CT" : "NOTRACK";

    internal override string? OnlyTable => TableNames.Raw;

    internal override RuleVerdict Execute(NetfilterPacket packet)
    {
        if (packet.Info == ConntrackInfo.None)
            packet.Info = ConntrackInfo.Untracked;
        return RuleVerdict.Continue;
    }

    internal override void List(RuleText text, bool numeric) => text.Word(isCt ? "NOTRACK" : "");

    internal override void Print(RuleText text)
    {
        if (isCt)
            text.Word("--notrack");
    }

    /// <summary>Reads the option of CT; NOTRACK has none.</summary>
    internal sealed class Syntax(bool isCt) : ExtensionSyntax<RuleTarget>
    {
        private bool _asked;

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            if (!isCt || option != "--notrack")
                return false;
            Once("CT", option, inverted);
            _asked = true;
            return true;
        }

        internal override RuleTarget Build(RuleHead head) =>
            !isCt || _asked ? new NotrackTarget(isCt) : throw new RuleSyntaxException("CT: option \"--notrack\" must be specified\n");
    }
}
