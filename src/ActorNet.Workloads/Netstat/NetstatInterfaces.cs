using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Netstat;

/// <summary>`netstat -i`: a line for each device (net-tools lib/interface.c ife_print_short).</summary>
internal static class NetstatInterfaces
{
    private static readonly (LinkFlags Flag, char Letter)[] Letters =
    [
        (LinkFlags.AllMulticast, 'A'), (LinkFlags.Broadcast, 'B'), (LinkFlags.Loopback, 'L'), (LinkFlags.Multicast, 'M'), (LinkFlags.Promiscuous, 'P'),
        (LinkFlags.NoArp, 'O'), (LinkFlags.PointToPoint, 'P'), (LinkFlags.Running, 'R'), (LinkFlags.Up, 'U'),
    ];

    /// <summary>The text.</summary>
    /// <param name="view">The namespace.</param>
    /// <param name="all">Devices that are down too.</param>
    public static string Render(NamespaceView view, bool all)
    {
        var text = new StringBuilder("Kernel Interface table\nIface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n");
        foreach (LinkView link in view.Links.Where(each => all || each.IsUp).OrderBy(static each => each.Name, Inspection.NaturalNameComparer.Instance))
        {
            LinkCounters counters = link.Counters;
            text.Append(CultureInfo.InvariantCulture, $"{link.Name,-15} {link.Mtu,5} {counters.RxPackets,8} {counters.RxErrors,6} {counters.RxDropped + counters.RxMissed,6} {counters.RxFifoErrors,-6}")
                .Append(CultureInfo.InvariantCulture, $" {counters.TxPackets,8} {counters.TxErrors,6} {counters.TxDropped,6} {counters.TxFifoErrors,6} {Flags(link)}\n");
        }

        return text.ToString();
    }

    private static string Flags(LinkView link) =>
        link.Flags == LinkFlags.None ? "[NO FLAGS]" : string.Concat(Letters.Where(each => (link.Flags & each.Flag) != 0).Select(static each => each.Letter));
}
