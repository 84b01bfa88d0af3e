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

    /// <summary>As iptables -L shows it: dpt:80, dpts:1:5, dpt:!80 (extensions/libxt_tcp.c print_ports).</summary>
    internal void List(RuleText text, string name, bool numeric)
    {
        if (Ports == PortRange.All && !Not)
            return;
        string not = Not ? "!" : "";
        text.Word(Ports.Low == Ports.High ? $"{name}:{not}{PortNames.NameOf(Ports.Low, numeric)}" : $"{name}s:{not}{PortNames.NameOf(Ports.Low, numeric)}:{PortNames.NameOf(Ports.High, numeric)}");
    }
}
