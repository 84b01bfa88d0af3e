using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>`ifconfig` of net-tools 2.10: lists devices; sets up, down and mtu.</summary>
public sealed class IfconfigTool : IInspectionTool
{
    private static readonly (LinkFlags Flag, string Name)[] FlagNames =
    [
        (LinkFlags.Up, "UP"), (LinkFlags.Broadcast, "BROADCAST"), (LinkFlags.Loopback, "LOOPBACK"), (LinkFlags.PointToPoint, "POINTOPOINT"),
        (LinkFlags.Running, "RUNNING"), (LinkFlags.NoArp, "NOARP"), (LinkFlags.Promiscuous, "PROMISC"), (LinkFlags.AllMulticast, "ALLMULTI"),
        (LinkFlags.Multicast, "MULTICAST"),
    ];

    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <inheritdoc/>
    public string Name => "ifconfig";

    /// <inheritdoc/>
    public Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, TextWriter stdout, TextWriter stderr, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(args);
        return ToolOutcome.RunAsync(outcome => RunAsync(control, args, outcome, cancellationToken), stdout, stderr);
    }

    private static async Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        bool all = false;
        int index = 0;
        for (; index < args.Count && args[index].StartsWith('-'); index++)
        {
            if (args[index] is not ("-a" or "-v"))
                throw args[index] is "-s"
                    ? ArgumentReader.NotEmulated("ifconfig -s")
                    : new ToolFailure(1, $"ifconfig: option `{args[index]}' not recognised.\nifconfig: `--help' gives usage information.");
            all |= args[index] == "-a";
        }

        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (index == args.Count)
        {
            foreach (string each in Names(view).Where(each => all || LinkOf(view, each)!.IsUp))
                Write(outcome.Out, view, each);
            return 0;
        }

        string name = args[index];
        if (index + 1 < args.Count)
            return await SetAsync(control, view, name, args, index + 1, outcome, cancellationToken).ConfigureAwait(false);
        if (!Names(view).Contains(name))
            throw new ToolFailure(1, $"{name}: error fetching interface information: Device not found");
        Write(outcome.Out, view, name);
        return 0;
    }

    /// <summary>Devices and labels (`eth0:1`) in the order of the real list: by name, numbers in names by value.</summary>
    /// <summary>Devices and the labels of addresses, which are listed as devices of their own.</summary>
    internal static List<string> Names(NamespaceView view) =>
        [.. view.Links.Select(static link => link.Name)
            .Concat(view.Addresses.Where(static address => address.Label is not null && address.Label != address.Device).Select(static address => address.Label!))
            .Distinct()
            .Order(NaturalNameComparer.Instance)];

    /// <summary>The device of a name or label.</summary>
    internal static LinkView? LinkOf(NamespaceView view, string name) =>
        view.FindLink(name) ?? view.FindLink(view.Addresses.First(address => address.Label == name).Device);

    private static void Write(StringBuilder text, NamespaceView view, string name)
    {
        LinkView link = LinkOf(view, name)!;
        string flags = string.Join(',', FlagNames.Where(entry => (link.Flags & entry.Flag) != 0).Select(static entry => entry.Name));
        text.Append(CultureInfo.InvariantCulture, $"{name}: flags={(int)link.Flags & 0xFFFF}<{flags}>  mtu {link.Mtu}\n");
        if (view.Addresses.FirstOrDefault(address => (address.Label ?? address.Device) == name) is { } address)
            WriteAddress(text, link, address);
        if (link.IsLoopback)
            text.Append(CultureInfo.InvariantCulture, $"        loop  txqueuelen {link.TxQueueLength}  (Local Loopback)\n");
        else
            text.Append(CultureInfo.InvariantCulture, $"        ether {link.Mac}  txqueuelen {link.TxQueueLength}  (Ethernet)\n");
        if (link.Name == name)
            WriteCounters(text, link.Counters);
        text.Append('\n');
    }

    private static void WriteAddress(StringBuilder text, LinkView link, AddressView address)
    {
        text.Append("        inet ").Append(address.Address)
            .Append("  netmask ").Append(new Ipv4Address(new Ipv4Prefix(address.Address, address.PrefixLength).Mask));
        if ((link.Flags & LinkFlags.Broadcast) != 0)
            text.Append("  broadcast ").Append(address.Broadcast ?? Ipv4Address.Any);
        if ((link.Flags & LinkFlags.PointToPoint) != 0)
            text.Append("  destination ").Append(address.Peer ?? address.Address);
        text.Append('\n');
    }

    // What /proc/net/dev adds up is added up here too (linux net/core/net-procfs.c dev_seq_printf_stats).
    private static void WriteCounters(StringBuilder text, LinkCounters counters)
    {
        long frame = counters.RxLengthErrors + counters.RxOverErrors + counters.RxCrcErrors + counters.RxFrameErrors;
        long carrier = counters.TxCarrierErrors + counters.TxAbortedErrors + counters.TxWindowErrors + counters.TxHeartbeatErrors;
        text.Append(CultureInfo.InvariantCulture, $"        RX packets {counters.RxPackets}  bytes {counters.RxBytes} ({Scaled(counters.RxBytes)})\n")
            .Append(CultureInfo.InvariantCulture, $"        RX errors {counters.RxErrors}  dropped {counters.RxDropped + counters.RxMissed}  overruns {counters.RxFifoErrors}  frame {frame}\n")
            .Append(CultureInfo.InvariantCulture, $"        TX packets {counters.TxPackets}  bytes {counters.TxBytes} ({Scaled(counters.TxBytes)})\n")
            .Append(CultureInfo.InvariantCulture, $"        TX errors {counters.TxErrors}  dropped {counters.TxDropped} overruns {counters.TxFifoErrors}  carrier {carrier}  collisions {counters.Collisions}\n");
    }

    /// <summary>One decimal, cut, in the greatest unit that the value exceeds.</summary>
    private static string Scaled(long bytes)
    {
        int unit = 0;
        UInt128 size = 1;
        while (unit + 1 < Units.Length && (UInt128)bytes > size * 1024)
        {
            size *= 1024;
            unit++;
        }

        UInt128 tenths = (UInt128)bytes * 10 / size;
        return string.Create(CultureInfo.InvariantCulture, $"{tenths / 10}.{tenths % 10} {Units[unit]}");
    }

    private static async Task<int> SetAsync(INamespaceControl control, NamespaceView view, string name, IReadOnlyList<string> args, int index, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        if (view.FindLink(name) is null)
            throw new ToolFailure(255, $"{name}: ERROR while getting interface flags: No such device");
        for (; index < args.Count; index++)
        {
            NamespaceChange change = args[index] switch
            {
                "up" => new SetLinkState(name, true),
                "down" => new SetLinkState(name, false),
                "mtu" when index + 1 < args.Count && ArgumentReader.TryNumber(args[index + 1], out int mtu) => Take(ref index, new SetLinkMtu(name, mtu)),
                _ => throw ArgumentReader.NotEmulated("ifconfig " + name + " " + args[index]),
            };
            ControlResult result = await control.ApplyAsync(change, cancellationToken).ConfigureAwait(false);
            if (!result.IsOk)
                throw new ToolFailure(255, change is SetLinkMtu ? "SIOCSIFMTU: Invalid argument" : "SIOCSIFFLAGS: Invalid argument");
        }

        return 0;
    }

    private static SetLinkMtu Take(ref int index, SetLinkMtu change)
    {
        index++;
        return change;
    }
}
