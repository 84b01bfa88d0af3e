using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Inspection;

/// <summary>`brctl` of bridge-utils 1.7: show, showmacs, showstp and hairpin.</summary>
public sealed class BrctlTool : IInspectionTool
{
    private const string Usage =
        "Usage: brctl [commands]\ncommands:\n" +
        "\thairpin   \t<bridge> <port> {on|off}\tturn hairpin on/off\n" +
        "\tshow      \t[ <bridge> ]\t\tshow a list of bridges\n" +
        "\tshowmacs  \t<bridge>\t\tshow a list of mac addrs\n" +
        "\tshowstp   \t<bridge>\t\tshow bridge stp info\n";

    /// <inheritdoc/>
    public string Name => "brctl";

    /// <inheritdoc/>
    public Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, TextWriter stdout, TextWriter stderr, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(args);
        return ToolOutcome.RunAsync(outcome => RunAsync(control, args, outcome, cancellationToken), stdout, stderr);
    }

    private static async Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        string command = args.Count > 0 ? args[0] : "";
        if (command is "-V" or "--version")
        {
            outcome.Out.Append("bridge-utils, 1.7\n");
            return 0;
        }

        if (command is "addbr" or "delbr" or "addif" or "delif" or "setageing" or "setbridgeprio" or "setfd" or "sethello" or "setmaxage" or "setpathcost" or "setportprio" or "stp")
            throw ArgumentReader.NotEmulated("brctl " + command);
        if (command is not ("show" or "showmacs" or "showstp" or "hairpin"))
        {
            outcome.Out.Append(Usage);
            if (command.Length > 0)
                outcome.Error.Append("never heard of command [").Append(command).Append("]\n");
            return 1;
        }

        (int expected, string synopsis) = command switch
        {
            "showmacs" => (1, "brctl showmacs <bridge>\t\tshow a list of mac addrs"),
            "showstp" => (1, "brctl showstp <bridge>\t\tshow bridge stp info"),
            "hairpin" => (3, "brctl hairpin <bridge> <port> {on|off}\tturn hairpin on/off"),
            _ => (0, ""),
        };
        if (args.Count - 1 < expected)
        {
            outcome.Out.Append("Incorrect number of arguments for command\nUsage: ").Append(synopsis).Append('\n');
            return 1;
        }

        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        return command switch
        {
            "show" => Show(view, args, outcome),
            "showmacs" => ShowMacs(view, args[1], outcome),
            "showstp" => ShowStp(view, args[1], outcome),
            _ => await HairpinAsync(control, view, args, outcome, cancellationToken).ConfigureAwait(false),
        };
    }

    private static int Show(NamespaceView view, IReadOnlyList<string> args, ToolOutcome outcome)
    {
        string[] names = args.Count > 1 ? [.. args.Skip(1)] : [.. view.Bridges.Select(static bridge => bridge.Name)];
        int code = 0;
        bool headed = false;
        foreach (string name in names)
        {
            if (view.FindLink(name) is not { Bridge: { } details } bridge)
            {
                outcome.Error.Append(view.FindLink(name) is null ? $"bridge {name} does not exist!\n" : $"device {name} is not a bridge!\n");
                code = 1;
                continue;
            }

            if (!headed)
                outcome.Out.Append("bridge name\tbridge id\t\tSTP enabled\tinterfaces\n");
            headed = true;
            outcome.Out.Append(bridge.Name).Append("\t\t").Append(Text(details.Id)).Append('\t').Append(details.Stp ? "yes" : "no").Append("\t\t")
                .AppendJoin("\n\t\t\t\t\t\t\t", PortsByName(view, name).Select(static port => port.Name)).Append('\n');
        }

        return code;
    }

    private static IEnumerable<LinkView> PortsByName(NamespaceView view, string bridge) =>
        view.PortsOf(bridge).OrderBy(static port => port.Name, StringComparer.Ordinal);

    private static int ShowMacs(NamespaceView view, string name, ToolOutcome outcome)
    {
        if (view.FindLink(name)?.Bridge is null)
            throw new ToolFailure(1, view.FindLink(name) is null
                ? "read of forward table failed: No such device"
                : "read of forward table failed: Operation not supported");
        outcome.Out.Append("port no\tmac addr\t\tis local?\tageing timer\n");
        foreach (FdbEntryView entry in view.Fdb.Where(entry => entry.Master == name).OrderBy(static entry => entry.Mac))
        {
            // The bridge's own address belongs to no port and is not in the table that brctl reads (linux net/bridge/br_fdb.c br_fdb_fillbuf).
            if (view.FindLink(entry.Device)?.Port is not { } port)
                continue;
            TimeSpan age = entry.State is FdbEntryState.Learned or FdbEntryState.Stale ? entry.Updated ?? TimeSpan.Zero : TimeSpan.Zero;
            outcome.Out.Append(CultureInfo.InvariantCulture, $"{port.Number,3}\t{entry.Mac}\t{(entry.State == FdbEntryState.Permanent ? "yes" : "no")}\t\t{Timer(age)}\n");
        }

        return 0;
    }

    private static int ShowStp(NamespaceView view, string name, ToolOutcome outcome)
    {
        LinkView? link = view.FindLink(name);
        if (link?.Bridge is not { } bridge)
            throw new ToolFailure(1, link is null ? $"bridge {name} does not exist!" : $"device {name} is not a bridge!");
        StringBuilder text = outcome.Out;
        text.Append(name).Append('\n')
            .Append(" bridge id\t\t").Append(Text(bridge.Id)).Append('\n')
            .Append(" designated root\t").Append(Text(bridge.DesignatedRoot)).Append('\n')
            .Append(CultureInfo.InvariantCulture, $" root port\t\t{bridge.RootPort,4}\t\t\tpath cost\t\t{bridge.RootPathCost,4}\n")
            .Append(CultureInfo.InvariantCulture, $" max age\t\t{Timer(bridge.MaxAge)}\t\t\tbridge max age\t\t{Timer(bridge.MaxAge)}\n")
            .Append(CultureInfo.InvariantCulture, $" hello time\t\t{Timer(bridge.HelloTime)}\t\t\tbridge hello time\t{Timer(bridge.HelloTime)}\n")
            .Append(CultureInfo.InvariantCulture, $" forward delay\t\t{Timer(bridge.ForwardDelay)}\t\t\tbridge forward delay\t{Timer(bridge.ForwardDelay)}\n")
            .Append(CultureInfo.InvariantCulture, $" ageing time\t\t{Timer(bridge.Ageing)}\n")
            .Append(CultureInfo.InvariantCulture, $" hello timer\t\t{Timer(bridge.HelloTimer)}\t\t\ttcn timer\t\t{Timer(bridge.TcnTimer)}\n")
            .Append(CultureInfo.InvariantCulture, $" topology change timer\t{Timer(bridge.TopologyChangeTimer)}\t\t\tgc timer\t\t{Timer(bridge.GcTimer)}\n")
            .Append(" flags\t\t\t").Append(bridge.TopologyChange ? "TOPOLOGY_CHANGE " : "").Append(bridge.TopologyChangeDetected ? "TOPOLOGY_CHANGE_DETECTED " : "")
            .Append("\n\n\n");
        foreach (LinkView port in PortsByName(view, name))
            WritePort(text, port.Name, port.Port!);
        return 0;
    }

    private static void WritePort(StringBuilder text, string name, BridgePortView port)
    {
        text.Append(CultureInfo.InvariantCulture, $"{name} ({port.Number})\n")
            .Append(CultureInfo.InvariantCulture, $" port id\t\t{port.PortId:x4}\t\t\tstate\t\t{BridgePortText.Of(port.State),15}\n")
            .Append(CultureInfo.InvariantCulture, $" designated root\t{Text(port.DesignatedRoot)}\tpath cost\t\t{port.Cost,4}\n")
            .Append(CultureInfo.InvariantCulture, $" designated bridge\t{Text(port.DesignatedBridge)}\tmessage age timer\t{Timer(port.MessageAgeTimer)}\n")
            .Append(CultureInfo.InvariantCulture, $" designated port\t{port.DesignatedPort:x4}\t\t\tforward delay timer\t{Timer(port.ForwardDelayTimer)}\n")
            .Append(CultureInfo.InvariantCulture, $" designated cost\t{port.DesignatedCost,4}\t\t\thold timer\t\t{Timer(port.HoldTimer)}\n")
            .Append(" flags\t\t\t\n");
        if (port.Hairpin)
            text.Append(" hairpin mode\t\t   1\n");
        text.Append('\n');
    }

    private static async Task<int> HairpinAsync(INamespaceControl control, NamespaceView view, IReadOnlyList<string> args, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        bool on = args[3] switch
        {
            "on" or "yes" or "1" => true,
            "off" or "no" or "0" => false,
            _ => throw new ToolFailure(1, "expect on/off for argument"),
        };
        if (view.FindLink(args[1])?.Bridge is null)
            throw new ToolFailure(1, $"bridge {args[1]} does not exist!");
        if (view.FindLink(args[2]) is not { Port: not null } port || port.Master != args[1])
            throw new ToolFailure(1, $"can't set {args[2]} to hairpin on bridge {args[1]}: No such file or directory");
        return outcome.Report(await control.ApplyAsync(new SetBridgePort(args[2]) { Hairpin = on }, cancellationToken).ConfigureAwait(false), 1);
    }

    /// <summary>A bridge id: four hexadecimal digits of priority, a point, twelve of address.</summary>
    private static string Text(BridgeId id) => string.Create(CultureInfo.InvariantCulture, $"{id.Priority:x4}.{id.Mac.Value:x12}");

    /// <summary>Seconds with two decimals, cut, not rounded.</summary>
    private static string Timer(TimeSpan time)
    {
        long hundredths = time.Ticks / (TimeSpan.TicksPerSecond / 100);
        return string.Create(CultureInfo.InvariantCulture, $"{hundredths / 100,4}.{hundredths % 100:00}");
    }
}
