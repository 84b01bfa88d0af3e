namespace ActorNet.Dataplane.Netfilter.Rules;

/// <summary>What counts the packets and bytes that it decided about: a rule, or the policy of a built-in chain (linux struct xt_counters).</summary>
internal abstract class Counted
{
    internal long Packets { get; set; }

    /// <summary>Bytes from the IPv4 header on.</summary>
    internal long Bytes { get; set; }

    internal void Count(NetfilterPacket packet)
    {
        Packets += packet.Count;
        Bytes += packet.TotalLength;
    }
}
