using ActorNet.Packets;

namespace ActorNet.Dataplane.Tunnels;

/// <summary>What a VXLAN device is made with; the defaults are flannel's.</summary>
public sealed record VxlanSettings
{
    /// <summary>Network identifier, 24 bits.</summary>
    public int Vni { get; init; } = 1;

    /// <summary>The local tunnel address, as `ip -d link` prints it: the node's.</summary>
    public required Ipv4Address Local { get; init; }

    /// <summary>The UDP port that datagrams go to (dstport).</summary>
    public ushort DestinationPort { get; init; } = VxlanView.LinuxPort;

    /// <summary>Outer TTL; 0 is auto, the route's hop limit of 64. The underlay's sockets carry it.</summary>
    public byte TimeToLive { get; init; }

    /// <summary>Outer type-of-service octet; 1 inherits the inner DSCP. ECN always follows RFC 6040.</summary>
    public byte TypeOfService { get; init; }

    /// <summary>Accept datagrams from addresses that no FDB entry names, as the kernel does with nolearning.</summary>
    public bool AllowUnknownPeers { get; init; }

    /// <summary>
    /// Whether segments of a flow that were received one behind the other go on as a train (<see cref="Frames.FrameTrain"/>), as with Linux's
    /// rx-gro on.
    /// </summary>
    public bool JoinsReceived { get; init; }

    /// <summary>Whether the device is a NIC on an Ethernet segment that VXLAN framing carries between hosts: it has no kind, and its byte counters have the Ethernet headers.</summary>
    public bool IsNic { get; init; }
}
