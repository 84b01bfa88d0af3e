using System.Buffers.Binary;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m tcp: ports, flags, presence of an option (linux net/netfilter/xt_tcpudp.c tcp_mt).</summary>
internal sealed class TcpMatch : RuleMatch
{
    private static readonly (string Name, byte Bit)[] FlagNames = [("FIN", 0x01), ("SYN", 0x02), ("RST", 0x04), ("PSH", 0x08), ("ACK", 0x10), ("URG", 0x20)];

    private PortMatch _source = PortMatch.All;
    private PortMatch _destination = PortMatch.All;
    private byte _mask;
    private byte _flags;
    private bool _notFlags;
    private byte _option;
    private bool _notOption;

    internal override string Name => "tcp";

    /// <inheritdoc/>
    internal override bool DependsOnPacket => _mask != 0 || _notFlags || _option != 0;

    internal override bool HasEffects => false;

    internal override ushort? OnlyDestinationPort => _destination is { Not: false } wanted && wanted.Ports.Low == wanted.Ports.High ? wanted.Ports.Low : null;

    internal override bool Matches(NetfilterPacket packet)
    {
        // The ports of a first fragment are there; a later one has none, and one that begins inside the header is an attack.
        ReadOnlySpan<byte> tcp = packet.Transport;
        if (packet.IsLaterFragment || tcp.Length < 20)
            return false;
        return _source.Matches(BinaryPrimitives.ReadUInt16BigEndian(tcp)) && _destination.Matches(BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]))
            && (((tcp[13] | packet.TrainFlags) & _mask) == _flags) != _notFlags
            && (_option == 0 || HasOption(tcp) != _notOption);
    }

    internal override void List(RuleText text, bool numeric)
    {
        text.Word("tcp");
        _source.List(text, "spt", numeric);
        _destination.List(text, "dpt", numeric);
        if (_option != 0)
            text.Word($"option={(_notOption ? "!" : "")}{_option}");
        if (_mask != 0 || _notFlags)
            text.Word(numeric ? $"flags:{(_notFlags ? "!" : "")}0x{_mask:X2}/0x{_flags:X2}" : $"flags:{(_notFlags ? "!" : "")}{Format(_mask)}/{Format(_flags)}");
    }

    internal override void Print(RuleText text)
    {
        _source.Print(text, "--sport");
        _destination.Print(text, "--dport");
        if (_option != 0)
            text.Option("--tcp-option", _notOption).Number(_option);
        if (_mask != 0 || _notFlags)
            text.Option("--tcp-flags", _notFlags).Word(Format(_mask)).Word(Format(_flags));
    }

    private bool HasOption(ReadOnlySpan<byte> tcp)
    {
        int end = Math.Min((tcp[12] >> 4) * 4, tcp.Length);
        int at = 20;
        while (at < end)
        {
            if (tcp[at] == _option)
                return true;
            at += tcp[at] < 2 || at + 1 >= end ? 1 : Math.Max((byte)1, tcp[at + 1]);
        }

        return false;
    }

    private static string Format(byte flags) =>
        flags == 0 ? "NONE" : string.Join(',', FlagNames.Where(f => (f.Bit & flags) != 0).Select(static f => f.Name));

    /// <summary>Reads tcp's options (iptables extensions/libxt_tcp.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleMatch>
    {
        private readonly TcpMatch _any = new();
        private TcpMatch? _match;

        internal override bool IsReusable => true;

        internal override void Begin()
        {
            base.Begin();
            _match = null;
        }

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            if (!Knows(option))
                return false;
            _match ??= new TcpMatch();
            switch (option)
            {
                case "--sport" or "--source-port":
                    _match._source = new PortMatch(Argument.Ports(words.Argument(option)), inverted);
                    break;
                case "--dport" or "--destination-port":
                    _match._destination = new PortMatch(Argument.Ports(words.Argument(option)), inverted);
                    break;
                case "--syn":
                    (_match._mask, _match._flags, _match._notFlags) = (0x17, 0x02, inverted);
                    break;
                case "--tcp-flags":
                    (_match._mask, _match._flags, _match._notFlags) = (Flags(words.Argument(option)), Flags(words.Argument(option)), inverted);
                    break;
                case "--tcp-option":
                    (_match._option, _match._notOption) = ((byte)Argument.UInt32("tcp", option, words.Argument(option), 1, 255), inverted);
                    break;
            }

            Once("tcp", option, inverted, mayInvert: true);
            return true;
        }

        // It keeps nothing, so that all rules without options share one.
        internal override RuleMatch Build(RuleHead head) => _match ?? _any;

        private static bool Knows(string option) =>
            option is "--sport" or "--source-port" or "--dport" or "--destination-port" or "--syn" or "--tcp-flags" or "--tcp-option";

        private static byte Flags(string text)
        {
            byte flags = 0;
            foreach (string word in text.Split(','))
            {
                flags |= word.ToUpperInvariant() switch
                {
                    "ALL" => 0x3F,
                    "NONE" => 0,
                    string name when FlagNames.Any(f => f.Name == name) => FlagNames.First(f => f.Name == name).Bit,
                    _ => throw new RuleSyntaxException($"Unknown TCP flag `{word}'"),
                };
            }

            return flags;
        }
    }
}
