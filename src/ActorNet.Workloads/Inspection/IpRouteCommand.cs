using System.Globalization;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>`ip route` (iproute2 ip/iproute.c do_iproute).</summary>
internal static class IpRouteCommand
{
    public static Task<int> RunAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        if (!reader.TryNext(out string word))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.MatchesAny(word, "list", "show", "lst"))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "get"))
            return GetAsync(control, reader, outcome, cancellationToken);
        EntryOperation? operation = ArgumentReader.Matches(word, "add") ? EntryOperation.Add
            : ArgumentReader.MatchesAny(word, "change", "chg") ? EntryOperation.Change
            : ArgumentReader.Matches(word, "replace") ? EntryOperation.Replace
            : word.StartsWith("pre", StringComparison.Ordinal) && ArgumentReader.Matches(word, "prepend") ? throw ArgumentReader.NotEmulated("ip route prepend")
            : ArgumentReader.Matches(word, "append") ? EntryOperation.Append
            : ArgumentReader.Matches(word, "delete") ? EntryOperation.Delete
            : null;
        if (operation is { } change)
            return ModifyAsync(change, control, reader, outcome, cancellationToken);
        if (ArgumentReader.MatchesAny(word, "test", "flush", "save", "restore", "showdump"))
            throw ArgumentReader.NotEmulated("ip route " + word);
        if (ArgumentReader.Matches(word, "help"))
            throw Usage();
        throw ArgumentReader.UnknownCommand(word, "ip route help");
    }

    private static ToolFailure Usage() => new(255,
        "Usage: ip route { list } SELECTOR\n       ip route get ADDRESS [ from ADDRESS ] [ oif STRING ]\n       ip route { add | del | change | append | replace } ROUTE\n" +
        "SELECTOR := [ root PREFIX ] [ match PREFIX ] [ exact PREFIX ] [ table TABLE_ID ] [ proto RTPROTO ] [ type TYPE ] [ scope SCOPE ] [ via ADDRESS ] [ dev STRING ]\n" +
        "ROUTE := [ TYPE ] PREFIX [ via ADDRESS ] [ dev STRING ] [ onlink ] [ src ADDRESS ] [ metric METRIC ] [ mtu NUMBER ] [ table TABLE_ID ] [ proto RTPROTO ] [ scope SCOPE ]");

    private static async Task<int> ShowAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        RouteFilter filter = RouteFilter.Parse(reader);
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (filter.Device is { } device)
            Require(view, device);
        if (options.Family is IpFamily.Inet6)
            return 0;

        // The kernel walks its trie: by prefix, within one the longer first, then by metric. Tables come one after the other, main first.
        foreach (RouteView route in view.Routes.Where(filter.Accepts)
            .OrderBy(static route => route.Table)
            .ThenBy(static route => route.Destination.Network)
            .ThenByDescending(static route => route.Destination.Length)
            .ThenBy(static route => route.Metric))
            RouteText.Write(outcome.Out, route, filter, options);
        return 0;
    }

    private static void Require(NamespaceView view, string device)
    {
        if (view.FindLink(device) is null)
            throw new ToolFailure(1, $"Cannot find device \"{device}\"");
    }

    private static async Task<int> GetAsync(INamespaceControl control, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        Ipv4Address? destination = null;
        Ipv4Address? source = null;
        string? device = null;
        while (reader.TryNext(out string word))
        {
            if (word == "from")
                source = ArgumentReader.Prefix(reader.Value()).Address;
            else if (word is "oif" or "dev")
                device = reader.Value();
            else if (word is "iif" or "mark" or "tos" or "dsfield" or "vrf" or "uid" or "ipproto" or "sport" or "dport" or "notify" or "connected" or "fibmatch" or "mtu")
                throw ArgumentReader.NotEmulated("ip route get " + word);
            else
                destination = ArgumentReader.Prefix(word == "to" ? reader.Value() : word).Address;
        }

        if (destination is not { } target)
            throw new ToolFailure(1, "need at least a destination address");
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (device is not null)
            Require(view, device);
        return outcome.Report(WriteAnswer(view, target, source, device, outcome));
    }

    /// <summary>Answers as the kernel does, or says its error (linux net/ipv4/fib_trie.c fib_props).</summary>
    private static ControlResult WriteAnswer(NamespaceView view, Ipv4Address target, Ipv4Address? source, string? device, ToolOutcome outcome)
    {
        if (source is { } given && !view.Addresses.Any(address => address.Address == given))
            return ControlResult.NetworkUnreachable;

        // With a device and no route the destination counts as attached (linux net/ipv4/route.c ip_route_output_key_hash_rcu).
        RouteView? route = RouteLookup.Find(view, target, device)
            ?? (device is null ? null : new RouteView { Destination = new Ipv4Prefix(target, 32), Device = device });
        switch (route?.Type)
        {
            case null:
                return ControlResult.NetworkUnreachable;
            case RouteType.Blackhole:
                return ControlResult.InvalidArgument;
            case RouteType.Unreachable:
                return ControlResult.Refused("No route to host");
            case RouteType.Prohibit:
                return ControlResult.Refused("Permission denied");
        }

        bool local = route.Type == RouteType.Local;
        bool broadcast = route.Type == RouteType.Broadcast;
        if (local || broadcast)
            outcome.Out.Append(local ? "local " : "broadcast ");
        outcome.Out.Append(target).Append(' ');
        if (source is not null)
            outcome.Out.Append("from ").Append(source).Append(' ');
        if (route.Gateway is { } gateway)
            outcome.Out.Append("via ").Append(gateway).Append(' ');
        outcome.Out.Append("dev ").Append(local ? "lo" : route.Device).Append(' ');
        if (source is null && RouteLookup.Source(view, route, target) is { } selected)
            outcome.Out.Append("src ").Append(local ? route.PreferredSource ?? target : selected).Append(' ');
        outcome.Out.Append("uid 0 \n    cache ").Append(local ? "<local> " : broadcast ? "<local,brd> " : "");
        if (route.Mtu is int mtu)
            outcome.Out.Append(CultureInfo.InvariantCulture, $"mtu {mtu} ");
        outcome.Out.Append('\n');
        return ControlResult.Ok;
    }

    private static async Task<int> ModifyAsync(EntryOperation operation, INamespaceControl control, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        if (!reader.HasNext)
            throw Usage();
        RouteRequest request = RouteRequest.Parse(reader);
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (request.Device is { } device)
            Require(view, device);
        if (request.HasHostBits)
            return outcome.Report(ControlResult.Explained("Invalid prefix for given prefix length"));
        RouteView entry = request.ToEntry(operation);
        if (operation != EntryOperation.Delete && entry is { Device: null, Gateway: null, Type: RouteType.Unicast or RouteType.Local or RouteType.Broadcast })
            return outcome.Report(ControlResult.NoSuchDevice);
        return outcome.Report(await control.ApplyAsync(new ChangeRoute(operation, entry), cancellationToken).ConfigureAwait(false));
    }
}
