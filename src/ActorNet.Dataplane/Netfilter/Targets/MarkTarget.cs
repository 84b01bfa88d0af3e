using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Targets;

/// <summary>MARK: mark = (mark and not mask) xor value (linux net/netfilter/xt_mark.c).</summary>
internal sealed class MarkTarget(uint value, uint mask) : RuleTarget
{
    internal override string Name => "MARK";

    internal override bool DependsOnPacket => false;

    internal override RuleVerdict Execute(NetfilterPacket packet)
    {
        packet.Mark = (packet.Mark & ~mask) ^ value;
        return RuleVerdict.Continue;
    }

    internal override void List(RuleText text, bool numeric) => text.Word("MARK").Word(
        value == 0 ? $"and 0x{~mask:x}" : value == mask ? $"or 0x{value:x}" : mask == 0 ? $"xor 0x{value:x}" : mask == uint.MaxValue ? $"set 0x{value:x}" : $"xset 0x{value:x}/0x{mask:x}");

    internal override void Print(RuleText text) => text.Word("--set-xmark").Word($"0x{value:x}/0x{mask:x}");

    /// <summary>Reads MARK's options (iptables extensions/libxt_MARK.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleTarget>
    {
        private (uint Value, uint Mask)? _set;

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            (uint Value, uint Mask)? set = option switch
            {
                "--set-xmark" => Xmark(option, words),
                "--set-mark" => SetMark(option, words),
                "--and-mark" => (0u, ~Number(option, words)),
                "--or-mark" => Same(Number(option, words)),
                "--xor-mark" => (Number(option, words), 0u),
                _ => null,
            };
            if (set is null)
                return false;
            Once("MARK", option, inverted);
            _set = set;
            return true;
        }

        internal override RuleTarget Build(RuleHead head) => _set is { } set
            ? new MarkTarget(set.Value, set.Mask)
            : throw new RuleSyntaxException("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required\n");

        private static (uint Value, uint Mask) Xmark(string option, RuleWords words) => Argument.Marked("MARK", option, words.Argument(option));

        // --set-mark value/mask: bits of the mask and of the value are replaced.
        private static (uint Value, uint Mask) SetMark(string option, RuleWords words)
        {
            (uint value, uint mask) = Xmark(option, words);
            return (value, mask | value);
        }

        private static (uint Value, uint Mask) Same(uint value) => (value, value);

        private static uint Number(string option, RuleWords words) => Argument.UInt32("MARK", option, words.Argument(option));
    }
}
