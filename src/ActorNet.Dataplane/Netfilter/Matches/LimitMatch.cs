using System.Globalization;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Dataplane.Time;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m limit: a token bucket (linux net/netfilter/xt_limit.c). A packet costs <c>period</c>; the bucket holds a burst of them.</summary>
internal sealed class LimitMatch(uint period, uint burst) : RuleMatch
{
    private const uint Scale = 10_000;
    private const uint DefaultBurst = 5;

    private static readonly (string Name, uint Multiplier)[] Units = [("day", Scale * 86_400), ("hour", Scale * 3600), ("min", Scale * 60), ("sec", Scale)];

    // Nanoseconds of credit; one packet costs period / 10,000 seconds.
    private readonly long _cost = period * 100_000L;
    private readonly long _full = period * 100_000L * burst;
    private long _credit = -1;
    private Instant _last;

    internal override string Name => "limit";

    internal override bool Matches(NetfilterPacket packet)
    {
        Instant now = packet.Owner.Now;
        _credit = _credit < 0 ? _full : Math.Min(_full, _credit + (now.Nanoseconds - _last.Nanoseconds));
        _last = now;
        if (_credit < _cost)
            return false;
        _credit -= _cost;
        return true;
    }

    internal override void List(RuleText text, bool numeric) => text.Word("limit: avg").Word(Rate()).Word("burst").Number(burst);

    internal override void Print(RuleText text)
    {
        text.Word("--limit").Word(Rate());
        if (burst != DefaultBurst)
            text.Word("--limit-burst").Number(burst);
    }

    // libxt_limit.c print_rate: the largest unit that shows the rate without losing much.
    private string Rate()
    {
        int at = 1;
        while (at < Units.Length && period <= Units[at].Multiplier && Units[at].Multiplier / period >= Units[at].Multiplier % period)
            at++;
        return string.Create(CultureInfo.InvariantCulture, $"{Units[at - 1].Multiplier / period}/{Units[at - 1].Name}");
    }

    /// <summary>Reads limit's options (iptables extensions/libxt_limit.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleMatch>
    {
        private uint _period = Scale * 3600 / 3;
        private uint _burst = DefaultBurst;

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            switch (option)
            {
                case "--limit":
                    _period = Period(words.Argument(option));
                    break;
                case "--limit-burst":
                    _burst = Argument.UInt32("limit", option, words.Argument(option), 1, 10_000);
                    break;
                default:
                    return false;
            }

            Once("limit", option, inverted);
            return true;
        }

        internal override RuleMatch Build(RuleHead head) => new LimitMatch(_period, _burst);

        private static uint Period(string text)
        {
            int slash = text.IndexOf('/', StringComparison.Ordinal);
            string unit = slash < 0 ? "second" : text[(slash + 1)..];
            uint? multiplier = unit.Length == 0 ? null : Scale * Seconds(unit);
            if (multiplier is null or 0 || !uint.TryParse(slash < 0 ? text : text[..slash], NumberStyles.None, CultureInfo.InvariantCulture, out uint rate) || rate == 0)
                throw new RuleSyntaxException($"bad rate \"{text}\"'");
            uint period = multiplier.Value / rate;
            // libxt_limit.c: the rate maps to infinity.
            return period > 0 ? period : throw new RuleSyntaxException($"Rate too fast \"{text}\"\n");
        }

        private static uint Seconds(string unit)
        {
            bool Names(string name) => name.StartsWith(unit, StringComparison.OrdinalIgnoreCase);
            return Names("second") ? 1u : Names("minute") ? 60u : Names("hour") ? 3600u : Names("day") ? 86_400u : 0u;
        }
    }
}
