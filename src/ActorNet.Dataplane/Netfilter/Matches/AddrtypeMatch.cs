using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m addrtype: what the routing tables take an address for (linux net/netfilter/xt_addrtype.c, inet_dev_addr_type).</summary>
internal sealed class AddrtypeMatch : RuleMatch
{
    // Bits are RTN_* of linux include/uapi/linux/rtnetlink.h.
    private static readonly string[] Names =
        ["UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT", "THROW", "NAT", "XRESOLVE"];

    private int _source;
    private bool _notSource;
    private int _destination;
    private bool _notDestination;
    private bool _limitIn;
    private bool _limitOut;

    internal override string Name => "addrtype";

    internal override bool DependsOnPacket => false;

    internal override bool HasEffects => false;

    internal override bool Matches(NetfilterPacket packet)
    {
        string? device = _limitIn ? packet.InName : _limitOut ? packet.OutName : null;
        return Is(packet, packet.Source, device, _source, _notSource) && Is(packet, packet.Destination, device, _destination, _notDestination);
    }

    internal override void List(RuleText text, bool numeric)
    {
        text.Word("ADDRTYPE match");
        ListTypes(text, "src-type", _source, _notSource);
        ListTypes(text, "dst-type", _destination, _notDestination);
        text.Word(_limitIn ? "limit-in" : "").Word(_limitOut ? "limit-out" : "");
    }

    internal override void Print(RuleText text)
    {
        PrintTypes(text, "--src-type", _source, _notSource);
        PrintTypes(text, "--dst-type", _destination, _notDestination);
        if (_limitIn)
            text.Word("--limit-iface-in");
        if (_limitOut)
            text.Word("--limit-iface-out");
    }

    private static bool Is(NetfilterPacket packet, Ipv4Address address, string? device, int types, bool not) =>
        types == 0 || ((types & (1 << packet.Owner.AddressTypeOf(address, device))) != 0) != not;

    private static void ListTypes(RuleText text, string option, int types, bool not)
    {
        if (types != 0)
            text.Word(option).Word((not ? "!" : "") + string.Join(',', Names.Where((_, bit) => (types & (1 << bit)) != 0)));
    }

    private static void PrintTypes(RuleText text, string option, int types, bool not)
    {
        if (types != 0)
            text.Option(option, not).Word(string.Join(',', Names.Where((_, bit) => (types & (1 << bit)) != 0)));
    }

    /// <summary>Reads addrtype's options (iptables extensions/libxt_addrtype.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleMatch>
    {
        private readonly AddrtypeMatch _match = new();

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            switch (option)
            {
                case "--src-type":
                    (_match._source, _match._notSource) = (Types(words.Argument(option)), inverted);
                    break;
                case "--dst-type":
                    (_match._destination, _match._notDestination) = (Types(words.Argument(option)), inverted);
                    break;
                case "--limit-iface-in":
                    _match._limitIn = true;
                    break;
                case "--limit-iface-out":
                    _match._limitOut = true;
                    break;
                default:
                    return false;
            }

            Once("addrtype", option, inverted, mayInvert: option.EndsWith("-type", StringComparison.Ordinal));
            if (_match is { _limitIn: true, _limitOut: true })
                throw new RuleSyntaxException("addrtype: option \"--limit-iface-out\" cannot be used together with \"--limit-iface-in\".\n");
            return true;
        }

        internal override RuleMatch Build(RuleHead head) => _match._source != 0 || _match._destination != 0
            ? _match
            : throw new RuleSyntaxException("addrtype: you must specify --src-type or --dst-type");

        private static int Types(string text)
        {
            int types = 0;
            foreach (string word in text.Split(','))
            {
                int bit = Array.FindIndex(Names, n => n.Equals(word, StringComparison.OrdinalIgnoreCase));
                if (bit < 0)
                    throw new RuleSyntaxException($"addrtype: bad type `{word}'");
                types |= 1 << bit;
            }

            return types;
        }
    }
}
