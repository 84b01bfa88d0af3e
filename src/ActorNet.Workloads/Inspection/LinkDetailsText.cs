using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Inspection;

/// <summary>What `ip -d link` adds: kind, bridge, port and tunnel details and limits (iproute2 6.1 ip/iplink_bridge.c, iplink_bridge_slave.c, iplink_vxlan.c).</summary>
internal static class LinkDetailsText
{
    /// <summary>Writes the details of a device after its address line.</summary>
    public static void Write(StringBuilder text, LinkView link, IpOptions options, bool asLink)
    {
        text.Append(CultureInfo.InvariantCulture, $" promiscuity {link.Promiscuity}  allmulti {link.AllMulticast} minmtu {link.MinMtu} maxmtu {link.MaxMtu} ");
        if (link.Kind is not null)
        {
            text.Append(options.LineBreak).Append("    ").Append(link.Kind).Append(' ');
            if (link.Bridge is not null)
                WriteBridge(text, link.Bridge);
            if (link.Vxlan is not null)
                WriteVxlan(text, link.Vxlan);
        }

        if (link.Port is not null)
        {
            text.Append(options.LineBreak).Append("    bridge_slave ");
            WritePort(text, link.Port);
        }

        if (asLink)
            text.Append("addrgenmode eui64 ");
        LinkLimits limits = link.Limits;
        text.Append(CultureInfo.InvariantCulture, $"numtxqueues {limits.TxQueues} numrxqueues {limits.RxQueues} ")
            .Append(CultureInfo.InvariantCulture, $"gso_max_size {limits.GsoMaxSize} gso_max_segs {limits.GsoMaxSegments} ")
            .Append(CultureInfo.InvariantCulture, $"tso_max_size {limits.TsoMaxSize} tso_max_segs {limits.TsoMaxSegments} gro_max_size {limits.GroMaxSize} ");
    }

    private static void WriteVxlan(StringBuilder text, VxlanLinkView vxlan)
    {
        text.Append(CultureInfo.InvariantCulture, $"id {vxlan.Vni} ");
        if (vxlan.Remote is { } remote)
            text.Append(remote.IsMulticast ? "group " : "remote ").Append(remote).Append(' ');
        if (vxlan.Local is { } local)
            text.Append("local ").Append(local).Append(' ');
        if (vxlan.LowerDevice is not null)
            text.Append("dev ").Append(vxlan.LowerDevice).Append(' ');
        text.Append(CultureInfo.InvariantCulture, $"srcport {vxlan.SourcePortLow} {vxlan.SourcePortHigh} dstport {vxlan.DestinationPort} ");
        if (!vxlan.Learning)
            text.Append("nolearning ");
        text.Append("ttl ").Append(vxlan.Ttl == 0 ? "auto" : vxlan.Ttl.ToString(CultureInfo.InvariantCulture)).Append(' ');
        text.Append("ageing ").Append(vxlan.Ageing == TimeSpan.Zero ? "none" : ((long)vxlan.Ageing.TotalSeconds).ToString(CultureInfo.InvariantCulture)).Append(' ');
        if (vxlan.MaxAddresses > 0)
            text.Append(CultureInfo.InvariantCulture, $"maxaddr {vxlan.MaxAddresses} ");
        text.Append(vxlan.UdpChecksum ? "udpcsum " : "noudpcsum ").Append("noudp6zerocsumtx noudp6zerocsumrx ");
    }

    private static void WriteBridge(StringBuilder text, BridgeView bridge)
    {
        text.Append(CultureInfo.InvariantCulture, $"forward_delay {Centiseconds(bridge.ForwardDelay)} hello_time {Centiseconds(bridge.HelloTime)} max_age {Centiseconds(bridge.MaxAge)} ")
            .Append(CultureInfo.InvariantCulture, $"ageing_time {Centiseconds(bridge.Ageing)} stp_state {Digit(bridge.Stp)} priority {bridge.Id.Priority} vlan_filtering 0 ")
            .Append("bridge_id ").Append(Text(bridge.Id)).Append(" designated_root ").Append(Text(bridge.DesignatedRoot))
            .Append(CultureInfo.InvariantCulture, $" root_port {bridge.RootPort} root_path_cost {bridge.RootPathCost} ")
            .Append(CultureInfo.InvariantCulture, $"topology_change {Digit(bridge.TopologyChange)} topology_change_detected {Digit(bridge.TopologyChangeDetected)} ")
            .Append("hello_timer ").Append(Timer(bridge.HelloTimer)).Append(" tcn_timer ").Append(Timer(bridge.TcnTimer))
            .Append(" topology_change_timer ").Append(Timer(bridge.TopologyChangeTimer)).Append(" gc_timer ").Append(Timer(bridge.GcTimer))
            .Append(CultureInfo.InvariantCulture, $" group_fwd_mask {Mask(bridge.GroupForwardMask)} group_address 01:80:c2:00:00:00 ")
            .Append(CultureInfo.InvariantCulture, $"mcast_snooping {Digit(bridge.MulticastSnooping)} ");

        // The rest are the kernel's defaults of options that the bridge here does not have (linux net/bridge/br_multicast.c br_multicast_init).
        text.Append("no_linklocal_learn 0 mcast_vlan_snooping 0 mcast_router 1 mcast_query_use_ifaddr 0 mcast_querier 0 mcast_hash_elasticity 16 ")
            .Append("mcast_hash_max 4096 mcast_last_member_count 2 mcast_startup_query_count 2 mcast_last_member_interval 100 mcast_membership_interval 26000 ")
            .Append("mcast_querier_interval 25500 mcast_query_interval 12500 mcast_query_response_interval 1000 mcast_startup_query_interval 3124 ")
            .Append("mcast_stats_enabled 0 mcast_igmp_version 2 mcast_mld_version 1 ");
        int netfilter = Digit(bridge.NetfilterCall);
        text.Append(CultureInfo.InvariantCulture, $"nf_call_iptables {netfilter} nf_call_ip6tables {netfilter} nf_call_arptables {netfilter} ");
    }

    private static void WritePort(StringBuilder text, BridgePortView port)
    {
        text.Append(CultureInfo.InvariantCulture, $"state {BridgePortText.Of(port.State)} priority {port.Priority} cost {port.Cost} ");
        BridgePortText.WriteSwitch(text, "hairpin", port.Hairpin);
        BridgePortText.WriteSwitch(text, "guard", port.Guard);
        BridgePortText.WriteSwitch(text, "root_block", port.RootBlock);
        BridgePortText.WriteSwitch(text, "fastleave", port.FastLeave);
        BridgePortText.WriteSwitch(text, "learning", port.Learning);
        BridgePortText.WriteSwitch(text, "flood", port.Flood);
        text.Append(CultureInfo.InvariantCulture, $"port_id 0x{port.PortId:x} port_no 0x{port.Number:x} designated_port {port.DesignatedPort} designated_cost {port.DesignatedCost} ")
            .Append("designated_bridge ").Append(Text(port.DesignatedBridge)).Append(" designated_root ").Append(Text(port.DesignatedRoot))
            .Append(" hold_timer ").Append(Timer(port.HoldTimer)).Append(" message_age_timer ").Append(Timer(port.MessageAgeTimer))
            .Append(" forward_delay_timer ").Append(Timer(port.ForwardDelayTimer))
            .Append(" topology_change_ack 0 config_pending 0 proxy_arp off proxy_arp_wifi off mcast_router 1 ");
        BridgePortText.WriteSwitch(text, "mcast_fast_leave", port.FastLeave);
        BridgePortText.WriteSwitch(text, "mcast_flood", port.MulticastFlood);
        BridgePortText.WriteSwitch(text, "bcast_flood", port.BroadcastFlood);
        BridgePortText.WriteSwitch(text, "mcast_to_unicast", port.MulticastToUnicast);
        BridgePortText.WriteSwitch(text, "neigh_suppress", port.NeighbourSuppress);
        text.Append("group_fwd_mask 0 group_fwd_mask_str 0x0 vlan_tunnel off ");
        BridgePortText.WriteSwitch(text, "isolated", port.Isolated);
        BridgePortText.WriteSwitch(text, "locked", port.Locked);
    }

    /// <summary>A bridge id as iproute2 writes it: octets without leading zeros.</summary>
    private static string Text(BridgeId id)
    {
        Span<byte> mac = stackalloc byte[6];
        id.Mac.Write(mac);
        return string.Create(CultureInfo.InvariantCulture, $"{id.Priority:x4}.{mac[0]:x}:{mac[1]:x}:{mac[2]:x}:{mac[3]:x}:{mac[4]:x}:{mac[5]:x}");
    }

    /// <summary>A timer in seconds with two decimals, cut, not rounded.</summary>
    private static string Timer(TimeSpan left)
    {
        long hundredths = Centiseconds(left);
        return string.Create(CultureInfo.InvariantCulture, $"{hundredths / 100,4}.{hundredths % 100:00}");
    }

    private static long Centiseconds(TimeSpan time) => time.Ticks / (TimeSpan.TicksPerSecond / 100);

    private static int Digit(bool value) => value ? 1 : 0;

    private static string Mask(int mask) => mask == 0 ? "0" : "0x" + mask.ToString("x", CultureInfo.InvariantCulture);
}
