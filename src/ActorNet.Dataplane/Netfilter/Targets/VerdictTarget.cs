using ActorNet.Dataplane.Netfilter.Rules;

namespace ActorNet.Dataplane.Netfilter.Targets;

/// <summary>ACCEPT, DROP and RETURN.</summary>
internal sealed class VerdictTarget : RuleTarget
{
    internal static readonly VerdictTarget Accept = new("ACCEPT", RuleVerdict.Accept);
    internal static readonly VerdictTarget Drop = new("DROP", RuleVerdict.Drop);
    internal static readonly VerdictTarget Return = new("RETURN", RuleVerdict.Return);

    private readonly RuleVerdict _verdict;

    private VerdictTarget(string name, RuleVerdict verdict)
    {
        Name = name;
        _verdict = verdict;
    }

    internal override string Name { get; }

    internal override bool DependsOnPacket => false;

    internal override RuleVerdict Execute(NetfilterPacket packet) => _verdict;
}
