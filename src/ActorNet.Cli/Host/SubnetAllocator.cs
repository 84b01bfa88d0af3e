using System.Globalization;
using ActorNet.Cluster.Nodes;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;

namespace ActorNet.Cli.Host;

/// <summary>Gives the registry Kubernetes' own order of subnets: the registry keeps who has which, so a subnet stands for its node here.</summary>
/// <param name="clusterCidr">The pods' network.</param>
internal sealed class SubnetAllocator(Ipv4Prefix clusterCidr) : IPodCidrAllocator
{
    private readonly PodCidrAllocator _allocator = new(clusterCidr);
    private readonly Dictionary<Ipv4Prefix, string> _holders = [];
    private long _made;

    /// <inheritdoc/>
    public bool TryAllocate(out Ipv4Prefix subnet)
    {
        string holder = Next();
        subnet = default;
        if (_allocator.Allocate(holder).Cidr is not { } granted)
            return false;
        subnet = granted;
        _holders[granted] = holder;
        return true;
    }

    /// <inheritdoc/>
    public void Reserve(Ipv4Prefix subnet)
    {
        if (_holders.ContainsKey(subnet))
            return;
        string holder = Next();
        if (_allocator.Reserve(holder, subnet).Cidr is not null)
            _holders[subnet] = holder;
    }

    /// <inheritdoc/>
    public void Release(Ipv4Prefix subnet)
    {
        if (_holders.Remove(subnet, out string? holder))
            _allocator.Release(holder);
    }

    private string Next() => (++_made).ToString(CultureInfo.InvariantCulture);
}
