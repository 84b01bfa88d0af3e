using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Neighbours;

/// <summary>ARP over Ethernet (RFC 826, as linux net/ipv4/arp.c does it with arp_ignore, arp_announce, arp_accept and proxy_arp at 0).</summary>
internal sealed class ArpProtocol(NetworkNamespace owner, NamespaceOptions options)
{
    /// <summary>Takes a frame with EtherType ARP that is for us or for all (arp_rcv, arp_process).</summary>
    internal void Receive(IpInterface device, bool toUs, ref Frame frame)
    {
        if (device.NoArp || ArpView.TryParse(frame.Span[EthernetView.HeaderLength..], out ArpView arp) != ParseError.None
            || arp.Operation is not (ArpOperation.Request or ArpOperation.Reply))
        {
            owner.Drop(device, DropReason.BadArp, ref frame);
            return;
        }

        // Requests for multicast or loopback addresses are bad (arp_process: ipv4_is_multicast, ipv4_is_loopback).
        if (arp.TargetIp.IsMulticast || arp.TargetIp.IsLoopback)
        {
            owner.Drop(device, DropReason.BadArp, ref frame);
            return;
        }

        Process(device, toUs, arp);
        owner.Frames.Release(ref frame);
    }

    /// <summary>Asks who has a neighbour's address (arp_solicit with arp_announce 0).</summary>
    /// <param name="neighbour">The neighbour.</param>
    /// <param name="wanted">The source of a waiting packet: used when it is ours.</param>
    /// <param name="unicast">Whether to ask the known link address rather than everybody.</param>
    internal void Solicit(Neighbour neighbour, Ipv4Address wanted, bool unicast)
    {
        Ipv4Address source = !wanted.IsAny && owner.Routing.IsLocal(wanted)
            ? wanted
            : owner.Routing.SelectAddress(neighbour.Interface, neighbour.Address, RouteScope.Link);
        if (source.IsAny)
            return;
        MacAddress destination = unicast ? neighbour.Mac : MacAddress.Broadcast;
        Transmit(neighbour.Interface, destination, ArpOperation.Request, source, MacAddress.Zero, neighbour.Address);
    }

    /// <summary>Tells the link our addresses (inetdev_send_gratuitous_arp): a request for the own address.</summary>
    internal void Announce(IpInterface device)
    {
        if (device.NoArp)
            return;
        foreach (InterfaceAddress address in device.AddressList)
            Transmit(device, MacAddress.Broadcast, ArpOperation.Request, address.Address, MacAddress.Zero, address.Address);
    }

    private void Process(IpInterface device, bool toUs, ArpView arp)
    {
        Instant now = owner.Now;
        Ipv4Address sender = arp.SenderIp;
        bool request = arp.Operation == ArpOperation.Request;
        if (sender.IsAny)
        {
            // Duplicate address detection (RFC 5227): answered, nothing learned.
            if (request && owner.Routing.IsLocal(arp.TargetIp))
                Transmit(device, arp.SenderMac, ArpOperation.Reply, arp.TargetIp, arp.SenderMac, sender);
            return;
        }

        if (request && owner.Input.WouldDeliver(device, sender, arp.TargetIp))
        {
            Neighbour? asker = owner.Neighbours.FindOrCreate(device, sender, now);
            if (asker is null)
                return;
            owner.Neighbours.Update(asker, arp.SenderMac, NeighbourState.Stale, overrides: true, admin: false, now);
            Transmit(device, arp.SenderMac, ArpOperation.Reply, arp.TargetIp, arp.SenderMac, sender);
            return;
        }

        Neighbour? known = owner.Neighbours.Find(device, sender);
        if (known is null)
            return;
        // Of several answers within the lock time the first counts. A broadcast reply or a request asserts no reachability.
        bool overrides = now > known.Updated + options.Neighbours.LockTime;
        NeighbourState state = !request && toUs ? NeighbourState.Reachable : NeighbourState.Stale;
        owner.Neighbours.Update(known, arp.SenderMac, state, overrides, admin: false, now);
    }

    private void Transmit(IpInterface device, MacAddress destination, ArpOperation operation, Ipv4Address sender, MacAddress targetMac, Ipv4Address target)
    {
        if (device.NoArp || !device.Device.IsUp)
            return;
        if (!owner.Frames.TryRentFrame(EthernetView.HeaderLength + ArpView.MessageLength, out Frame frame))
        {
            owner.CountLocalDrop(DropReason.NoBuffer);
            return;
        }

        EthernetView.Write(frame.Span, destination, device.Device.Mac, EtherType.Arp);
        ArpView.Write(frame.Span[EthernetView.HeaderLength..], operation, device.Device.Mac, sender, targetMac, target);
        owner.Transmit(device, ref frame);
    }
}
