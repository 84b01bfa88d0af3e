using System.Buffers.Binary;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m udp: ports (linux net/netfilter/xt_tcpudp.c udp_mt). Its options are those of sctp and dccp too, as far as ports go.</summary>
internal sealed class UdpMatch(string name) : RuleMatch
{
    private PortMatch _source = PortMatch.All;
    private PortMatch _destination = PortMatch.All;

    internal override string Name => name;

    internal override bool DependsOnPacket => false;

    internal override bool HasEffects => false;

    internal override ushort? OnlyDestinationPort => _destination is { Not: false } wanted && wanted.Ports.Low == wanted.Ports.High ? wanted.Ports.Low : null;

    internal override bool Matches(NetfilterPacket packet)
    {
        ReadOnlySpan<byte> udp = packet.Transport;
        if (packet.IsLaterFragment || udp.Length < 8)
            return false;
        return _source.Matches(BinaryPrimitives.ReadUInt16BigEndian(udp)) && _destination.Matches(BinaryPrimitives.ReadUInt16BigEndian(udp[2..]));
    }

    internal override void List(RuleText text, bool numeric)
    {
        text.Word(name);
        _source.List(text, "spt", numeric);
        _destination.List(text, "dpt", numeric);
    }

    internal override void Print(RuleText text)
    {
        _source.Print(text, "--sport");
        _destination.Print(text, "--dport");
    }

    /// <summary>Reads udp's options (iptables extensions/libxt_udp.c).</summary>
    internal sealed class Syntax(string name) : ExtensionSyntax<RuleMatch>
    {
        private readonly UdpMatch _match = new(name);

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            switch (option)
            {
                case "--sport" or "--source-port":
                    _match._source = new PortMatch(Argument.Ports(words.Argument(option)), inverted);
                    break;
                case "--dport" or "--destination-port":
                    _match._destination = new PortMatch(Argument.Ports(words.Argument(option)), inverted);
                    break;
                default:
                    return false;
            }

            Once(name, option, inverted, mayInvert: true);
            return true;
        }

        internal override RuleMatch Build(RuleHead head) => _match;
    }
}
