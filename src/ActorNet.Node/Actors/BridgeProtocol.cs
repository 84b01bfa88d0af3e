using ActorNet.Packets;
using Akka.Actor;

namespace ActorNet.Node.Actors;

/// <summary>What a bridge's actor understands besides frames.</summary>
internal static class BridgeProtocol
{
    /// <summary>Makes the host end of a veth pair and enslaves it to the bridge.</summary>
    /// <param name="Device">Name of the host end.</param>
    /// <param name="IfIndex">Its interface index.</param>
    /// <param name="Mac">Its hardware address.</param>
    /// <param name="Mtu">Its MTU in bytes.</param>
    /// <param name="PeerIfIndex">Interface index of the pod's end.</param>
    /// <param name="PeerNamespace">Name of the pod's namespace.</param>
    /// <param name="Hairpin">Whether frames may leave by the port that they came in by.</param>
    /// <param name="Pod">The pod's actor.</param>
    public sealed record AttachPort(string Device, int IfIndex, MacAddress Mac, int Mtu, int PeerIfIndex, string PeerNamespace, bool Hairpin, IActorRef Pod);

    /// <summary>The port stands; it is down until the pod's end comes up.</summary>
    /// <param name="Device">Device name.</param>
    /// <param name="Port">The bridge's number for frames from the pod.</param>
    public sealed record PortAttached(string Device, int Port);

    /// <summary>The port could not be made.</summary>
    /// <param name="Device">Device name.</param>
    /// <param name="Why">Why.</param>
    public sealed record PortRefused(string Device, string Why);

    /// <summary>Sets net.bridge.bridge-nf-call-iptables: the root namespace, which has the rules, asks for it.</summary>
    /// <param name="Calls">Whether IPv4 frames pass the root namespace's rules.</param>
    public sealed record CallIptables(bool Calls);

    /// <summary>Removes a port and everything learned behind it.</summary>
    /// <param name="Device">Device name.</param>
    public sealed record DetachPort(string Device);
}

/// <summary>Asks an actor for the part of a namespace's view that it owns; answered with an <see cref="OwnedView"/>.</summary>
internal sealed record Inspect
{
    /// <summary>The one.</summary>
    public static readonly Inspect Instance = new();
}

/// <summary>Part of a namespace's view, made from the live objects of one actor.</summary>
/// <param name="View">Its links, addresses, routes, neighbours and FDB entries.</param>
internal sealed record OwnedView(Dataplane.Inspection.NamespaceView View);

