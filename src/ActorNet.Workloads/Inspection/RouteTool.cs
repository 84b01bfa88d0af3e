using System.Globalization;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>`route [-n]` and `netstat -r [-n]` of net-tools 2.10, which read /proc/net/route. No name is ever found but `default`.</summary>
public sealed class RouteTool : IInspectionTool
{
    private readonly bool _netstat;

    /// <summary>Makes the tool.</summary>
    /// <param name="netstat">True for `netstat -r`, false for `route`.</param>
    public RouteTool(bool netstat = false) => _netstat = netstat;

    /// <inheritdoc/>
    public string Name => _netstat ? "netstat" : "route";

    /// <inheritdoc/>
    public Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, TextWriter stdout, TextWriter stderr, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(control);
        ArgumentNullException.ThrowIfNull(args);
        return ToolOutcome.RunAsync(outcome => RunAsync(control, args, outcome, cancellationToken), stdout, stderr);
    }

    private async Task<int> RunAsync(INamespaceControl control, IReadOnlyList<string> args, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        bool numeric = false;
        bool routes = !_netstat;
        bool extended = false;
        foreach (string word in args)
        {
            if (!word.StartsWith('-') || word.Length < 2)
                throw ArgumentReader.NotEmulated($"{Name} {word}");
            foreach (char letter in word.AsSpan(1))
            {
                numeric |= letter == 'n';
                extended |= letter == 'e';
                routes |= letter == 'r';
                if (letter is not ('n' or 'e' or 'r'))
                    throw ArgumentReader.NotEmulated($"{Name} {word}");
            }
        }

        if (!routes)
            throw ArgumentReader.NotEmulated("netstat without -r");
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);

        // netstat -r shows MSS, window and irtt; -e changes it for route's columns, and the other way round for route.
        bool metrics = _netstat == extended;
        outcome.Out.Append("Kernel IP routing table\n").Append(metrics
            ? "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n"
            : "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface\n");
        foreach (RouteView route in view.Routes
            .Where(static route => route is { Table: RouteView.MainTable, Type: not (RouteType.Local or RouteType.Broadcast) })
            .OrderBy(static route => route.Destination.Network)
            .ThenByDescending(static route => route.Destination.Length)
            .ThenBy(static route => route.Metric))
            outcome.Out.Append(Line(route, numeric, metrics));
        return 0;
    }

    private static string Line(RouteView route, bool numeric, bool metrics)
    {
        bool reject = route.Type is RouteType.Unreachable or RouteType.Prohibit;
        string destination = route.Destination.Length == 0 && !numeric ? "default" : route.Destination.Network.ToString();
        string gateway = reject ? "-" : (route.Gateway ?? Ipv4Address.Any).ToString();
        string flags = reject ? "!" : "U" + (route.Gateway is null ? "" : "G") + (route.Destination.Length == 32 ? "H" : "");
        string device = reject ? "-" : route.Device ?? "*";
        string columns = (metrics, reject) switch
        {
            (true, true) => string.Create(CultureInfo.InvariantCulture, $"{route.Metric,-6} -        0"),
            (true, false) => string.Create(CultureInfo.InvariantCulture, $"{route.Metric,-6} 0        0"),
            (false, true) => "    - -          -",
            (false, false) => "    0 0          0",
        };
        return string.Create(CultureInfo.InvariantCulture, $"{destination,-15} {gateway,-15} {new Ipv4Address(route.Destination.Mask),-15} {flags,-5} {columns} {device}\n");
    }
}
