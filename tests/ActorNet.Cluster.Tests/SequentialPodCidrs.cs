using ActorNet.Cluster.Nodes;
using ActorNet.Packets;

namespace ActorNet.Cluster.Tests;

/// <summary>/24 subnets of 10.244.0.0/16 in order, lowest free first.</summary>
internal sealed class SequentialPodCidrs(int subnets = 256) : IPodCidrAllocator
{
    private readonly HashSet<Ipv4Prefix> _held = [];

    public bool TryAllocate(out Ipv4Prefix subnet)
    {
        for (int i = 0; i < subnets; i++)
        {
            subnet = Ipv4Prefix.Parse($"10.244.{i}.0/24");
            Ipv4Prefix candidate = subnet;
            if (!_held.Any(candidate.Overlaps))
                return _held.Add(subnet);
        }
        subnet = default;
        return false;
    }

    public void Reserve(Ipv4Prefix subnet) => _held.Add(subnet);

    public void Release(Ipv4Prefix subnet) => _held.Remove(subnet);
}
