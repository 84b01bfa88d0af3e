using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Routing;

/// <summary>What the routing decision for a flow was.</summary>
internal enum FlowVerdict : byte
{
    /// <summary>Nothing cached.</summary>
    None,

    /// <summary>Forward by <see cref="FlowEntry.Interface"/> to <see cref="FlowEntry.Neighbour"/>.</summary>
    Forward,

    /// <summary>Deliver here.</summary>
    Local,
}

/// <summary>A cached routing decision (the successor of linux struct dst_entry in its use by ip_forward).</summary>
internal struct FlowEntry
{
    internal ulong Addresses;
    internal int InterfaceIndex;
    internal uint Generation;
    internal FlowVerdict Verdict;
    internal int Mtu;
    internal IpInterface? Interface;
    internal Neighbour? Neighbour;
}

/// <summary>
/// A direct-mapped cache of routing decisions by source, destination and ingress interface. An entry holds while the routing generation has
/// not moved; a neighbour that is gone is no longer in a connected state, which the user of the entry looks at anyway.
/// </summary>
internal sealed class FlowCache(int size)
{
    private readonly int _size = Math.Max(1, size);
    private FlowEntry[]? _entries;

    internal ref FlowEntry Slot(Ipv4Address source, Ipv4Address destination, int interfaceIndex)
    {
        FlowEntry[] entries = _entries ??= new FlowEntry[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_size)];
        ulong key = Key(source, destination);
        // Fibonacci hashing: the high bits of a product with 2^64 / phi.
        uint hash = (uint)(((key ^ (uint)interfaceIndex) * 0x9E37_79B9_7F4A_7C15) >> 40);
        return ref entries[(int)(hash & (uint)(entries.Length - 1))];
    }

    internal static ulong Key(Ipv4Address source, Ipv4Address destination) => ((ulong)source.Value << 32) | destination.Value;
}
