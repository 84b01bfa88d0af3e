using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>`ip neighbour` (iproute2 ip/ipneigh.c do_ipneigh).</summary>
internal static class IpNeighbourCommand
{
    // In the order in which print_neigh_state names the bits.
    private static readonly (NeighbourState State, string Name)[] States =
    [
        (NeighbourState.Incomplete, "INCOMPLETE"), (NeighbourState.Reachable, "REACHABLE"), (NeighbourState.Stale, "STALE"),
        (NeighbourState.Delay, "DELAY"), (NeighbourState.Probe, "PROBE"), (NeighbourState.Failed, "FAILED"),
        (NeighbourState.NoArp, "NOARP"), (NeighbourState.Permanent, "PERMANENT"),
    ];

    public static Task<int> RunAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        if (!reader.TryNext(out string word))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        EntryOperation? operation = ArgumentReader.Matches(word, "add") ? EntryOperation.Add
            : ArgumentReader.MatchesAny(word, "change", "chg") ? EntryOperation.Change
            : ArgumentReader.Matches(word, "replace") ? EntryOperation.Replace
            : ArgumentReader.Matches(word, "delete") ? EntryOperation.Delete
            : null;
        if (operation is { } change)
            return ModifyAsync(change, control, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "get"))
            return GetAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.MatchesAny(word, "show", "lst", "list"))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "flush"))
            return FlushAsync(control, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "help"))
            throw new ToolFailure(255, "Usage: ip neigh { add | del | change | replace } ADDR [ lladdr LLADDR ] [ nud STATE ] dev DEV\n       ip neigh { show | flush } [ to PREFIX ] [ dev DEV ] [ nud STATE ] [ proxy ]\n       ip neigh get ADDR dev DEV");
        throw ArgumentReader.UnknownCommand(word, "ip neigh help");
    }

    private static async Task<int> ShowAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        NeighbourFilter filter = NeighbourFilter.Parse(reader);
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (filter.Device is { } device)
            Require(view, device);
        if (options.Family is IpFamily.Inet6)
            return 0;
        foreach (NeighbourView entry in view.Neighbours.Where(filter.Accepts))
        {
            if (options.Brief)
                WriteBrief(outcome.Out, entry);
            else
                Write(outcome.Out, entry, filter.Device is null, options);
        }

        return 0;
    }

    private static void WriteBrief(StringBuilder text, NeighbourView entry) =>
        text.Append(entry.Address.ToString().PadRight(39)).Append(' ').Append(entry.Device.PadRight(16)).Append(' ').Append(entry.Mac?.ToString()).Append('\n');

    private static void Write(StringBuilder text, NeighbourView entry, bool withDevice, IpOptions options)
    {
        text.Append(entry.Address).Append(' ');
        if (withDevice)
            text.Append("dev ").Append(entry.Device).Append(' ');
        if (entry.Mac is { } mac)
            text.Append("lladdr ").Append(mac).Append(' ');
        if (entry.Proxy)
            text.Append("proxy ");
        if (options.Statistics > 0 && !entry.Proxy)
        {
            if (entry.References > 0)
                text.Append(CultureInfo.InvariantCulture, $" ref {entry.References}");
            text.Append(CultureInfo.InvariantCulture, $" used {Seconds(entry.Used)}/{Seconds(entry.Confirmed)}/{Seconds(entry.Updated)}probes {entry.Probes} ");
        }

        foreach ((NeighbourState state, string name) in States)
        {
            if (entry.State.HasFlag(state))
                text.Append(name).Append(' ');
        }

        text.Append('\n');
    }

    private static long Seconds(TimeSpan time) => (long)time.TotalSeconds;

    private static void Require(NamespaceView view, string device)
    {
        if (view.FindLink(device) is null)
            throw new ToolFailure(1, $"Cannot find device \"{device}\"");
    }

    private static async Task<int> GetAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        (NeighbourView? entry, string? device) = ParseEntry(reader);
        if (device is null || entry is null)
            throw new ToolFailure(255, "Device and address are required arguments.");
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        Require(view, device);
        NeighbourView? found = view.Neighbours.FirstOrDefault(item => item.Device == device && item.Address == entry.Address && item.Proxy == entry.Proxy);
        if (found is null)
            return outcome.Report(ControlResult.Explained("Neighbour entry not found"));
        Write(outcome.Out, found, withDevice: true, options);
        return 0;
    }

    private static async Task<int> ModifyAsync(EntryOperation operation, INamespaceControl control, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        (NeighbourView? entry, string? device) = ParseEntry(reader);
        if (device is null || entry is null)
            throw new ToolFailure(255, "Device and destination are required arguments.");
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        Require(view, device);
        bool needsMac = entry.State is not (NeighbourState.None or NeighbourState.Incomplete or NeighbourState.Failed) && !entry.Proxy;
        if (operation != EntryOperation.Delete && entry.Mac is null && needsMac)
            return outcome.Report(ControlResult.Explained("No link layer address given"));
        return outcome.Report(await control.ApplyAsync(new ChangeNeighbour(operation, entry with { Device = device }), cancellationToken).ConfigureAwait(false));
    }

    private static (NeighbourView? Entry, string? Device) ParseEntry(ArgumentReader reader)
    {
        string? device = null;
        MacAddress? mac = null;
        Ipv4Address? address = null;
        NeighbourState state = NeighbourState.Permanent;
        bool proxy = false;
        while (reader.TryNext(out string word))
        {
            if (ArgumentReader.Matches(word, "lladdr"))
            {
                string text = reader.Value();
                mac = MacAddress.TryParse(text, out MacAddress parsed) ? parsed : throw new ToolFailure(1, $"\"{text}\" is invalid lladdr.");
            }
            else if (word == "nud")
                state = NeighbourFilter.ParseState(reader.Value());
            else if (ArgumentReader.Matches(word, "proxy"))
                (address, proxy) = (reader.HasNext && reader.Peek() != "dev" ? ArgumentReader.Address(reader.Value()) : address, true);
            else if (word == "dev")
                device = reader.Value();
            else if (ArgumentReader.MatchesAny(word, "router", "extern_learn", "use", "managed", "protocol"))
                throw ArgumentReader.NotEmulated("ip neigh ... " + word);
            else
            {
                string text = word == "to" ? reader.Value() : word;
                address = address is null ? ArgumentReader.Address(text) : throw ArgumentReader.Duplicate("to", text);
            }
        }

        return (address is { } given ? new NeighbourView { Address = given, Device = device ?? "", Mac = mac, State = proxy ? NeighbourState.None : state, Proxy = proxy } : null, device);
    }

    private static async Task<int> FlushAsync(INamespaceControl control, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        if (!reader.HasNext)
            throw new ToolFailure(1, "Flush requires arguments.");
        NeighbourFilter filter = NeighbourFilter.Parse(reader);
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (filter.Device is { } device)
            Require(view, device);
        return outcome.Report(await control.ApplyAsync(new FlushNeighbours(filter.Device, filter.Inside, filter.State), cancellationToken).ConfigureAwait(false));
    }
}
