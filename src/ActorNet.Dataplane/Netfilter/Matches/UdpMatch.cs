using System.Buffers.Binary;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m udp: ports (linux net/netfilter/xt_tcpudp.c udp_mt). Its options are those of sctp and dccp too, as far as ports go.</summary>
internal sealed class UdpMatch(string name, PortMatch source, PortMatch destination) : RuleMatch
{

    internal override string Name => name;

    internal override bool DependsOnPacket => false;

    internal override bool HasEffects => false;

    internal override ushort? OnlyDestinationPort => destination is { Not: false } wanted && wanted.Ports.Low == wanted.Ports.High ? wanted.Ports.Low : null;

    internal override bool Matches(NetfilterPacket packet)
    {
        ReadOnlySpan<byte> udp = packet.Transport;
        if (packet.IsLaterFragment || udp.Length < 8)
            return false;
        return source.Matches(BinaryPrimitives.ReadUInt16BigEndian(udp)) && destination.Matches(BinaryPrimitives.ReadUInt16BigEndian(udp[2..]));
    }

    internal override void List(RuleText text, bool numeric)
    {
        text.Word(name);
        source.List(text, "spt", numeric);
        destination.List(text, "dpt", numeric);
    }

    internal override void Print(RuleText text)
    {
        source.Print(text, "--sport");
        destination.Print(text, "--dport");
    }

    /// <summary>Reads udp's options (iptables extensions/libxt_udp.c).</summary>
    internal sealed class Syntax(string name) : ExtensionSyntax<RuleMatch>
    {
        private readonly UdpMatch _any = new(name, PortMatch.All, PortMatch.All);
        private PortMatch _source = PortMatch.All;
        private PortMatch _destination = PortMatch.All;

        internal override bool IsReusable => true;

        internal override void Begin()
        {
            base.Begin();
            (_source, _destination) = (PortMatch.All, PortMatch.All);
        }

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            switch (option)
            {
                case "--sport" or "--source-port":
                    _source = new PortMatch(Argument.Ports(words.Argument(option)), inverted);
                    break;
                case "--dport" or "--destination-port":
                    _destination = new PortMatch(Argument.Ports(words.Argument(option)), inverted);
                    break;
                default:
                    return false;
            }

            Once(name, option, inverted, mayInvert: true);
            return true;
        }

        // It keeps nothing, so that all rules without ports share one.
        internal override RuleMatch Build(RuleHead head) => _source == PortMatch.All && _destination == PortMatch.All ? _any : new UdpMatch(name, _source, _destination);
    }
}
