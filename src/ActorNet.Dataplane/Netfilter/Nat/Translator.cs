using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Targets;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Nat;

/// <summary>
/// Decides translations and carries them out (linux net/netfilter/nf_nat_core.c). A connection's first packet decides, once for the source
/// and once for the destination; every later packet, answer and ICMP error is rewritten by what its connection's tuples say.
/// </summary>
/// <param name="owner">Whose connections.</param>
internal sealed class Translator(NetfilterState owner)
{
    private readonly PortAllocator _ports = new(owner);

    /// <summary>Whether a hook changes sources: POSTROUTING and INPUT do, PREROUTING and OUTPUT change destinations (HOOK2MANIP).</summary>
    internal static bool ChangesSource(NetfilterHook hook) => hook is NetfilterHook.PostRouting or NetfilterHook.Input;

    /// <summary>What a rule's target says about the connection that a packet begins.</summary>
    internal RuleVerdict Set(NetfilterPacket packet, NatKind kind, in NatRange range)
    {
        if (packet.Connection is not { } connection || packet.Info is not (ConntrackInfo.New or ConntrackInfo.Related or ConntrackInfo.RelatedReply))
            return RuleVerdict.Accept;
        switch (kind)
        {
            case NatKind.Masquerade:
                // nf_nat_masquerade_ipv4: the primary address of the device that suits the next hop.
                Ipv4Address source = owner.SelectSource(packet);
                if (source.IsAny)
                    return RuleVerdict.Drop;
                connection.MasqueradeIndex = packet.OutIndex;
                return SetUp(connection, range with { MinAddress = source, MaxAddress = source }, ofSource: true);
            case NatKind.Redirect:
                Ipv4Address own = packet.Hook == NetfilterHook.Output ? Ipv4Address.Loopback : owner.FirstAddress(packet.InName);
                return own.IsAny ? RuleVerdict.Drop : SetUp(connection, range with { MinAddress = own, MaxAddress = own }, ofSource: false);
            default:
                return SetUp(connection, range, kind == NatKind.Source);
        }
    }

    /// <summary>Whether it was decided how a connection's source or destination is translated.</summary>
    internal static bool IsDecided(ConntrackEntry connection, bool ofSource) =>
        (connection.Status & (ofSource ? ConntrackStatus.SourceNatDone : ConntrackStatus.DestinationNatDone)) != 0;

    /// <summary>No rule said anything: addresses stay, and a source port gives way when its tuple is taken (nf_nat_alloc_null_binding).</summary>
    internal void SetNull(ConntrackEntry connection, bool ofSource)
    {
        Ipv4Address address = ofSource ? connection.Reply.Destination : connection.Reply.Source;
        SetUp(connection, new NatRange { MinAddress = address, MaxAddress = address }, ofSource);
    }

    /// <summary>Rewrites a packet as its connection says (nf_nat_packet, nf_nat_icmp_reply_translation). False: it must be dropped.</summary>
    internal static bool Apply(NetfilterPacket packet, ConntrackEntry connection)
    {
        bool source = ChangesSource(packet.Hook);
        bool reply = packet.Info is ConntrackInfo.EstablishedReply or ConntrackInfo.RelatedReply;
        // A reset that REJECT sends is related too, and an ordinary packet.
        bool isError = packet.Protocol == (byte)IpProtocol.Icmp && packet.Info is (ConntrackInfo.Related or ConntrackInfo.RelatedReply);
        // In answers the roles are exchanged.
        ConntrackStatus wanted = source != reply ? ConntrackStatus.SourceNat : ConntrackStatus.DestinationNat;
        if (isError && packet.Transport[0] == (byte)IcmpType.Redirect && connection.IsNatted)
            return false;
        if ((connection.Status & wanted) == 0)
            return true;
        ConntrackTuple other = reply ? connection.Original : connection.Reply;
        if (!other.TryInvert(out ConntrackTuple target))
            return false;
        if (isError)
            PacketRewriter.RewriteError(packet, other, target, source);
        else
            PacketRewriter.Rewrite(packet, target, source);
        packet.ReadHeader();
        return true;
    }

    // nf_nat_setup_info
    private RuleVerdict SetUp(ConntrackEntry connection, in NatRange range, bool ofSource)
    {
        if (connection.IsConfirmed || IsDecided(connection, ofSource) || !connection.Reply.TryInvert(out ConntrackTuple current))
            return RuleVerdict.Accept;
        ConntrackTuple chosen = _ports.Choose(connection, current, range, ofSource);
        if (chosen != current && chosen.TryInvert(out ConntrackTuple reply))
        {
            connection.Reply = reply;
            connection.Status |= ofSource ? ConntrackStatus.SourceNat : ConntrackStatus.DestinationNat;
        }

        connection.Status |= ofSource ? ConntrackStatus.SourceNatDone : ConntrackStatus.DestinationNatDone;
        return RuleVerdict.Accept;
    }
}
