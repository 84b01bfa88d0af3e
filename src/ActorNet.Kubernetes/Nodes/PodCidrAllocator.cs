using ActorNet.Packets;

namespace ActorNet.Kubernetes.Nodes;

/// <summary>The answer to a node that asks for its podCIDR.</summary>
/// <param name="Cidr">The podCIDR, or null when refused.</param>
/// <param name="Refusal">Why there is none, for people; null when granted.</param>
public sealed record PodCidrGrant(Ipv4Prefix? Cidr, string? Refusal);

/// <summary>
/// Hands out podCIDRs as the node IPAM controller does (Kubernetes pkg/controller/nodeipam/ipam/cidrset/cidr_set.go, AllocateNext): blocks of
/// one size in their order; the cursor only moves forward, so a released block is used again after the cursor has come round. Unlike the
/// controller, a podCIDR that overlaps another node's is refused.
/// </summary>
public sealed class PodCidrAllocator
{
    /// <summary>The largest difference between the two masks (cidr_set.go, clusterSubnetMaxDiff).</summary>
    public const int MaxMaskDifference = 16;

    private readonly Ipv4Prefix _cluster;
    private readonly int _nodeMask;
    private readonly ushort[] _claimsPerBlock;
    private readonly Dictionary<string, Ipv4Prefix> _nodes = new(StringComparer.Ordinal);
    private int _next;

    /// <summary>Makes an allocator with every block free.</summary>
    /// <param name="clusterCidr">Where all pods are, as 10.244.0.0/16.</param>
    /// <param name="nodeMask">The prefix length of a node's block.</param>
    /// <exception cref="ArgumentOutOfRangeException">The block is larger than the cluster, longer than /30, or there would be more than 65,536 blocks.</exception>
    public PodCidrAllocator(Ipv4Prefix clusterCidr, int nodeMask = 24)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nodeMask, clusterCidr.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(nodeMask, Math.Min(30, clusterCidr.Length + MaxMaskDifference));
        _cluster = clusterCidr;
        _nodeMask = nodeMask;
        _claimsPerBlock = new ushort[1 << (nodeMask - clusterCidr.Length)];
    }

    /// <summary>How many blocks there are.</summary>
    public int Capacity => _claimsPerBlock.Length;

    /// <summary>What each node has.</summary>
    public IReadOnlyDictionary<string, Ipv4Prefix> Nodes => _nodes;

    /// <summary>Gives a node the next free block; a node that has one keeps it.</summary>
    /// <param name="node">The Node's name.</param>
    public PodCidrGrant Allocate(string node)
    {
        ArgumentException.ThrowIfNullOrEmpty(node);
        if (_nodes.TryGetValue(node, out Ipv4Prefix kept))
            return new PodCidrGrant(kept, null);
        for (int tried = 0; tried < Capacity; tried++)
        {
            int block = (_next + tried) % Capacity;
            if (_claimsPerBlock[block] != 0)
                continue;
            _next = (block + 1) % Capacity;
            var cidr = new Ipv4Prefix(new Ipv4Address(_cluster.Network.Value + ((uint)block << (32 - _nodeMask))), _nodeMask);
            Claim(node, cidr);
            return new PodCidrGrant(cidr, null);
        }

        return Refuse($"Node {node}: all {Capacity} blocks of /{_nodeMask} in cluster CIDR {_cluster} are taken. Remove a Node, or make the cluster with a larger CIDR.");
    }

    /// <summary>Keeps the podCIDR that a Node's creator gave; the cursor stays where it is.</summary>
    /// <param name="node">The Node's name.</param>
    /// <param name="cidr">Its podCIDR, of any size inside the cluster CIDR.</param>
    public PodCidrGrant Reserve(string node, Ipv4Prefix cidr)
    {
        ArgumentException.ThrowIfNullOrEmpty(node);
        if (_nodes.TryGetValue(node, out Ipv4Prefix kept))
        {
            return kept == cidr
                ? new PodCidrGrant(kept, null)
                : Refuse($"Node {node}: podCIDR {cidr} was asked for, but the node has {kept}, which never changes. Delete the Node first.");
        }

        if (cidr.Length < _cluster.Length || !_cluster.Contains(cidr.Network))
            return Refuse($"Node {node}: podCIDR {cidr} is not inside the cluster CIDR {_cluster}. Choose a prefix inside it, or leave podCIDR out.");
        foreach ((string other, Ipv4Prefix taken) in _nodes)
        {
            if (taken.Overlaps(cidr))
                return Refuse($"Node {node}: podCIDR {cidr} overlaps {taken} of node {other}. Choose another, or leave podCIDR out.");
        }

        Claim(node, cidr);
        return new PodCidrGrant(cidr, null);
    }

    /// <summary>Frees a node's podCIDR.</summary>
    /// <param name="node">The Node's name.</param>
    /// <returns>Whether the node had one.</returns>
    public bool Release(string node)
    {
        if (!_nodes.Remove(node, out Ipv4Prefix cidr))
            return false;
        foreach (int block in BlocksOf(cidr))
            _claimsPerBlock[block]--;
        return true;
    }

    private void Claim(string node, Ipv4Prefix cidr)
    {
        _nodes.Add(node, cidr);
        foreach (int block in BlocksOf(cidr))
            _claimsPerBlock[block]++;
    }

    // A podCIDR larger than a block takes several; a smaller one takes its block away, which other small ones may share.
    private IEnumerable<int> BlocksOf(Ipv4Prefix cidr)
    {
        int shift = 32 - _nodeMask;
        int first = (int)((cidr.Network.Value - _cluster.Network.Value) >> shift);
        int last = (int)((cidr.Broadcast.Value - _cluster.Network.Value) >> shift);
        for (int block = first; block <= last; block++)
            yield return block;
    }

    private static PodCidrGrant Refuse(string why) => new(null, why);
}
