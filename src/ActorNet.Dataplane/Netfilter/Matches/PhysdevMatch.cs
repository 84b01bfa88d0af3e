using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m physdev: the bridge ports of a packet that a bridge passed to netfilter (linux net/netfilter/xt_physdev.c).</summary>
internal sealed class PhysdevMatch : RuleMatch
{
    private DeviceMatch _in;
    private DeviceMatch _out;
    private bool? _isIn;
    private bool? _isOut;
    private bool? _isBridged;

    internal override string Name => "physdev";

    internal override bool Matches(NetfilterPacket packet)
    {
        bool bridged = packet.PhysicalIn is not null && packet.PhysicalOut is not null;
        return (_isBridged is null || _isBridged == bridged)
            && (_isIn is null || _isIn == packet.PhysicalIn is not null)
            && (_isOut is null || _isOut == packet.PhysicalOut is not null)
            && _in.Matches(packet.PhysicalIn) && _out.Matches(packet.PhysicalOut);
    }

    internal override void List(RuleText text, bool numeric)
    {
        text.Word("PHYSDEV match");
        Print(text);
    }

    internal override void Print(RuleText text)
    {
        PrintIs(text, "--physdev-is-in", _isIn);
        _in.Print(text, "--physdev-in");
        PrintIs(text, "--physdev-is-out", _isOut);
        _out.Print(text, "--physdev-out");
        PrintIs(text, "--physdev-is-bridged", _isBridged);
    }

    private static void PrintIs(RuleText text, string option, bool? wanted)
    {
        if (wanted is { } yes)
            text.Option(option, !yes);
    }

    /// <summary>Reads physdev's options (iptables extensions/libxt_physdev.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleMatch>
    {
        private readonly PhysdevMatch _match = new();
        private bool _any;

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            switch (option)
            {
                case "--physdev-in":
                    _match._in = DeviceMatch.Parse(words.Argument(option), inverted);
                    break;
                case "--physdev-out":
                    _match._out = DeviceMatch.Parse(words.Argument(option), inverted);
                    break;
                case "--physdev-is-in":
                    _match._isIn = !inverted;
                    break;
                case "--physdev-is-out":
                    _match._isOut = !inverted;
                    break;
                case "--physdev-is-bridged":
                    _match._isBridged = !inverted;
                    break;
                default:
                    return false;
            }

            Once("physdev", option, inverted, mayInvert: true);
            _any = true;
            return true;
        }

        internal override RuleMatch Build(RuleHead head) => _any ? _match : throw new RuleSyntaxException("PHYSDEV: no physdev option specified");
    }
}
