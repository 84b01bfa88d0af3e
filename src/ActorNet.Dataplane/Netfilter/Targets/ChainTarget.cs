using ActorNet.Dataplane.Netfilter.Rules;

namespace ActorNet.Dataplane.Netfilter.Targets;

/// <summary>-j CHAIN or -g CHAIN. It is read by name, and leads somewhere from the moment on that its rule is put into a table.</summary>
/// <param name="name">The chain's name.</param>
/// <param name="isGoto">Whether RETURN there goes back to where this chain was called from.</param>
internal sealed class ChainTarget(string name, bool isGoto) : RuleTarget
{
    private Chain? _chain;

    internal Chain Chain => _chain ?? throw new InvalidOperationException($"The jump to {name} has not been bound to a chain.");

    /// <summary>What bound it: the same again need not look.</summary>
    internal long BoundBy { get; private set; }

    internal override string Name => name;

    internal override string Option => isGoto ? "-g" : "-j";

    internal override bool DependsOnPacket => false;

    internal override RuleVerdict Execute(NetfilterPacket packet) => isGoto ? RuleVerdict.Goto : RuleVerdict.Jump;

    /// <summary>Says which chain is meant; before the rule is in force.</summary>
    internal void Bind(Chain chain, long by) => (_chain, BoundBy) = (chain, by);
}
