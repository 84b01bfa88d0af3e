using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>Ports that a match wants.</summary>
/// <param name="Ports">The range.</param>
/// <param name="Not">Whether all others are meant.</param>
internal readonly record struct PortMatch(PortRange Ports, bool Not)
{
    internal static readonly PortMatch All = new(PortRange.All, false);

    internal bool Matches(ushort port) => Ports.Contains(port) != Not;

    internal void Print(RuleText text, string option)
    {
        if (Ports != PortRange.All)
            text.Option(option, Not).Word(Ports.Format(':'));
    }
}
