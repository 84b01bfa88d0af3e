using System.Globalization;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>
/// -m statistic: by chance, or each n-th packet (linux net/netfilter/xt_statistic.c). The kernel draws from a generator of its own; here the
/// draw is a hash of seed, place, flow and ordinal.
/// </summary>
internal sealed class StatisticMatch : RuleMatch
{
    private readonly bool _random;
    private readonly uint _probability;
    private readonly uint _every;
    private readonly uint _packet;
    private readonly bool _not;
    private uint _count;

    private StatisticMatch(bool random, uint probability, uint every, uint packet, bool not)
    {
        _random = random;
        _probability = probability;
        _every = every;
        _packet = packet;
        _not = not;
        // statistic_mt_check: counting begins so that the chosen packet of the first round comes when it should.
        _count = every - packet;
    }

    internal override string Name => "statistic";

    internal override bool Matches(NetfilterPacket packet)
    {
        if (_random)
            return (packet.Owner.Draw(packet) & 0x7FFF_FFFF) < _probability != _not;
        uint next = _count == _every ? 0 : _count + 1;
        _count = next;
        return (next == 0) != _not;
    }

    internal override void Print(RuleText text)
    {
        text.Word("--mode");
        if (_random)
        {
            text.Word("random").Option("--probability", _not).Word((_probability / (double)0x8000_0000).ToString("F11", CultureInfo.InvariantCulture));
            return;
        }

        text.Word("nth").Option("--every", _not).Number((long)_every + 1).Word("--packet").Number(_packet);
    }

    /// <summary>Reads statistic's options (iptables extensions/libxt_statistic.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleMatch>
    {
        private const int MaxKept = 256;

        private string? _mode;
        private uint? _probability;
        private uint? _every;
        private uint? _packet;
        private bool _not;
        // The last ones by chance, which keep nothing: rules with the same chance share one.
        private readonly Dictionary<(uint Probability, bool Not), StatisticMatch> _byChance = [];

        internal override bool IsReusable => true;

        internal override void Begin()
        {
            base.Begin();
            (_mode, _probability, _every, _packet, _not) = (null, null, null, null, false);
        }

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            switch (option)
            {
                case "--mode":
                    _mode = words.Argument(option);
                    if (_mode is not ("random" or "nth"))
                        throw new RuleSyntaxException($"Bad mode \"{_mode}\"");
                    break;
                case "--probability":
                    _probability = Probability(words.Argument(option));
                    _not = inverted;
                    break;
                case "--every":
                    _every = Argument.UInt32("statistic", option, words.Argument(option), 1) - 1;
                    _not = inverted;
                    break;
                case "--packet":
                    _packet = Argument.UInt32("statistic", option, words.Argument(option));
                    break;
                default:
                    return false;
            }

            Once("statistic", option, inverted, mayInvert: option is "--probability" or "--every");
            return true;
        }

        internal override RuleMatch Build(RuleHead head)
        {
            if (_mode is null)
                throw RuleSyntaxException.MustBeSpecified("statistic", "--mode");
            if (_mode == "random")
                return _probability is { } p ? ByChance(p) : throw new RuleSyntaxException("--probability must be specified when using random mode");
            if (_every is not { } every)
                throw new RuleSyntaxException("--every must be specified when using nth mode");
            if (_packet is not { } packet)
                throw new RuleSyntaxException("statistic: option \"--every\" also requires \"--packet\".\n");
            if (packet > every)
                throw new RuleSyntaxException("the --packet p must be 0 <= p <= n-1");
            return new StatisticMatch(false, 0, every, packet, _not);
        }

        private StatisticMatch ByChance(uint probability)
        {
            if (_byChance.TryGetValue((probability, _not), out StatisticMatch? known))
                return known;
            if (_byChance.Count >= MaxKept)
                _byChance.Clear();
            return _byChance[(probability, _not)] = new StatisticMatch(true, probability, 0, 0, _not);
        }

        // lround(0x80000000 * prob): half away from zero.
        private static uint Probability(string text)
        {
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double p) || !(p >= 0 && p <= 1))
                throw new RuleSyntaxException($"statistic: Bad value for \"--probability\" option: \"{text}\", or out of range (0-1).\n");
            return (uint)Math.Round(p * 0x8000_0000, MidpointRounding.AwayFromZero);
        }
    }
}
