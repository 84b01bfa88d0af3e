using System.Collections.Immutable;
using ActorNet.Dataplane.Frames;
using ActorNet.Node.Uplink;

namespace ActorNet.Node;

/// <summary>The counters of a node and its pods at about one moment: each part is of its owner's turn.</summary>
public sealed record NodeMeasures
{
    /// <summary>Devices, by namespace and name.</summary>
    public ImmutableArray<DeviceMeasure> Devices { get; init; } = [];

    /// <summary>Namespaces: the node's, the outside's, the pods'.</summary>
    public ImmutableArray<NamespaceMeasure> Namespaces { get; init; } = [];

    /// <summary>Frames dropped, by place and reason.</summary>
    public ImmutableArray<DropMeasure> Drops { get; init; } = [];

    /// <summary>The underlay's sockets, by name: "tunnel" and, on a LAN, "lan".</summary>
    public ImmutableArray<(string Name, UplinkCounters Counters)> Uplinks { get; init; } = [];
}

/// <summary>What a device counted, as `ip -s link` shows it.</summary>
/// <param name="Namespace">"root", "outside", or the pod, with namespace and slash before it where that is not default.</param>
/// <param name="Device">Its name.</param>
/// <param name="ReceivedFrames">Frames received.</param>
/// <param name="ReceivedBytes">Their bytes.</param>
/// <param name="SentFrames">Frames sent.</param>
/// <param name="SentBytes">Their bytes.</param>
public readonly record struct DeviceMeasure(string Namespace, string Device, long ReceivedFrames, long ReceivedBytes, long SentFrames, long SentBytes);

/// <summary>What a namespace counted.</summary>
/// <param name="Namespace">As of <see cref="DeviceMeasure"/>.</param>
/// <param name="Tcp">TCP, by the kernel's names in /proc/net/snmp.</param>
/// <param name="Connections">Connections that conntrack follows.</param>
/// <param name="MostConnections">How many it follows at most; 0 where there is no netfilter.</param>
public sealed record NamespaceMeasure(string Namespace, TcpMeasure Tcp, int Connections, int MostConnections);

/// <summary>Counters of TCP (RFC 4022), by the kernel's names in /proc/net/snmp.</summary>
/// <param name="ActiveOpens">Connections that were asked for from here.</param>
/// <param name="PassiveOpens">Connections that were asked for from elsewhere.</param>
/// <param name="CurrEstab">Connections now.</param>
/// <param name="InSegs">Segments received.</param>
/// <param name="OutSegs">Segments sent.</param>
/// <param name="RetransSegs">Segments sent again.</param>
/// <param name="OutRsts">Resets sent.</param>
public readonly record struct TcpMeasure(long ActiveOpens, long PassiveOpens, long CurrEstab, long InSegs, long OutSegs, long RetransSegs, long OutRsts);

/// <summary>Frames that were dropped.</summary>
/// <param name="Place">The device or part, as "cni0" or "pod/web eth0".</param>
/// <param name="Reason">Why.</param>
/// <param name="Frames">How many.</param>
public readonly record struct DropMeasure(string Place, DropReason Reason, long Frames);
