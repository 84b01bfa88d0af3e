using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>What -m recent does with its list.</summary>
internal enum RecentMode : byte
{
    /// <summary>Enters the address, or makes it the latest.</summary>
    Set,

    /// <summary>Asks whether it is there.</summary>
    Check,

    /// <summary>Asks, and makes it the latest when it is.</summary>
    Update,

    /// <summary>Takes it out.</summary>
    Remove,
}

/// <summary>-m recent: lists of addresses by name that rules fill and ask (linux net/netfilter/xt_recent.c recent_mt).</summary>
internal sealed class RecentMatch : RuleMatch
{
    private RecentMode _mode;
    private bool _not;
    private uint _seconds;
    private bool _reap;
    private uint _hits;
    private bool _rttl;
    private string _list = "DEFAULT";
    private uint _mask = uint.MaxValue;
    private bool _ofDestination;

    internal override string Name => "recent";

    internal override bool Matches(NetfilterPacket packet)
    {
        var address = new Ipv4Address((_ofDestination ? packet.Destination : packet.Source).Value & _mask);
        RecentList list = packet.Owner.RecentListOf(_list);
        byte? ttl = _rttl ? packet.Bytes[8] : null;
        bool found = _mode switch
        {
            RecentMode.Set => list.Set(address, packet.Bytes[8], packet.Owner.Now),
            RecentMode.Remove => list.Remove(address, ttl),
            _ => list.Check(address, ttl, _seconds, _hits, _reap, _mode == RecentMode.Update, packet.Owner.Now),
        };
        return found != _not;
    }

    internal override void List(RuleText text, bool numeric)
    {
        text.Word(_not ? "!" : "").Word("recent:").Word(_mode switch { RecentMode.Set => "SET", RecentMode.Check => "CHECK", RecentMode.Update => "UPDATE", _ => "REMOVE" });
        if (_seconds != 0)
            text.Word("seconds:").Number(_seconds);
        text.Word(_reap ? "reap" : "");
        if (_hits != 0)
            text.Word("hit_count:").Number(_hits);
        text.Word(_rttl ? "TTL-Match" : "").Word("name:").Word(_list).Word("side:").Word(_ofDestination ? "dest" : "source").Word("mask:").Word(new Ipv4Address(_mask).ToString());
    }

    internal override void Print(RuleText text)
    {
        text.Option(_mode switch { RecentMode.Set => "--set", RecentMode.Check => "--rcheck", RecentMode.Update => "--update", _ => "--remove" }, _not);
        if (_seconds != 0)
            text.Word("--seconds").Number(_seconds);
        if (_reap)
            text.Word("--reap");
        if (_hits != 0)
            text.Word("--hitcount").Number(_hits);
        if (_rttl)
            text.Word("--rttl");
        text.Word("--name").Word(_list).Word("--mask").Word(new Ipv4Address(_mask).ToString());
        text.Word(_ofDestination ? "--rdest" : "--rsource");
    }

    /// <summary>Reads recent's options (iptables extensions/libxt_recent.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleMatch>
    {
        private readonly RecentMatch _match = new();
        private bool _hasMode;

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            switch (option)
            {
                case "--set" or "--rcheck" or "--update" or "--remove":
                    Choose(option, inverted);
                    return true;
                case "--seconds":
                    _match._seconds = Argument.UInt32("recent", option, words.Argument(option), 1);
                    break;
                case "--reap":
                    _match._reap = true;
                    break;
                case "--hitcount":
                    _match._hits = Argument.UInt32("recent", option, words.Argument(option));
                    break;
                case "--rttl":
                    _match._rttl = true;
                    break;
                case "--name":
                    _match._list = words.Argument(option);
                    break;
                case "--mask":
                    _match._mask = Argument.Host(words.Argument(option)).Value;
                    break;
                case "--rsource":
                    _match._ofDestination = false;
                    break;
                case "--rdest":
                    _match._ofDestination = true;
                    break;
                default:
                    return false;
            }

            Once("recent", option, inverted);
            return true;
        }

        internal override RuleMatch Build(RuleHead head)
        {
            if (!_hasMode)
                throw new RuleSyntaxException("recent: you must specify one of `--set', `--rcheck' `--update' or `--remove'");
            if (_match._reap && _match._seconds == 0)
                throw new RuleSyntaxException("recent: option \"--reap\" also requires \"--seconds\".\n");
            return _match;
        }

        private void Choose(string option, bool inverted)
        {
            if (_hasMode)
                throw new RuleSyntaxException("recent: only one of `--set', `--rcheck' `--update' or `--remove' may be set");
            _hasMode = true;
            _match._not = inverted;
            _match._mode = option switch { "--set" => RecentMode.Set, "--rcheck" => RecentMode.Check, "--update" => RecentMode.Update, _ => RecentMode.Remove };
        }
    }
}
