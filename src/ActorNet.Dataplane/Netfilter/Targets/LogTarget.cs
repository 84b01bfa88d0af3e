using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Targets;

/// <summary>LOG: tells who listens, and goes on (linux net/netfilter/xt_LOG.c). What Linux would write into the kernel log is counted here and given to the listener.</summary>
internal sealed class LogTarget : RuleTarget
{
    private const byte DefaultLevel = 4;

    // The terminator aside (struct ipt_log_info).
    private const int MaxPrefix = 29;

    private static readonly string[] Levels = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];
    private static readonly string[] FlagOptions = ["--log-tcp-sequence", "--log-tcp-options", "--log-ip-options", "--log-uid", "--log-macdecode"];

    private string _prefix = "";
    private byte _level = DefaultLevel;
    private int _flags;

    internal override string Name => "LOG";

    /// <summary>What stands before each line.</summary>
    internal string Prefix => _prefix;

    internal override RuleVerdict Execute(NetfilterPacket packet)
    {
        packet.Owner.Log(packet, this);
        return RuleVerdict.Continue;
    }

    internal override void List(RuleText text, bool numeric)
    {
        text.Word("LOG").Word(numeric ? $"flags {_flags} level {_level}" : $"level {(_level == 4 ? "warn" : Levels[_level])}");
        if (_prefix.Length > 0)
            text.Word($"prefix \"{_prefix}\"");
    }

    internal override void Print(RuleText text)
    {
        if (_prefix.Length > 0)
            text.Word("--log-prefix").Quoted(_prefix);
        if (_level != DefaultLevel)
            text.Word("--log-level").Number(_level);
        for (int i = 0; i < FlagOptions.Length; i++)
        {
            if ((_flags & (1 << i)) != 0)
                text.Word(FlagOptions[i]);
        }
    }

    /// <summary>Reads LOG's options (iptables extensions/libxt_LOG.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleTarget>
    {
        private readonly LogTarget _target = new();

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            int flag = Array.IndexOf(FlagOptions, option);
            if (flag >= 0)
                _target._flags |= 1 << flag;
            else if (option == "--log-prefix")
                _target._prefix = Prefix(words.Argument(option));
            else if (option == "--log-level")
                _target._level = Level(words.Argument(option));
            else
                return false;
            Once("LOG", option, inverted);
            return true;
        }

        internal override RuleTarget Build(RuleHead head) => _target;

        private static string Prefix(string text)
        {
            if (text.Contains('\n', StringComparison.Ordinal))
                throw new RuleSyntaxException("Newlines not allowed in --log-prefix");
            return text.Length <= MaxPrefix ? text : throw new RuleSyntaxException("LOG: Maximum prefix length 29 for --log-prefix");
        }

        private static byte Level(string text)
        {
            if (Argument.TryUInt32(text, out uint number) && number < 8)
                return (byte)number;
            string name = text.ToLowerInvariant() switch { "panic" => "emerg", "warn" => "warning", "err" => "error", string other => other };
            int level = Array.IndexOf(Levels, name);
            return level >= 0 ? (byte)level : throw new RuleSyntaxException($"log-level `{text}' unknown");
        }
    }
}
