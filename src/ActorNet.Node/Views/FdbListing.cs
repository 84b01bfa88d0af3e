using System.Collections.Immutable;
using ActorNet.Dataplane.Inspection;
using ActorNet.Packets;

namespace ActorNet.Node.Views;

/// <summary>Puts what the owners of the devices hold into the one list that the kernel dumps (linux net/core/rtnetlink.c rtnl_fdb_dump).</summary>
internal static class FdbListing
{
    // 224.0.0.1 as a MAC address (RFC 1112, 6.4): the group that every IPv4 interface is in while its device is up (net/ipv4/igmp.c ip_mc_up).
    private static readonly MacAddress AllHosts = MacAddress.Parse("01:00:5e:00:00:01");

    /// <summary>
    /// Device by device. A port's entries come from its bridge first and then its own groups; a bridge lists its own groups first
    /// (net/bridge/br_fdb.c br_fdb_dump); a tunnel lists its remotes alone (drivers/net/vxlan/vxlan_core.c vxlan_fdb_dump).
    /// </summary>
    /// <param name="links">The namespace's devices in the order of their indexes.</param>
    /// <param name="entries">The entries of all tables.</param>
    public static ImmutableArray<FdbEntryView> Of(ImmutableArray<LinkView> links, IEnumerable<FdbEntryView> entries)
    {
        ILookup<string, FdbEntryView> byDevice = entries.ToLookup(e => e.Device, StringComparer.Ordinal);
        ImmutableArray<FdbEntryView>.Builder all = ImmutableArray.CreateBuilder<FdbEntryView>();
        foreach (LinkView link in links)
        {
            bool hasGroup = link is { IsUp: true, IsLoopback: false, Vxlan: null };
            if (hasGroup && link.Bridge is not null)
                all.Add(Group(link));
            all.AddRange(byDevice[link.Name]);
            if (hasGroup && link.Bridge is null)
                all.Add(Group(link));
        }

        return all.ToImmutable();
    }

    private static FdbEntryView Group(LinkView link) => new() { Mac = AllHosts, Device = link.Name, Self = true, State = FdbEntryState.Permanent };
}
