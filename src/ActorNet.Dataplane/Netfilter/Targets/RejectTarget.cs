using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Targets;

/// <summary>REJECT: drops, and answers with an ICMP error or a TCP reset (linux net/ipv4/netfilter/ipt_REJECT.c).</summary>
internal sealed class RejectTarget : RuleTarget
{
    private static readonly (string Name, string Alias, byte Code)[] Kinds =
    [
        ("icmp-net-unreachable", "net-unreach", 0),
        ("icmp-host-unreachable", "host-unreach", 1),
        ("icmp-proto-unreachable", "proto-unreach", 2),
        ("icmp-port-unreachable", "port-unreach", 3),
        ("icmp-net-prohibited", "net-prohib", 9),
        ("icmp-host-prohibited", "host-prohib", 10),
        ("tcp-reset", "tcp-rst", TcpReset),
        ("icmp-admin-prohibited", "admin-prohib", 13),
    ];

    private const byte TcpReset = 0xFF;

    private readonly byte _code;
    private readonly string _name;

    private RejectTarget(string name, byte code)
    {
        _name = name;
        _code = code;
    }

    internal override string Name => "REJECT";

    internal override string? OnlyTable => TableNames.Filter;

    internal override int HookMask => Hooks(NetfilterHook.Input, NetfilterHook.Forward, NetfilterHook.Output);

    internal override RuleVerdict Execute(NetfilterPacket packet)
    {
        if (_code == TcpReset)
            packet.Owner.SendReset(packet);
        else
            packet.Owner.SendUnreachable(packet, _code);
        return RuleVerdict.Drop;
    }

    internal override void List(RuleText text, bool numeric) => text.Word("reject-with").Word(_name);

    internal override void Print(RuleText text) => text.Word("--reject-with").Word(_name);

    /// <summary>Reads REJECT's option (iptables extensions/libipt_REJECT.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleTarget>
    {
        private (string Name, string Alias, byte Code) _kind = Kinds[3];

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            if (option != "--reject-with")
                return false;
            Once("REJECT", option, inverted);
            string wanted = words.Argument(option);
            // Any beginning of a name will do.
            int at = wanted.Length == 0 ? -1 : Array.FindIndex(Kinds, k => StartsWith(k.Name, wanted) || StartsWith(k.Alias, wanted));
            _kind = at >= 0 ? Kinds[at] : throw new RuleSyntaxException($"unknown reject type \"{wanted}\"");
            return true;
        }

        internal override RuleTarget Build(RuleHead head)
        {
            if (_kind.Code == TcpReset && (head.Protocol != (byte)IpProtocol.Tcp || head.NotProtocol))
                return new InvalidReject();
            return new RejectTarget(_kind.Name, _kind.Code);
        }

        private static bool StartsWith(string name, string beginning) => name.StartsWith(beginning, StringComparison.OrdinalIgnoreCase);
    }

    // reject_tg_check: a reset needs -p tcp; the kernel says EINVAL when the rule is to come into force.
    private sealed class InvalidReject : RuleTarget
    {
        internal override string Name => "REJECT";

        internal override int HookMask => 0;

        internal override RuleVerdict Execute(NetfilterPacket packet) => RuleVerdict.Drop;
    }
}
