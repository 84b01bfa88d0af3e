using ActorNet.Packets;

namespace ActorNet.Dataplane.Inspection;

/// <summary>What a forwarding entry is: how long it lives.</summary>
public enum FdbEntryState
{
    /// <summary>Learned: ages.</summary>
    Learned,

    /// <summary>Put there by hand, does not age: NUD_NOARP, `static`.</summary>
    Static,

    /// <summary>A tunnel's fixed entry or a bridge's own address: NUD_PERMANENT, `permanent`.</summary>
    Permanent,

    /// <summary>Learned, and older than the ageing time: NUD_STALE, `stale`.</summary>
    Stale,
}

/// <summary>A forwarding entry as RTM_NEWNEIGH of family AF_BRIDGE describes it (linux net/bridge/br_fdb.c fdb_fill_info; drivers/net/vxlan/vxlan_core.c vxlan_fdb_info).</summary>
public sealed record FdbEntryView
{
    /// <summary>The address.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>The device: the bridge's port, the bridge itself for its own address, or the tunnel.</summary>
    public required string Device { get; init; }

    /// <summary>The remote tunnel end, or null for a bridge's entry.</summary>
    public Ipv4Address? Destination { get; init; }

    /// <summary>The remote UDP port when it differs from the device's, else null.</summary>
    public int? Port { get; init; }

    /// <summary>The remote network identifier when it differs from the device's, else null.</summary>
    public int? Vni { get; init; }

    /// <summary>The device that the datagrams leave by when the entry names one (`via`), else null.</summary>
    public string? Via { get; init; }

    /// <summary>The bridge whose table holds the entry, or null when the device holds it itself.</summary>
    public string? Master { get; init; }

    /// <summary>Whether the entry is the device's own (NTF_SELF).</summary>
    public bool Self { get; init; }

    /// <summary>How long it lives.</summary>
    public FdbEntryState State { get; init; }

    /// <summary>Time since the entry was last used; null for entries without a cache record (a device's own group addresses).</summary>
    public TimeSpan? Used { get; init; }

    /// <summary>Time since the entry was last learned or confirmed; null as above.</summary>
    public TimeSpan? Updated { get; init; }
}
