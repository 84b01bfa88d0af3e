using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Netfilter.Established;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <summary>
/// Forwarding (linux net/ipv4/ip_forward.c ip_forward). ICMP redirects are never sent, as with send_redirects at 0: in a pod network packets
/// go from one link to another, where RFC 1812 5.2.7.2 allows none, and no workload depends on them.
/// </summary>
internal sealed class Ipv4Forwarding(NetworkNamespace owner)
{
    /// <summary>Forwards a packet from its IPv4 header on.</summary>
    /// <param name="device">Where it came in.</param>
    /// <param name="route">The route found.</param>
    /// <param name="destination">Its destination.</param>
    /// <param name="packet">The packet, taken over.</param>
    /// <param name="egress">The device it left by, when the decision may be cached.</param>
    /// <param name="neighbour">The neighbour it went to, when the decision may be cached.</param>
    internal void Forward(IpInterface device, RouteEntry route, Ipv4Address destination, ref Frame packet, out IpInterface? egress, out Neighbour? neighbour)
    {
        egress = route.Interface!;
        neighbour = null;
        if (packet.Span[8] <= 1)
        {
            owner.Ip.InHdrErrors++;
            owner.Icmp.Report(packet, device, IcmpType.TimeExceeded, 0, 0);
            owner.Drop(device, DropReason.TtlExceeded, ref packet);
            return;
        }

        int mtu = egress.Device.Mtu;
        bool tooBig = packet.Length > mtu;
        if (tooBig && (packet.Span[6] & 0x40) != 0)
        {
            owner.Ip.FragFails++;
            owner.Icmp.Report(packet, device, IcmpType.DestinationUnreachable, 4, (uint)Math.Min(mtu, 0xFFFF));
            owner.Drop(device, DropReason.FragmentationNeeded, ref packet);
            return;
        }

        if (!owner.Frames.TryMakeWritable(ref packet))
        {
            owner.Ip.OutDiscards++;
            owner.Drop(device, DropReason.NoBuffer, ref packet);
            return;
        }

        Ipv4Input.DecrementTimeToLive(packet.Span);
        Ipv4Address nextHop = route.Route.Gateway ?? destination;
        if (owner.Netfilter is not null && !owner.PassForward(device, egress, nextHop, ref packet))
            return;
        owner.Ip.ForwDatagrams += packet.Count;
        if (tooBig)
        {
            owner.Output.Fragment(egress, nextHop, ref packet, mtu);
            return;
        }

        neighbour = egress.IsLoopback ? null : owner.Neighbours.FindOrCreate(egress, nextHop, owner.Now);
        if (neighbour is null)
        {
            owner.Output.ToLink(egress, nextHop, ref packet);
            return;
        }

        owner.Netfilter?.Paths.Finish(PathEnd.Forwarded, egress, neighbour);
        owner.Neighbours.Send(neighbour, ref packet, owner.Now);
    }

    /// <summary>Sends a frame that has passed the rules by the way that its connection's packets take; takes it.</summary>
    internal void ForwardEstablished(EstablishedPath path, ref Frame frame)
    {
        Ipv4Input.DecrementTimeToLive(frame.Span[EthernetView.HeaderLength..]);
        path.Neighbour!.WriteAddresses(frame.Span);
        owner.Ip.ForwDatagrams += frame.Count;
        owner.Transmit(path.Egress!, ref frame);
    }
}
