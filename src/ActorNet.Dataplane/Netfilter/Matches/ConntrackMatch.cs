using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m conntrack and -m state: what conntrack knows about the packet (linux net/netfilter/xt_conntrack.c conntrack_mt).</summary>
internal sealed class ConntrackMatch(string name) : RuleMatch
{
    private const int InvalidBit = 1;
    private const int NewBit = 2;
    private const int RelatedBit = 4;
    private const int EstablishedBit = 8;
    private const int UntrackedBit = 16;
    private const int SourceNatBit = 32;
    private const int DestinationNatBit = 64;

    private static readonly string[] States = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"];
    private static readonly (string Name, ConntrackStatus Bit)[] Statuses =
    [
        ("EXPECTED", ConntrackStatus.Expected), ("SEEN_REPLY", ConntrackStatus.SeenReply), ("ASSURED", ConntrackStatus.Assured), ("CONFIRMED", ConntrackStatus.Confirmed),
    ];

    private static readonly string[] AddressOptions = ["--ctorigsrc", "--ctorigdst", "--ctreplsrc", "--ctrepldst"];
    private static readonly string[] PortOptions = ["--ctorigsrcport", "--ctorigdstport", "--ctreplsrcport", "--ctrepldstport"];

    private readonly AddressMatch?[] _addresses = new AddressMatch?[4];
    private readonly PortMatch?[] _ports = new PortMatch?[4];
    private (int Mask, bool Not)? _state;
    private (byte Protocol, bool Not)? _protocol;
    private (ConntrackStatus Mask, bool Not)? _status;
    private (uint Low, uint High, bool Not)? _expires;
    private (bool Reply, bool Not)? _direction;

    internal override string Name => name;

    // Of an established connection state, direction and tuples stand; that it is assured, and when it ends, do not.
    internal override bool DependsOnPacket => _expires is not null || (_status is { } status && (status.Mask & ConntrackStatus.Assured) != 0);

    internal override bool Matches(NetfilterPacket packet)
    {
        ConntrackEntry? connection = packet.Connection;
        if (_state is { } state && ((state.Mask & StateOf(packet)) != 0) == state.Not)
            return false;
        if (connection is null)
            return _state is not null;
        return MatchesDirection(packet) && MatchesTuples(connection) && MatchesLife(packet, connection);
    }

    internal override void Print(RuleText text)
    {
        if (_state is { } state)
            text.Option(name == "state" ? "--state" : "--ctstate", state.Not).Word(string.Join(',', States.Where((_, bit) => (state.Mask & (1 << bit)) != 0)));
        if (_protocol is { } protocol)
            text.Option("--ctproto", protocol.Not).Number(protocol.Protocol);
        for (int i = 0; i < 4; i++)
        {
            if (_addresses[i] is { } address)
                text.Option(AddressOptions[i], address.Not).Word(address.Format(alwaysMask: false));
        }

        for (int i = 0; i < 4; i++)
        {
            if (_ports[i] is { } port)
                text.Option(PortOptions[i], port.Not).Word(port.Ports.Format(':'));
        }

        if (_status is { } status)
            text.Option("--ctstatus", status.Not).Word(status.Mask == 0 ? "NONE" : string.Join(',', Statuses.Where(s => (s.Bit & status.Mask) != 0).Select(static s => s.Name)));
        if (_expires is { } expires)
            text.Option("--ctexpire", expires.Not).Word(expires.Low == expires.High ? $"{expires.Low}" : $"{expires.Low}:{expires.High}");
        if (_direction is { } direction)
            text.Option("--ctdir", direction.Not).Word(direction.Reply ? "REPLY" : "ORIGINAL");
    }

    private static int StateOf(NetfilterPacket packet)
    {
        if (packet.Connection is not { } connection)
            return packet.Info == ConntrackInfo.Untracked ? UntrackedBit : InvalidBit;
        int bits = packet.Info switch
        {
            ConntrackInfo.New => NewBit,
            ConntrackInfo.Related or ConntrackInfo.RelatedReply => RelatedBit,
            _ => EstablishedBit,
        };
        if ((connection.Status & ConntrackStatus.SourceNat) != 0)
            bits |= SourceNatBit;
        if ((connection.Status & ConntrackStatus.DestinationNat) != 0)
            bits |= DestinationNatBit;
        return bits;
    }

    private bool MatchesDirection(NetfilterPacket packet)
    {
        bool reply = packet.Info is ConntrackInfo.EstablishedReply or ConntrackInfo.RelatedReply;
        return _direction is not { } direction || (direction.Reply == reply) != direction.Not;
    }

    private bool MatchesTuples(ConntrackEntry connection)
    {
        if (_protocol is { } protocol && (connection.Original.Protocol == protocol.Protocol) == protocol.Not)
            return false;
        return Matches(0, connection.Original.Source, connection.Original.SourcePort) && Matches(1, connection.Original.Destination, connection.Original.DestinationPort)
            && Matches(2, connection.Reply.Source, connection.Reply.SourcePort) && Matches(3, connection.Reply.Destination, connection.Reply.DestinationPort);
    }

    private bool Matches(int place, Ipv4Address address, ushort port) =>
        (_addresses[place] is not { } a || a.Matches(address)) && (_ports[place] is not { } p || p.Matches(port));

    private bool MatchesLife(NetfilterPacket packet, ConntrackEntry connection)
    {
        if (_status is { } status && ((status.Mask & connection.Status) != 0) == status.Not)
            return false;
        if (_expires is not { } expires)
            return true;
        long seconds = connection.IsConfirmed ? (long)Math.Max(0, (connection.Expires - packet.Owner.Now).TotalSeconds) : 0;
        return (seconds >= expires.Low && seconds <= expires.High) != expires.Not;
    }

    /// <summary>Reads the options of conntrack and state (iptables extensions/libxt_conntrack.c).</summary>
    internal sealed class Syntax(string name) : ExtensionSyntax<RuleMatch>
    {
        private readonly ConntrackMatch _match = new(name);
        private bool _any;

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            if (!TryReadAny(option, inverted, words))
                return false;
            Once(name, option, inverted, mayInvert: option != "--ctdir");
            _any = true;
            return true;
        }

        internal override RuleMatch Build(RuleHead head) => _any
            ? _match
            : throw new RuleSyntaxException(name == "state" ? "state: option \"--state\" must be specified\n" : "conntrack: At least one option is required");

        private bool TryReadAny(string option, bool inverted, RuleWords words)
        {
            int place = Array.IndexOf(AddressOptions, option);
            if (name == "state")
            {
                if (option == "--state")
                    _match._state = (StatesOf(words.Argument(option)), inverted);
                return option == "--state";
            }

            if (place >= 0)
            {
                _match._addresses[place] = Argument.Address(words.Argument(option), inverted, keepsHostBits: true);
                return true;
            }

            place = Array.IndexOf(PortOptions, option);
            if (place >= 0)
            {
                _match._ports[place] = new PortMatch(Argument.Ports(words.Argument(option)), inverted);
                return true;
            }

            return TryReadOther(option, inverted, words);
        }

        private bool TryReadOther(string option, bool inverted, RuleWords words)
        {
            switch (option)
            {
                case "--ctstate":
                    _match._state = (StatesOf(words.Argument(option)), inverted);
                    return true;
                case "--ctproto":
                    string protocol = words.Argument(option);
                    _match._protocol = ProtocolNames.TryParse(protocol, out byte number) && number != 0
                        ? (number, inverted)
                        : throw new RuleSyntaxException($"unknown protocol \"{protocol}\" specified");
                    return true;
                case "--ctstatus":
                    _match._status = (StatusesOf(words.Argument(option)), inverted);
                    return true;
                case "--ctexpire":
                    _match._expires = Expiry(words.Argument(option), inverted);
                    return true;
                case "--ctdir":
                    string direction = words.Argument(option);
                    bool reply = direction.Equals("REPLY", StringComparison.OrdinalIgnoreCase);
                    if (!reply && !direction.Equals("ORIGINAL", StringComparison.OrdinalIgnoreCase))
                        throw new RuleSyntaxException($"conntrack: Bad value for \"--ctdir\" option: \"{direction}\"");
                    _match._direction = (reply, inverted);
                    return true;
                default:
                    return false;
            }
        }

        private static (uint Low, uint High, bool Not) Expiry(string text, bool inverted)
        {
            int colon = text.IndexOf(':', StringComparison.Ordinal);
            uint low = Argument.UInt32("conntrack", "--ctexpire", colon < 0 ? text : text[..colon]);
            return (low, colon < 0 ? low : Argument.UInt32("conntrack", "--ctexpire", text[(colon + 1)..]), inverted);
        }

        private int StatesOf(string text)
        {
            int mask = 0;
            // -m state knows no NAT states.
            int known = name == "state" ? 5 : States.Length;
            foreach (string word in text.Split(','))
            {
                int bit = Array.FindIndex(States, 0, known, s => s.Equals(word, StringComparison.OrdinalIgnoreCase));
                mask |= bit >= 0 ? 1 << bit : throw new RuleSyntaxException($"Bad ctstate \"{word}\"");
            }

            return mask;
        }

        private static ConntrackStatus StatusesOf(string text)
        {
            ConntrackStatus mask = 0;
            foreach (string word in text.Split(','))
            {
                if (word.Equals("NONE", StringComparison.OrdinalIgnoreCase))
                    continue;
                int at = Array.FindIndex(Statuses, s => s.Name.Equals(word, StringComparison.OrdinalIgnoreCase));
                mask |= at >= 0 ? Statuses[at].Bit : throw new RuleSyntaxException($"Bad ctstatus \"{word}\"");
            }

            return mask;
        }
    }
}
