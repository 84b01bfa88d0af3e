using ActorNet.Dataplane.Netfilter.Rules;

namespace ActorNet.Dataplane.Netfilter.Targets;

/// <summary>-j CHAIN or -g CHAIN.</summary>
/// <param name="chain">The chain.</param>
/// <param name="isGoto">Whether RETURN there goes back to where this chain was called from.</param>
internal sealed class ChainTarget(Chain chain, bool isGoto) : RuleTarget
{
    internal Chain Chain { get; } = chain;

    internal override string Name => Chain.Name;

    internal override string Option => isGoto ? "-g" : "-j";

    internal override bool DependsOnPacket => false;

    internal override RuleVerdict Execute(NetfilterPacket packet) => isGoto ? RuleVerdict.Goto : RuleVerdict.Jump;
}
