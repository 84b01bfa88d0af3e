using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Tunnels;
using ActorNet.Packets;

namespace ActorNet.Node.Views;

/// <summary>Makes what `ip -d link` and `bridge fdb` print of a tunnel from the device that carries the frames.</summary>
internal static class VxlanViews
{
    /// <summary>The device and its FDB.</summary>
    /// <param name="device">The live device.</param>
    /// <param name="lower">Name of the device below.</param>
    public static NamespaceView Of(VxlanDevice device, string lower) => new()
    {
        Name = device.Name,
        Links =
        [
            LinkViews.Of(device) with
            {
                Vxlan = new VxlanLinkView
                {
                    Vni = device.Settings.Vni,
                    Local = device.Settings.Local,
                    LowerDevice = lower,
                    DestinationPort = device.Settings.DestinationPort,
                    Ttl = device.Settings.TimeToLive,
                },
            },
        ],
        Fdb = [.. device.Fdb.GetEntries().Select(e => Entry(device, e))],
    };

    private static FdbEntryView Entry(VxlanDevice device, VxlanFdbEntry entry)
    {
        Ipv4Address destination = entry.Destination;
        return new FdbEntryView
        {
            Mac = entry.Mac,
            Device = device.Name,
            Destination = destination,
            Port = destination == entry.Remote.Address && entry.Remote.Port != device.Settings.DestinationPort ? entry.Remote.Port : null,
            Self = true,
            State = FdbEntryState.Permanent,
        };
    }
}
