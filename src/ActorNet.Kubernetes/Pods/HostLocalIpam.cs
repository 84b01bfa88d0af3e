using ActorNet.Packets;

namespace ActorNet.Kubernetes.Pods;

/// <summary>The answer to a sandbox that asks for an address.</summary>
/// <param name="Address">The address, or null when refused.</param>
/// <param name="Refusal">Why there is none, for people; null when granted.</param>
public sealed record PodAddressGrant(Ipv4Address? Address, string? Refusal);

/// <summary>
/// A node's pod addresses as the CNI plugin host-local gives them (cni plugins/ipam/host-local/backend/allocator): from the subnet's first
/// address, the gateway, which is skipped, to the last before broadcast; each search begins behind the address reserved last, so a freed
/// one is used again only after the search has come round.
/// </summary>
public sealed class HostLocalIpam
{
    private readonly uint _first;
    private readonly uint _last;
    private readonly Dictionary<(string Container, string Interface), Ipv4Address> _byOwner = [];
    private readonly HashSet<Ipv4Address> _taken = [];
    private uint _lastReserved;

    /// <summary>Makes the allocator of one subnet.</summary>
    /// <param name="subnet">The node's podCIDR.</param>
    /// <exception cref="ArgumentOutOfRangeException">The subnet is longer than /30 and has no room for a pod.</exception>
    public HostLocalIpam(Ipv4Prefix subnet)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(subnet.Length, 30, nameof(subnet));
        Subnet = subnet;
        _first = subnet.Network.Value + 1;
        _last = subnet.Broadcast.Value - 1;
        Gateway = new Ipv4Address(_first);
        _lastReserved = _last;
    }

    /// <summary>The subnet.</summary>
    public Ipv4Prefix Subnet { get; }

    /// <summary>The bridge's address: the first of the subnet, never given to a pod.</summary>
    public Ipv4Address Gateway { get; }

    /// <summary>How many pods fit: 253 in a /24.</summary>
    public long Capacity => (long)_last - _first;

    /// <summary>How many addresses are taken.</summary>
    public int Count => _taken.Count;

    /// <summary>Takes the next free address (CNI ADD).</summary>
    /// <param name="containerId">The sandbox.</param>
    /// <param name="interfaceName">Its interface.</param>
    public PodAddressGrant Allocate(string containerId, string interfaceName = "eth0")
    {
        ArgumentException.ThrowIfNullOrEmpty(containerId);
        ArgumentException.ThrowIfNullOrEmpty(interfaceName);
        if (_byOwner.TryGetValue((containerId, interfaceName), out Ipv4Address existing))
            return new PodAddressGrant(null, $"{containerId} {interfaceName} has {existing} already. Release it first: an address is given once per sandbox and interface.");
        if (_taken.Count >= Capacity)
            return new PodAddressGrant(null, $"No address is free in {Subnet}: all {Capacity} from {new Ipv4Address(_first + 1)} to {new Ipv4Address(_last)} are taken. Remove pods from the node.");
        var candidate = new Ipv4Address(_lastReserved);
        do
            candidate = new Ipv4Address(candidate.Value >= _last ? _first + 1 : candidate.Value + 1);
        while (_taken.Contains(candidate));
        _taken.Add(candidate);
        _byOwner.Add((containerId, interfaceName), candidate);
        _lastReserved = candidate.Value;
        return new PodAddressGrant(candidate, null);
    }

    /// <summary>Frees an address (CNI DEL); freeing nothing is no error.</summary>
    /// <param name="containerId">The sandbox.</param>
    /// <param name="interfaceName">Its interface.</param>
    /// <returns>Whether there was one.</returns>
    public bool Release(string containerId, string interfaceName = "eth0") =>
        _byOwner.Remove((containerId, interfaceName), out Ipv4Address address) && _taken.Remove(address);
}
