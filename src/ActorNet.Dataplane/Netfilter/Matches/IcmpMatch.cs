using System.Collections.Frozen;
using System.Globalization;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m icmp: type, and codes from one to another (linux net/ipv4/netfilter/ip_tables.c icmp_match).</summary>
internal sealed class IcmpMatch(byte type, byte lowCode, byte highCode, bool not) : RuleMatch
{
    private const byte Any = 0xFF;

    private static readonly FrozenDictionary<string, (byte Type, byte Low, byte High)> Names = new Dictionary<string, (byte Type, byte Low, byte High)>
    {
        ["any"] = (Any, 0, 0xFF),
        ["echo-reply"] = (0, 0, 0xFF),
        ["pong"] = (0, 0, 0xFF),
        ["destination-unreachable"] = (3, 0, 0xFF),
        ["network-unreachable"] = (3, 0, 0),
        ["host-unreachable"] = (3, 1, 1),
        ["protocol-unreachable"] = (3, 2, 2),
        ["port-unreachable"] = (3, 3, 3),
        ["fragmentation-needed"] = (3, 4, 4),
        ["source-route-failed"] = (3, 5, 5),
        ["network-unknown"] = (3, 6, 6),
        ["host-unknown"] = (3, 7, 7),
        ["network-prohibited"] = (3, 9, 9),
        ["host-prohibited"] = (3, 10, 10),
        ["TOS-network-unreachable"] = (3, 11, 11),
        ["TOS-host-unreachable"] = (3, 12, 12),
        ["communication-prohibited"] = (3, 13, 13),
        ["host-precedence-violation"] = (3, 14, 14),
        ["precedence-cutoff"] = (3, 15, 15),
        ["source-quench"] = (4, 0, 0xFF),
        ["redirect"] = (5, 0, 0xFF),
        ["network-redirect"] = (5, 0, 0),
        ["host-redirect"] = (5, 1, 1),
        ["TOS-network-redirect"] = (5, 2, 2),
        ["TOS-host-redirect"] = (5, 3, 3),
        ["echo-request"] = (8, 0, 0xFF),
        ["ping"] = (8, 0, 0xFF),
        ["router-advertisement"] = (9, 0, 0xFF),
        ["router-solicitation"] = (10, 0, 0xFF),
        ["time-exceeded"] = (11, 0, 0xFF),
        ["ttl-exceeded"] = (11, 0, 0xFF),
        ["ttl-zero-during-transit"] = (11, 0, 0),
        ["ttl-zero-during-reassembly"] = (11, 1, 1),
        ["parameter-problem"] = (12, 0, 0xFF),
        ["ip-header-bad"] = (12, 0, 0),
        ["required-option-missing"] = (12, 1, 1),
        ["timestamp-request"] = (13, 0, 0xFF),
        ["timestamp-reply"] = (14, 0, 0xFF),
        ["address-mask-request"] = (17, 0, 0xFF),
        ["address-mask-reply"] = (18, 0, 0xFF),
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    internal override string Name => "icmp";

    internal override bool DependsOnPacket => false;

    internal override bool Matches(NetfilterPacket packet)
    {
        ReadOnlySpan<byte> icmp = packet.Transport;
        if (packet.IsLaterFragment || icmp.Length < 4)
            return false;
        return (type == Any || (icmp[0] == type && icmp[1] >= lowCode && icmp[1] <= highCode)) != not;
    }

    internal override void List(RuleText text, bool numeric)
    {
        string code = lowCode == highCode ? $" code {lowCode}" : "";
        text.Word($"icmp{(not ? "!" : "")}type {type}{code}");
    }

    internal override void Print(RuleText text)
    {
        text.Option("--icmp-type", not);
        if (type == Any)
            text.Word("any");
        else
            text.Word(lowCode == 0 && highCode == 0xFF ? $"{type}" : $"{type}/{lowCode}");
    }

    /// <summary>Reads icmp's options (iptables extensions/libipt_icmp.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleMatch>
    {
        private IcmpMatch? _match;

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            if (option != "--icmp-type")
                return false;
            Once("icmp", option, inverted, mayInvert: true);
            (byte type, byte low, byte high) = Parse(words.Argument(option));
            _match = new IcmpMatch(type, low, high, inverted);
            return true;
        }

        internal override RuleMatch Build(RuleHead head) => _match ?? throw RuleSyntaxException.MustBeSpecified("icmp", "--icmp-type");

        private static (byte Type, byte Low, byte High) Parse(string text)
        {
            if (Names.TryGetValue(text, out (byte Type, byte Low, byte High) named))
                return named;
            int slash = text.IndexOf('/', StringComparison.Ordinal);
            if (!byte.TryParse(slash < 0 ? text : text[..slash], NumberStyles.None, CultureInfo.InvariantCulture, out byte type))
                throw new RuleSyntaxException($"Unknown ICMP type `{text}'");
            if (slash < 0)
                return (type, 0, 0xFF);
            if (!byte.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out byte code))
                throw new RuleSyntaxException($"Unknown ICMP type `{text}'");
            return (type, code, code);
        }
    }
}
