using System.Buffers.Binary;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Matches;

/// <summary>-m multiport: up to 15 ports or half as many ranges (linux net/netfilter/xt_multiport.c).</summary>
internal sealed class MultiportMatch(string option, PortRange[] ports, bool not) : RuleMatch
{
    private const int MaxPorts = 15;

    internal override string Name => "multiport";

    internal override bool DependsOnPacket => false;

    internal override bool Matches(NetfilterPacket packet)
    {
        ReadOnlySpan<byte> bytes = packet.Transport;
        if (packet.IsLaterFragment || bytes.Length < 4)
            return false;
        ushort source = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        ushort destination = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        bool found = (option != "--dports" && Contains(source)) || (option != "--sports" && Contains(destination));
        return found != not;
    }

    internal override void List(RuleText text, bool numeric) =>
        text.Word("multiport").Word(option[2..] + (not ? " " : "")).Word((not ? "!" : "") + string.Join(',', ports.Select(static p => p.Format(':'))));

    internal override void Print(RuleText text) => text.Option(option, not).Word(string.Join(',', ports.Select(static p => p.Format(':'))));

    private bool Contains(ushort port)
    {
        foreach (PortRange range in ports)
        {
            if (range.Contains(port))
                return true;
        }

        return false;
    }

    /// <summary>Reads multiport's options (iptables extensions/libxt_multiport.c).</summary>
    internal sealed class Syntax : ExtensionSyntax<RuleMatch>
    {
        private MultiportMatch? _match;

        internal override bool TryRead(string option, bool inverted, RuleWords words, RuleHead head)
        {
            string? canonical = option switch
            {
                "--sports" or "--source-ports" => "--sports",
                "--dports" or "--destination-ports" => "--dports",
                "--ports" => "--ports",
                _ => null,
            };
            if (canonical is null)
                return false;
            Once("multiport", "--ports", inverted, mayInvert: true);
            PortRange[] ports = [.. words.Argument(option).Split(',').Select(Argument.Ports)];
            if (ports.Sum(static p => p.Low == p.High ? 1 : 2) > MaxPorts)
                throw new RuleSyntaxException("too many ports specified");
            _match = new MultiportMatch(canonical, ports, inverted);
            return true;
        }

        internal override RuleMatch Build(RuleHead head)
        {
            if (head.Protocol is not ((byte)IpProtocol.Tcp or (byte)IpProtocol.Udp or (byte)IpProtocol.Sctp or 33 or 136) || head.NotProtocol)
                throw new RuleSyntaxException("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'");
            return _match ?? throw new RuleSyntaxException("multiport expection an option");
        }
    }
}
