using ActorNet.Packets;

namespace ActorNet.Node.Uplink;

/// <summary>How a host's underlay socket is made.</summary>
public sealed record UnderlayOptions
{
    /// <summary>The port flannel uses for VXLAN on Linux (the kernel's own default; IANA's is 4789).</summary>
    public const ushort DefaultPort = 8472;

    /// <summary>The local address to bind; it must be an address of an interface of this machine.</summary>
    public required Ipv4Address Address { get; init; }

    /// <summary>The port to receive on; 0 lets the operating system choose.</summary>
    public ushort Port { get; init; } = DefaultPort;

    /// <summary>How many sockets, each with a source port of its own, datagrams leave by; 1 to 64. More give better spreading over the network's paths and the receiver's queues.</summary>
    public int SourceSockets { get; init; } = 16;

    /// <summary>The receive buffer to ask for, in bytes.</summary>
    public int ReceiveBufferBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The send buffer to ask for, per sending socket, in bytes.</summary>
    public int SendBufferBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Received vectors that may be under way to the sink at once; what arrives beyond is dropped as <see cref="Dataplane.Frames.DropReason.QueueFull"/>.</summary>
    public int ReceiveWindow { get; init; } = 256;

    /// <summary>Uses plain sockets where segmentation offload would be available too.</summary>
    public bool ForcePlain { get; init; }

    /// <summary>The command-line option that sets the port, for messages.</summary>
    public string PortOption { get; init; } = "--underlay-port";

    /// <summary>Names the receive thread.</summary>
    public string Name { get; init; } = "uplink";

    /// <summary>Told, rarely and once per cause, what the operator should know: a buffer that stayed small, an offload that was refused. Called on any thread.</summary>
    public Action<string>? Notice { get; init; }
}
