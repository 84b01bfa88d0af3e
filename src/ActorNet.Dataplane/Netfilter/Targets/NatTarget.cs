using ActorNet.Dataplane.Netfilter.Nat;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Targets;

/// <summary>Which translation a <see cref="NatTarget"/> makes.</summary>
internal enum NatKind : byte
{
    /// <summary>SNAT: another source.</summary>
    Source,

    /// <summary>DNAT: another destination.</summary>
    Destination,

    /// <summary>MASQUERADE: the source that suits the device it leaves by.</summary>
    Masquerade,

    /// <summary>REDIRECT: to this host.</summary>
    Redirect,
}

/// <summary>SNAT, DNAT, MASQUERADE and REDIRECT (linux net/netfilter/xt_nat.c, xt_MASQUERADE.c, xt_REDIRECT.c).</summary>
internal sealed class NatTarget(NatKind kind, NatRange range) : RuleTarget
{
    internal override string Name => NameOf(kind);

    internal NatKind Kind => kind;

    internal NatRange Range => range;

    internal override string? OnlyTable => TableNames.Nat;

    internal override int HookMask => kind switch
    {
        NatKind.Source => Hooks(NetfilterHook.PostRouting, NetfilterHook.Input),
        NatKind.Masquerade => Hooks(NetfilterHook.PostRouting),
        _ => Hooks(NetfilterHook.PreRouting, NetfilterHook.Output),
    };

    internal override RuleVerdict Execute(NetfilterPacket packet) => packet.Owner.Translations.Set(packet, kind, range);

    internal override void List(RuleText text, bool numeric)
    {
        if (kind is NatKind.Source or NatKind.Destination)
            text.Word("to:" + range.Format());
        else if (range.MinPort is not null)
            text.Word(kind == NatKind.Redirect ? "redir ports" : "masq ports:").Word(range.FormatPorts());
        var flags = new RuleText();
        range.PrintFlags(flags);
        text.Word(flags.ToString().Replace("--", "", StringComparison.Ordinal));
    }

    internal override void Print(RuleText text)
    {
        if (kind == NatKind.Source)
            text.Word("--to-source").Word(range.Format());
        else if (kind == NatKind.Destination)
            text.Word("--to-destination").Word(range.Format());
        else if (range.MinPort is not null)
            text.Word("--to-ports").Word(range.FormatPorts());
        range.PrintFlags(text);
    }

    private static string NameOf(NatKind kind) => kind switch
    {
        NatKind.Source => "SNAT",
        NatKind.Destination => "DNAT",
        NatKind.Masquerade => "MASQUERADE",
        _ => "REDIRECT",
    };

    /// <summary>Reads the options of the four (iptables extensions/libxt_NAT.c, libxt_MASQUERADE.c).</summary>
    internal sealed class Syntax(NatKind kind) : ExtensionSyntax<RuleTarget>
    {
        private NatRange _range;
        private bool _hasTo;

        internal override bool IsReusable => true;

        internal override void Begin()
        {
            base.Begin();
            (_range, _hasTo) = (default, false);
        }

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            string name = NameOf(kind);
            switch (option)
            {
                case "--to-source" when kind == NatKind.Source:
                case "--to-destination" when kind == NatKind.Destination:
                    NatRange to = NatRange.Parse(words.Argument(option), HasPorts(head));
                    _range = to with { Random = _range.Random, RandomFully = _range.RandomFully, Persistent = _range.Persistent };
                    _hasTo = true;
                    break;
                case "--to-ports" when kind is NatKind.Masquerade or NatKind.Redirect:
                    _range = NatRange.WithPorts(_range, words.Argument(option), HasPorts(head));
                    break;
                case "--random":
                    _range = _range with { Random = true };
                    break;
                case "--random-fully" when kind is NatKind.Source or NatKind.Masquerade:
                    _range = _range with { RandomFully = true };
                    break;
                case "--persistent" when kind is NatKind.Source or NatKind.Destination:
                    _range = _range with { Persistent = true };
                    break;
                default:
                    return false;
            }

            Once(name, option, inverted);
            return true;
        }

        internal override RuleTarget Build(RuleHead head)
        {
            if (!_hasTo && kind == NatKind.Source)
                throw RuleSyntaxException.MustBeSpecified("SNAT", "--to-source");
            if (!_hasTo && kind == NatKind.Destination)
                throw RuleSyntaxException.MustBeSpecified("DNAT", "--to-destination");
            return new NatTarget(kind, _range);
        }

        private static bool HasPorts(RuleHead head) =>
            !head.NotProtocol && head.Protocol is (byte)IpProtocol.Tcp or (byte)IpProtocol.Udp or (byte)IpProtocol.Sctp or 33;
    }
}
