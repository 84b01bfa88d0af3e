using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Bridging;
using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Inspection;

/// <summary>`bridge link` (iproute2 bridge/link.c).</summary>
internal static class BridgeLinkCommand
{
    private const int Failure = 255;

    public static Task<int> RunAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        if (!reader.TryNext(out string word))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.MatchesAny(word, "set", "change"))
            return SetAsync(control, reader, outcome, cancellationToken);
        if (ArgumentReader.MatchesAny(word, "show", "lst", "list"))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        throw ArgumentReader.Matches(word, "help") ? Usage() : ArgumentReader.UnknownCommand(word, "bridge link help");
    }

    private static ToolFailure Usage() => new(Failure,
        "Usage: bridge link set dev DEV [ cost COST ] [ priority PRIO ] [ state STATE ] [ hairpin {on | off} ] [ learning {on | off} ]\n" +
        "                               [ flood {on | off} ] [ mcast_flood {on | off} ] [ bcast_flood {on | off} ] [ isolated {on | off} ]\n" +
        "       bridge link show [dev DEV]");

    private static async Task<int> ShowAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        string? device = null;
        while (reader.TryNext(out string word))
        {
            if (word == "dev")
                device = device is null ? reader.Value() : throw ArgumentReader.Duplicate("dev", reader.Value());
        }

        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (device is not null && view.FindLink(device) is null)
            throw new ToolFailure(Failure, $"Cannot find device \"{device}\"");
        foreach (LinkView link in view.Links.OrderBy(static link => link.IfIndex))
        {
            if (link.Port is { } port && (device is null || link.Name == device))
                Write(outcome.Out, view, link, port, options);
        }

        return 0;
    }

    private static void Write(StringBuilder text, NamespaceView view, LinkView link, BridgePortView port, IpOptions options)
    {
        string name = LinkText.NameWithPeer(view, link, knowsNamespaces: false, out bool peerDown);
        text.Append(CultureInfo.InvariantCulture, $"{link.IfIndex}: {name}: {LinkText.Flags(link.Flags, peerDown)} mtu {link.Mtu} master {link.Master} ")
            .Append(CultureInfo.InvariantCulture, $"state {BridgePortText.Of(port.State)} priority {port.Priority} cost {port.Cost} ");
        if (options.Details)
            WriteDetails(text, port);
        text.Append('\n');
    }

    private static void WriteDetails(StringBuilder text, BridgePortView port)
    {
        text.Append("\n    ");
        BridgePortText.WriteSwitch(text, "hairpin", port.Hairpin);
        BridgePortText.WriteSwitch(text, "guard", port.Guard);
        BridgePortText.WriteSwitch(text, "root_block", port.RootBlock);
        BridgePortText.WriteSwitch(text, "fastleave", port.FastLeave);
        BridgePortText.WriteSwitch(text, "learning", port.Learning);
        BridgePortText.WriteSwitch(text, "flood", port.Flood);
        BridgePortText.WriteSwitch(text, "mcast_flood", port.MulticastFlood);
        BridgePortText.WriteSwitch(text, "bcast_flood", port.BroadcastFlood);
        text.Append("mcast_router 1 ");
        BridgePortText.WriteSwitch(text, "mcast_to_unicast", port.MulticastToUnicast);
        BridgePortText.WriteSwitch(text, "neigh_suppress", port.NeighbourSuppress);
        text.Append("vlan_tunnel off ");
        BridgePortText.WriteSwitch(text, "isolated", port.Isolated);
        BridgePortText.WriteSwitch(text, "locked", port.Locked);
    }

    private static async Task<int> SetAsync(INamespaceControl control, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        var change = new SetBridgePort("");
        while (reader.TryNext(out string word))
            change = With(change, word, reader);
        if (change.Device.Length == 0)
            throw new ToolFailure(Failure, "Device is a required argument.");
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (view.FindLink(change.Device) is not { } link)
            throw new ToolFailure(Failure, $"Cannot find bridge device \"{change.Device}\"");
        if (link.Port is null)
            return outcome.Report(ControlResult.NotSupported, Failure);
        return outcome.Report(await control.ApplyAsync(change, cancellationToken).ConfigureAwait(false), Failure);
    }

    private static SetBridgePort With(SetBridgePort change, string word, ArgumentReader reader) => word switch
    {
        "dev" => change with { Device = reader.Value() },
        "hairpin" => change with { Hairpin = OnOff(word, reader) },
        "learning" => change with { Learning = OnOff(word, reader) },
        "flood" => change with { Flood = OnOff(word, reader) },
        "mcast_flood" => change with { MulticastFlood = OnOff(word, reader) },
        "bcast_flood" => change with { BroadcastFlood = OnOff(word, reader) },
        "isolated" => change with { Isolated = OnOff(word, reader) },
        "cost" => change with { Cost = reader.Number("invalid cost\n") },
        "priority" => change with { Priority = reader.Number("invalid priority\n") },
        "state" => change with { State = ParseState(reader.Value()) },
        "self" or "master" => change,
        "guard" or "root_block" or "fastleave" or "learning_sync" or "mcast_to_unicast" or "neigh_suppress" or "vlan_tunnel" or "locked" or "hwmode" or "backup_port" =>
            throw ArgumentReader.NotEmulated("bridge link set " + word),
        _ => throw Usage(),
    };

    // The real tool hands the parser's -EINVAL on as its exit code: 234.
    private static bool OnOff(string keyword, ArgumentReader reader) => reader.Value() switch
    {
        "on" => true,
        "off" => false,
        string other => throw new ToolFailure(234, $"Error: argument of \"{keyword}\" must be one of \"off\", \"on\", not \"{other}\""),
    };

    private static BridgePortState ParseState(string word)
    {
        if (ArgumentReader.TryNumber(word, out int number) && number <= (int)BridgePortState.Blocking)
            return (BridgePortState)number;
        foreach (BridgePortState state in Enum.GetValues<BridgePortState>())
        {
            if (BridgePortText.Of(state) == word)
                return state;
        }

        throw new ToolFailure(Failure, "Error: invalid STP port state");
    }
}
