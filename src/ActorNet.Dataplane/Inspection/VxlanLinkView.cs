using ActorNet.Packets;

namespace ActorNet.Dataplane.Inspection;

/// <summary>The details of a vxlan device (linux drivers/net/vxlan/vxlan_core.c vxlan_fill_info).</summary>
public sealed record VxlanLinkView
{
    /// <summary>The network identifier, 24 bits.</summary>
    public required int Vni { get; init; }

    /// <summary>The outer source address, or null when the route decides.</summary>
    public Ipv4Address? Local { get; init; }

    /// <summary>Where frames without an entry go: the remote address of a point-to-point tunnel, or the group; null for none.</summary>
    public Ipv4Address? Remote { get; init; }

    /// <summary>The device that the datagrams leave by, or null.</summary>
    public string? LowerDevice { get; init; }

    /// <summary>The lowest outer source port, 0 for the system's range.</summary>
    public int SourcePortLow { get; init; }

    /// <summary>The highest outer source port, 0 for the system's range.</summary>
    public int SourcePortHigh { get; init; }

    /// <summary>The UDP destination port: 8472 in Linux, 4789 by RFC 7348.</summary>
    public int DestinationPort { get; init; } = 8472;

    /// <summary>Whether sources are learned from received frames; flannel turns it off.</summary>
    public bool Learning { get; init; }

    /// <summary>The outer TTL, 0 for the system's default (`auto`).</summary>
    public int Ttl { get; init; }

    /// <summary>Ageing of learned entries; zero means never.</summary>
    public TimeSpan Ageing { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>The bound of the FDB, or 0 for none.</summary>
    public int MaxAddresses { get; init; }

    /// <summary>Whether the outer UDP checksum is sent.</summary>
    public bool UdpChecksum { get; init; } = true;
}
