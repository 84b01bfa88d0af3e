using System.Collections.Immutable;

namespace ActorNet.Dataplane.Inspection;

/// <summary>
/// One network namespace at one moment: what rtnetlink dumps would say. Owners of the live objects build it, inspection tools print it, and
/// nothing in it changes afterwards. References between lists are device names, which are unique in a namespace.
/// </summary>
public sealed record NamespaceView
{
    /// <summary>The namespace's name, as `ip netns` would list it.</summary>
    public required string Name { get; init; }

    /// <summary>The devices; tools list them by interface index, whatever the order here.</summary>
    public ImmutableArray<LinkView> Links { get; init; } = [];

    /// <summary>The IPv4 addresses, per device in the order they were added (primary before secondary).</summary>
    public ImmutableArray<AddressView> Addresses { get; init; } = [];

    /// <summary>The routes of all tables; tools list them by prefix as the kernel's trie walk does (linux net/ipv4/fib_trie.c fn_trie_dump_leaf).</summary>
    public ImmutableArray<RouteView> Routes { get; init; } = [];

    /// <summary>The neighbour entries in table order, which tools keep.</summary>
    public ImmutableArray<NeighbourView> Neighbours { get; init; } = [];

    /// <summary>The forwarding entries of bridges and tunnels in table order, which tools keep.</summary>
    public ImmutableArray<FdbEntryView> Fdb { get; init; } = [];

    /// <summary>The bridges of the namespace: the links that carry <see cref="LinkView.Bridge"/>, by name.</summary>
    public IEnumerable<LinkView> Bridges => Links.Where(static link => link.Bridge is not null).OrderBy(static link => link.Name, StringComparer.Ordinal);

    /// <summary>Finds a device by name, or null.</summary>
    /// <param name="name">The name, as `eth0`.</param>
    public LinkView? FindLink(string name)
    {
        foreach (LinkView link in Links)
        {
            if (string.Equals(link.Name, name, StringComparison.Ordinal))
                return link;
        }

        return null;
    }

    /// <summary>Finds a device by interface index, or null.</summary>
    /// <param name="ifIndex">The index, from 1.</param>
    public LinkView? FindLink(int ifIndex)
    {
        foreach (LinkView link in Links)
        {
            if (link.IfIndex == ifIndex)
                return link;
        }

        return null;
    }

    /// <summary>The ports of a bridge by port number.</summary>
    /// <param name="bridge">The bridge's name.</param>
    public IEnumerable<LinkView> PortsOf(string bridge) =>
        Links.Where(link => link.Port is not null && string.Equals(link.Master, bridge, StringComparison.Ordinal)).OrderBy(static link => link.Port!.Number);
}
