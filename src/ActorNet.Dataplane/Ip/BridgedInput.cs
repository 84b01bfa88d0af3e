using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Netfilter.Established;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <summary>
/// What a bridge asks the namespace's rules about (linux net/bridge/br_netfilter_hooks.c): PREROUTING with the bridge as the device; then what is the
/// namespace's own goes on as any other input, without PREROUTING again (ip_sabotage_in), and the rest passes FORWARD and POSTROUTING and goes back to the
/// bridge. When DNAT leads back to the same bridge, the frame is bridged to the neighbour's address: TTL and source address stay.
/// <para>
/// Of Linux it differs in this: the port by which a translated frame will leave is not known to its rules (physdev).
/// </para>
/// </summary>
/// <param name="owner">The namespace.</param>
internal sealed class BridgedInput(NetworkNamespace owner)
{
    private FrameVector? _back;
    private BridgePassage _passage;

    /// <summary>Takes a bridge's vector; the vector itself stays the caller's, empty.</summary>
    internal void Receive(IpInterface device, FrameVector frames)
    {
        _passage = frames.Passage;
        foreach (ref Frame frame in frames.Frames)
            ReceiveFrame(device, ref frame);
        if (owner.Netfilter is { } netfilter)
            netfilter.Ports = default;
        Flush(device);
    }

    /// <summary>Gives a packet from its IPv4 header on back to the bridge, with an Ethernet header.</summary>
    internal void Return(IpInterface device, MacAddress destination, MacAddress source, ref Frame packet)
    {
        packet.Push(EthernetView.HeaderLength);
        EthernetView.Write(packet.Span, destination, source, EtherType.Ipv4);
        if (_back is null && !owner.Frames.TryRentVector(out _back))
        {
            _back = null;
            owner.Drop(device, DropReason.NoBuffer, ref packet);
            return;
        }

        _back.Add(packet);
        packet.Buffer = null!;
        if (_back.IsFull)
            Flush(device);
    }

    // br_nf_pre_routing
    private void ReceiveFrame(IpInterface device, ref Frame frame)
    {
        if (!device.Device.IsUp || !device.IsAttached)
        {
            owner.Drop(device, DropReason.DeviceDown, ref frame);
            return;
        }

        var destinationMac = MacAddress.Read(frame.Span);
        owner.ReceivingLinkGroup = destinationMac.IsMulticast;
        if (!owner.Input.Check(device, ref frame, out int headerLength))
            return;
        Ipv4Address before = DestinationOf(frame);
        bool wasFragment = NetworkNamespace.IsFragment(frame.Span[EthernetView.HeaderLength..]);
        if (owner.Netfilter is { } netfilter)
        {
            netfilter.Ports = (_passage.IngressDevice, null);
            if (netfilter.TakeShortPath(ref frame, device, destinationMac == device.Device.Mac) is { } path)
            {
                PassEstablished(device, path, destinationMac, ref frame);
                return;
            }

            if (!owner.PassPreRouting(device, ref frame, ref headerLength))
                return;
        }

        if (DestinationOf(frame) != before)
            PassTranslated(device, headerLength, wasFragment, ref frame);
        else if (destinationMac == device.Device.Mac)
            PassUp(device, true, headerLength, ref frame);
        else
            Pass(device, destinationMac, headerLength, wasFragment, ref frame);
    }

    // br_nf_pre_routing_finish: to the new destination by the same bridge, or else to the namespace, as if sent to it.
    private void PassTranslated(IpInterface device, int headerLength, bool wasFragment, ref Frame frame)
    {
        var source = Ipv4Address.Read(frame.Span[(EthernetView.HeaderLength + 12)..]);
        if (!owner.Input.RoutesBack(device, source, DestinationOf(frame), out Ipv4Address nextHop))
        {
            device.Device.Mac.Write(frame.Span);
            owner.ReceivingLinkGroup = false;
            PassUp(device, true, headerLength, ref frame);
            return;
        }

        var sourceMac = MacAddress.Read(frame.Span[MacAddress.Length..]);
        frame.Pull(EthernetView.HeaderLength);
        if (!PassesForward(device, null, nextHop, ref frame))
            return;
        Neighbour? neighbour = owner.Neighbours.FindOrCreate(device, nextHop, owner.Now);
        if (neighbour is null)
            owner.Drop(device, DropReason.NeighbourFailed, ref frame);
        else if (owner.Neighbours.TryUse(neighbour, owner.Now))
            Bridge(device, neighbour, neighbour.Mac, sourceMac, wasFragment, ref frame);
        else
            Wait(neighbour, sourceMac, ref frame);
    }

    // br_nf_pre_routing_finish_bridge: while it waits, the source lies in front of the packet.
    private void Wait(Neighbour neighbour, MacAddress source, ref Frame packet)
    {
        packet.Push(EthernetView.HeaderLength);
        source.Write(packet.Span[MacAddress.Length..]);
        packet.Pull(EthernetView.HeaderLength);
        packet.Flags |= FrameFlags.KeepsSource;
        owner.Neighbours.Send(neighbour, ref packet, owner.Now);
    }

    private void Pass(IpInterface device, MacAddress destinationMac, int headerLength, bool wasFragment, ref Frame frame)
    {
        if (destinationMac.IsMulticast)
            PassCopyUp(device, headerLength, ref frame);
        var sourceMac = MacAddress.Read(frame.Span[MacAddress.Length..]);
        Ipv4Address destination = DestinationOf(frame);
        frame.Pull(EthernetView.HeaderLength);
        if (PassesForward(device, _passage.EgressDevice, destination, ref frame))
            Bridge(device, null, destinationMac, sourceMac, wasFragment, ref frame);
    }

    private void PassEstablished(IpInterface device, EstablishedPath path, MacAddress destinationMac, ref Frame frame)
    {
        if (path.End != PathEnd.Bridged)
        {
            owner.Ip.InReceives += frame.Count;
            owner.Input.PassEstablished(device, path, ref frame);
            return;
        }

        var sourceMac = MacAddress.Read(frame.Span[MacAddress.Length..]);
        frame.Pull(EthernetView.HeaderLength);
        Return(device, path.Neighbour?.Mac ?? destinationMac, sourceMac, ref frame);
    }

    // br_nf_forward_ip, br_nf_post_routing
    private bool PassesForward(IpInterface device, string? egress, Ipv4Address nextHop, ref Frame packet)
    {
        if (owner.Netfilter is not { } netfilter)
            return true;
        netfilter.Ports = (_passage.IngressDevice, egress);
        return owner.PassForward(device, device, nextHop, ref packet);
    }

    // br_nf_dev_queue_xmit: what conntrack put together is cut again.
    private void Bridge(IpInterface device, Neighbour? neighbour, MacAddress destination, MacAddress source, bool wasFragment, ref Frame packet)
    {
        owner.Netfilter?.Paths.Finish(PathEnd.Bridged, device, neighbour);
        if (wasFragment && packet.Length > device.Device.Mtu)
            owner.Output.Fragment(device, default, ref packet, device.Device.Mtu, this, (destination, source));
        else
            Return(device, destination, source, ref packet);
    }

    private void PassUp(IpInterface device, bool toUs, int headerLength, ref Frame frame)
    {
        owner.Ip.InReceives += frame.Count;
        owner.Input.ReceiveRouted(device, toUs, headerLength, ref frame);
    }

    // The namespace's own copy of what goes to a group.
    private void PassCopyUp(IpInterface device, int headerLength, ref Frame frame)
    {
        if (!owner.Frames.TryCopy(frame, out Frame copy))
        {
            owner.CountLocalDrop(DropReason.NoBuffer);
            return;
        }

        NetfilterState.CarriedConnection carried = owner.Netfilter?.Carried ?? default;
        PassUp(device, false, headerLength, ref copy);
        if (owner.Netfilter is { } netfilter)
            netfilter.Carried = carried;
    }

    private void Flush(IpInterface device)
    {
        if (_back is not { } back)
            return;
        _back = null;
        back.Passage = _passage with { EgressDevice = null };
        device.Device.Transmit(back);
    }

    private static Ipv4Address DestinationOf(in Frame frame) => Ipv4Address.Read(frame.Span[(EthernetView.HeaderLength + 16)..]);
}
