using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;
using ActorNet.Workloads.Inspection;

namespace ActorNet.Workloads.Netstat;

/// <summary>`netstat -i`: a line for each device (net-tools lib/interface.c ife_print_short).</summary>
internal static class NetstatInterfaces
{
    private static readonly (LinkFlags Flag, char Letter)[] Letters =
    [
        (LinkFlags.AllMulticast, 'A'), (LinkFlags.Broadcast, 'B'), (LinkFlags.Loopback, 'L'), (LinkFlags.Multicast, 'M'), (LinkFlags.Promiscuous, 'P'),
        (LinkFlags.NoArp, 'O'), (LinkFlags.PointToPoint, 'P'), (LinkFlags.Running, 'R'), (LinkFlags.Up, 'U'),
    ];

    // A label counts nothing of its own.
    private const string NoCounters = "     - no statistics available -                        ";

    /// <summary>The text.</summary>
    /// <param name="view">The namespace.</param>
    /// <param name="all">Devices that are down too.</param>
    public static string Render(NamespaceView view, bool all)
    {
        var text = new StringBuilder("Kernel Interface table\nIface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n");
        foreach (string name in IfconfigTool.Names(view))
        {
            LinkView link = IfconfigTool.LinkOf(view, name)!;
            if (all || link.IsUp)
                text.Append(CultureInfo.InvariantCulture, $"{name,-15} {link.Mtu,5} {(name == link.Name ? Counters(link.Counters) : NoCounters)}{Flags(link)}\n");
        }

        return text.ToString();
    }

    private static string Counters(LinkCounters counters) => string.Create(
        CultureInfo.InvariantCulture,
        $"{counters.RxPackets,8} {counters.RxErrors,6} {counters.RxDropped + counters.RxMissed,6} {counters.RxFifoErrors,-6} {counters.TxPackets,8} {counters.TxErrors,6} {counters.TxDropped,6} {counters.TxFifoErrors,6} ");

    private static string Flags(LinkView link) =>
        link.Flags == LinkFlags.None ? "[NO FLAGS]" : string.Concat(Letters.Where(each => (link.Flags & each.Flag) != 0).Select(static each => each.Letter));
}
