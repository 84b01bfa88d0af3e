using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Inspection;

/// <summary>One change to a namespace that an administrator's tool asks for: data, so that it can travel to the owner of the object.</summary>
public abstract record NamespaceChange;

/// <summary>How an entry is put into a table (netlink flags NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, NLM_F_APPEND).</summary>
public enum EntryOperation
{
    /// <summary>A new entry; one that exists is an error.</summary>
    Add,

    /// <summary>Only when it exists.</summary>
    Change,

    /// <summary>New or instead of the old.</summary>
    Replace,

    /// <summary>Beside those that exist.</summary>
    Append,

    /// <summary>Takes it away.</summary>
    Delete,
}

/// <summary>`ip link set DEV up|down`.</summary>
/// <param name="Device">The device.</param>
/// <param name="Up">Up?</param>
public sealed record SetLinkState(string Device, bool Up) : NamespaceChange;

/// <summary>`ip link set DEV mtu N`.</summary>
/// <param name="Device">The device.</param>
/// <param name="Mtu">Bytes.</param>
public sealed record SetLinkMtu(string Device, int Mtu) : NamespaceChange;

/// <summary>`ip addr add|change|replace|del ADDR dev DEV`.</summary>
/// <param name="Operation">Add, change, replace or delete.</param>
/// <param name="Entry">The address. On delete a device and address suffice; the prefix length counts when it was written.</param>
/// <param name="AnyPrefixLength">Delete whatever the prefix length is: none was written.</param>
public sealed record ChangeAddress(EntryOperation Operation, AddressView Entry, bool AnyPrefixLength = false) : NamespaceChange;

/// <summary>`ip route add|change|replace|append|del ...`.</summary>
/// <param name="Operation">What to do.</param>
/// <param name="Entry">
/// The route. On delete, what was not written matches anything (linux net/ipv4/fib_trie.c fib_table_delete): type and protocol
/// unspecified, scope <see cref="RouteScope.Nowhere"/>, metric 0, no gateway, no device, no source. Otherwise a route without a device
/// leaves by the one that its gateway is attached to (linux net/ipv4/fib_semantics.c fib_check_nh).
/// </param>
public sealed record ChangeRoute(EntryOperation Operation, RouteView Entry) : NamespaceChange;

/// <summary>`ip neigh add|change|replace|del ...`.</summary>
/// <param name="Operation">Add, change, replace or delete.</param>
/// <param name="Entry">The entry; on delete device and address suffice.</param>
public sealed record ChangeNeighbour(EntryOperation Operation, NeighbourView Entry) : NamespaceChange;

/// <summary>`ip neigh flush ...`: deletes the entries that the filter selects, permanent ones only when asked for by state.</summary>
/// <param name="Device">Only this device's, or null.</param>
/// <param name="Prefix">Only those inside, or null.</param>
/// <param name="State">Only those in this state, or null.</param>
public sealed record FlushNeighbours(string? Device, Ipv4Prefix? Prefix, NeighbourState? State) : NamespaceChange;

/// <summary>`bridge fdb add|append|replace|del ...`.</summary>
/// <param name="Operation">What to do.</param>
/// <param name="Entry">The entry; <see cref="FdbEntryView.Self"/> or a master says whose table. Both: it is meant for both tables.</param>
public sealed record ChangeFdbEntry(EntryOperation Operation, FdbEntryView Entry) : NamespaceChange;

/// <summary>`bridge link set dev DEV ...`; a null leaves the setting alone.</summary>
/// <param name="Device">The port.</param>
public sealed record SetBridgePort(string Device) : NamespaceChange
{
    /// <summary>Whether a frame may leave by the port that it came from.</summary>
    public bool? Hairpin { get; init; }

    /// <summary>Whether source addresses are learned.</summary>
    public bool? Learning { get; init; }

    /// <summary>Whether unknown unicast is flooded.</summary>
    public bool? Flood { get; init; }

    /// <summary>Whether unknown multicast is flooded.</summary>
    public bool? MulticastFlood { get; init; }

    /// <summary>Whether broadcast is flooded.</summary>
    public bool? BroadcastFlood { get; init; }

    /// <summary>Whether isolated ports may not talk to each other.</summary>
    public bool? Isolated { get; init; }

    /// <summary>Path cost.</summary>
    public int? Cost { get; init; }

    /// <summary>Priority, 0 to 63.</summary>
    public int? Priority { get; init; }

    /// <summary>The state; the kernel takes it only with STP off.</summary>
    public BridgePortState? State { get; init; }
}
