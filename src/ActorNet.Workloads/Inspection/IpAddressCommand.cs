using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>`ip address` (iproute2 ip/ipaddress.c do_ipaddr).</summary>
internal static class IpAddressCommand
{
    public static Task<int> RunAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        if (!reader.TryNext(out string word))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "add"))
            return ModifyAsync(EntryOperation.Add, control, reader, outcome, cancellationToken);
        if (ArgumentReader.MatchesAny(word, "change", "chg"))
            return ModifyAsync(EntryOperation.Change, control, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "replace"))
            return ModifyAsync(EntryOperation.Replace, control, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "delete"))
            return ModifyAsync(EntryOperation.Delete, control, reader, outcome, cancellationToken);
        if (ArgumentReader.MatchesAny(word, "show", "lst", "list"))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "flush"))
            return FlushAsync(control, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "help"))
            throw new ToolFailure(255, "Usage: ip address {add|change|replace} IFADDR dev IFNAME\n       ip address del IFADDR dev IFNAME\n       ip address flush dev IFNAME\n       ip address [ show [ dev IFNAME ] [ scope SCOPE-ID ] [ master DEVICE ] [ type TYPE ] [ to PREFIX ] [ label LABEL ] [up] ]\nIFADDR := PREFIX | ADDR peer PREFIX [ broadcast ADDR ] [ label IFNAME ] [ scope SCOPE-ID ]");
        throw ArgumentReader.UnknownCommand(word, "ip address help");
    }

    private static async Task<int> ShowAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        LinkFilter filter = LinkFilter.Parse(reader, view);

        // A prefix to match says the family as well.
        Write(outcome.Out, view, filter, filter.Inside is not null && options.Family == IpFamily.Any ? options with { Family = IpFamily.Inet } : options);
        return 0;
    }

    private static void Write(StringBuilder text, NamespaceView view, LinkFilter filter, IpOptions options)
    {
        // A family or a condition on addresses hides devices without one; a scope or label alone does not when no family is given.
        bool needsAddress = options.Family is IpFamily.Inet or IpFamily.Inet6 || filter.Inside is not null || filter.Label is not null;
        foreach (LinkView link in view.Links.Where(filter.Accepts).OrderBy(static link => link.IfIndex))
        {
            List<AddressView> addresses = options.Family is IpFamily.Any or IpFamily.Inet
                ? [.. view.Addresses.Where(address => address.Device == link.Name && filter.Accepts(address))]
                : [];
            if (needsAddress && addresses.Count == 0)
                continue;
            if (options.Brief)
                WriteBrief(text, view, link, addresses);
            else
                WriteFull(text, view, link, addresses, options, withLink: !options.OneLine && filter.Label is null);
        }
    }

    private static void WriteFull(StringBuilder text, NamespaceView view, LinkView link, List<AddressView> addresses, IpOptions options, bool withLink)
    {
        if (withLink)
            LinkText.Write(text, view, link, options, asLink: false);
        foreach (AddressView address in addresses)
        {
            if (options.OneLine)
                text.Append(CultureInfo.InvariantCulture, $"{link.IfIndex}: {link.Name}");
            WriteAddress(text, address, options);
        }

        if (!withLink || options.Statistics == 0)
            return;
        LinkStatisticsText.Write(text, link.Counters, options);
        text.Append('\n');
    }

    private static void WriteBrief(StringBuilder text, NamespaceView view, LinkView link, List<AddressView> addresses)
    {
        LinkText.WriteBriefHead(text, view, link, out _);
        foreach (AddressView address in addresses)
            WriteLocal(text, address);
        text.Append('\n');
    }

    private static void WriteAddress(StringBuilder text, AddressView address, IpOptions options)
    {
        text.Append("    inet ");
        WriteLocal(text, address);
        if (address.Broadcast is { } broadcast)
            text.Append("brd ").Append(broadcast).Append(' ');
        text.Append("scope ").Append(ScopeText.Of(address.Scope)).Append(' ');
        if (address.IsSecondary)
            text.Append("secondary ");
        text.Append(address.Label ?? address.Device).Append(options.LineBreak).Append("       valid_lft forever preferred_lft forever\n");
    }

    private static void WriteLocal(StringBuilder text, AddressView address)
    {
        text.Append(address.Address);
        if (address.Peer is { } peer)
            text.Append(" peer ").Append(peer);
        text.Append(CultureInfo.InvariantCulture, $"/{address.PrefixLength} ");
    }

    private static async Task<int> ModifyAsync(EntryOperation operation, INamespaceControl control, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        (AddressView? entry, string? device, bool lengthGiven) = ParseEntry(reader);
        if (device is null)
            throw new ToolFailure(1, "Not enough information: \"dev\" argument is required.");
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (view.FindLink(device) is null)
            throw new ToolFailure(1, $"Cannot find device \"{device}\"");
        if (entry is null)
            return outcome.Report(ControlResult.InvalidArgument);
        bool wildcard = operation == EntryOperation.Delete && !lengthGiven && entry.Peer is null;
        if (wildcard)
        {
            outcome.Error.Append("Warning: Executing wildcard deletion to stay compatible with old scripts.\n")
                .Append(CultureInfo.InvariantCulture, $"         Explicitly specify the prefix length ({entry.Address}/32) to avoid this warning.\n")
                .Append("         This special behaviour is likely to disappear in further releases,\n         fix your scripts!\n");
        }

        var change = new ChangeAddress(operation, entry with { Device = device }, wildcard);
        return outcome.Report(await control.ApplyAsync(change, cancellationToken).ConfigureAwait(false));
    }

    private static (AddressView? Entry, string? Device, bool LengthGiven) ParseEntry(ArgumentReader reader)
    {
        string? device = null;
        AddressView? entry = null;
        RouteScope? scope = null;
        string? label = null;
        string? broadcast = null;
        Ipv4Address? peer = null;
        int? peerLength = null;
        bool lengthGiven = false;
        while (reader.TryNext(out string word))
        {
            if (word is "peer" or "remote")
            {
                (Ipv4Address address, int length, lengthGiven) = ArgumentReader.Prefix(reader.Value());
                (peer, peerLength) = (address, length);
            }
            else if (ArgumentReader.Matches(word, "broadcast") || word == "brd")
                broadcast = reader.Value();
            else if (word == "scope")
                scope = ScopeText.Parse(reader.Value());
            else if (word == "dev")
                device = reader.Value();
            else if (word == "label")
                label = reader.Value();
            else if (ArgumentReader.MatchesAny(word, "anycast", "valid_lft", "preferred_lft", "home", "nodad", "mngtmpaddr", "noprefixroute", "autojoin", "metric"))
                throw ArgumentReader.NotEmulated("ip address ... " + word);
            else
            {
                string text = ArgumentReader.Matches(word, "local") ? reader.Value() : word;
                if (entry is not null)
                    throw ArgumentReader.Duplicate("local", text);
                (Ipv4Address address, int length, lengthGiven) = ArgumentReader.Prefix(text);
                entry = new AddressView { Device = "", Address = address, PrefixLength = length };
            }
        }

        if (entry is null)
            return (null, device, lengthGiven);
        entry = entry with
        {
            PrefixLength = peerLength ?? entry.PrefixLength,
            Peer = peer,
            Label = label,
            Scope = scope ?? (entry.Address.IsLoopback ? RouteScope.Host : RouteScope.Global),
        };
        return (entry with { Broadcast = BroadcastOf(broadcast, entry) }, device, lengthGiven);
    }

    /// <summary>`+` sets every host bit, `-` clears them; neither makes sense below two host bits.</summary>
    private static Ipv4Address? BroadcastOf(string? word, AddressView entry)
    {
        if (word is null)
            return null;
        if (word is not ("+" or "-"))
            return ArgumentReader.Address(word);
        var prefix = new Ipv4Prefix(entry.Address, entry.PrefixLength);
        return entry.PrefixLength > 30 ? null : word == "+" ? prefix.Broadcast : prefix.Network;
    }

    private static async Task<int> FlushAsync(INamespaceControl control, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        if (!reader.HasNext)
            throw new ToolFailure(1, "Flush requires arguments.");
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        LinkFilter filter = LinkFilter.Parse(reader, view);
        foreach (AddressView address in view.Addresses)
        {
            if (view.FindLink(address.Device) is not { } link || !filter.Accepts(link) || !filter.Accepts(address))
                continue;

            // A primary address takes its secondaries along, so one that is gone already is no error.
            ControlResult result = await control.ApplyAsync(new ChangeAddress(EntryOperation.Delete, address), cancellationToken).ConfigureAwait(false);
            if (!result.IsOk && !address.IsSecondary)
                return outcome.Report(result);
        }

        return 0;
    }
}
