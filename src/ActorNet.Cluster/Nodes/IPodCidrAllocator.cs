using ActorNet.Packets;

namespace ActorNet.Cluster.Nodes;

/// <summary>Hands out the nodes' subnets from the cluster's range. Used by one owner at a time; not thread-safe.</summary>
public interface IPodCidrAllocator
{
    /// <summary>Takes the next subnet that overlaps none that was handed out or reserved; false when the range is used up.</summary>
    /// <param name="subnet">The subnet.</param>
    bool TryAllocate(out Ipv4Prefix subnet);

    /// <summary>Keeps a subnet that a node already has from being handed out. Twice is as once; one outside the range needs no keeping.</summary>
    /// <param name="subnet">The subnet.</param>
    void Reserve(Ipv4Prefix subnet);

    /// <summary>Gives a subnet back; one that is not held is ignored.</summary>
    /// <param name="subnet">The subnet.</param>
    void Release(Ipv4Prefix subnet);
}
