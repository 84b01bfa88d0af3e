using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Bridging;

/// <summary>An entry of a bridge's forwarding database (linux net/bridge/br_private.h, net_bridge_fdb_entry).</summary>
public sealed class FdbEntry
{
    internal FdbEntry(MacAddress mac, BridgePort? port, long order, Instant now)
    {
        Mac = mac;
        Port = port;
        Order = order;
        LastUpdated = now;
        LastUsed = now;
    }

    /// <summary>The station's address.</summary>
    public MacAddress Mac { get; }

    /// <summary>The port that the station is behind; null for the bridge itself.</summary>
    public BridgePort? Port { get; internal set; }

    /// <summary>BR_FDB_LOCAL: frames to it go up to the namespace. `brctl showmacs` prints it as local, `bridge fdb` as permanent.</summary>
    public bool IsLocal { get; internal init; }

    /// <summary>BR_FDB_STATIC: never aged. Every local entry is static; `bridge fdb` prints "static" only for the others.</summary>
    public bool IsStatic { get; internal init; }

    /// <summary>What `bridge fdb` prints as "permanent" (br_fdb.c, fdb_to_nud: a local entry).</summary>
    public bool IsPermanent => IsLocal;

    /// <summary>Whether the entry was learned from a frame and ages.</summary>
    public bool IsLearned => !IsStatic;

    /// <summary>Set by the administrator, not by the bridge for a port.</summary>
    public bool IsAddedByUser { get; internal init; }

    /// <summary>When a frame was last forwarded by it ("used").</summary>
    public Instant LastUsed { get; internal set; }

    /// <summary>When a frame last came from it ("updated").</summary>
    public Instant LastUpdated { get; internal set; }

    /// <summary>Number of the entry in order of creation; dumps list the newest first, as the kernel's list does.</summary>
    internal long Order { get; }
}
