using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Inspection;

/// <summary>`ip link` (iproute2 ip/iplink.c do_iplink).</summary>
internal static class IpLinkCommand
{
    public static Task<int> RunAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        if (!reader.TryNext(out string word))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "add"))
            throw ArgumentReader.NotEmulated("ip link add");
        if (ArgumentReader.MatchesAny(word, "set", "change"))
            return SetAsync(control, reader, outcome, cancellationToken);
        if (ArgumentReader.MatchesAny(word, "replace", "delete"))
            throw ArgumentReader.NotEmulated("ip link " + word);
        if (ArgumentReader.MatchesAny(word, "show", "lst", "list"))
            return ShowAsync(control, options, reader, outcome, cancellationToken);
        if (ArgumentReader.Matches(word, "help"))
            throw new ToolFailure(255, "Usage: ip link set { DEVICE | dev DEVICE } [ { up | down } ] [ mtu MTU ]\n       ip link show [ DEVICE ] [up] [master DEV] [type TYPE] [nomaster]");
        throw ArgumentReader.UnknownCommand(word, "ip link help");
    }

    private static async Task<int> ShowAsync(INamespaceControl control, IpOptions options, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        LinkFilter filter = LinkFilter.Parse(reader, view);
        foreach (LinkView link in view.Links.Where(filter.Accepts).OrderBy(static link => link.IfIndex))
        {
            if (options.Brief)
                LinkText.WriteBrief(outcome.Out, view, link);
            else
                LinkText.Write(outcome.Out, view, link, options, asLink: true);
        }

        return 0;
    }

    private static async Task<int> SetAsync(INamespaceControl control, ArgumentReader reader, ToolOutcome outcome, CancellationToken cancellationToken)
    {
        string? device = null;
        bool? up = null;
        int? mtu = null;
        while (reader.TryNext(out string word))
        {
            switch (word)
            {
                case "up":
                    up = true;
                    break;
                case "down":
                    up = false;
                    break;
                case "mtu":
                    mtu = reader.Number("Invalid \"mtu\" value\n");
                    break;
                case "address" or "alias" or "arp" or "master" or "nomaster" or "multicast" or "name" or "netns" or "promisc" or "txqueuelen" or "txqlen" or "qlen" or "type":
                    throw ArgumentReader.NotEmulated("ip link set " + word);
                default:
                    string name = word == "dev" ? reader.Value() : word;
                    device = device is null ? name : throw ArgumentReader.Duplicate("dev", name);
                    break;
            }
        }

        if (device is null)
            throw new ToolFailure(255, "Not enough information: \"dev\" argument is required.");
        NamespaceView view = await control.InspectAsync(cancellationToken).ConfigureAwait(false);
        if (view.FindLink(device) is null)
            throw new ToolFailure(1, $"Cannot find device \"{device}\"");
        int code = 0;
        if (mtu is int bytes)
            code = outcome.Report(await control.ApplyAsync(new SetLinkMtu(device, bytes), cancellationToken).ConfigureAwait(false));
        if (code == 0 && up is bool wish)
            code = outcome.Report(await control.ApplyAsync(new SetLinkState(device, wish), cancellationToken).ConfigureAwait(false));
        return code;
    }
}
