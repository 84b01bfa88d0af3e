using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;
using ActorNet.Packets;

namespace ActorNet.Workloads.Inspection;

/// <summary>How `ip` writes one device (iproute2 ip/ipaddress.c print_linkinfo).</summary>
internal static class LinkText
{
    private static readonly (LinkFlags Flag, string Text)[] FlagNames =
    [
        (LinkFlags.Loopback, "LOOPBACK"), (LinkFlags.Broadcast, "BROADCAST"), (LinkFlags.PointToPoint, "POINTOPOINT"),
        (LinkFlags.Multicast, "MULTICAST"), (LinkFlags.NoArp, "NOARP"), (LinkFlags.AllMulticast, "ALLMULTI"),
        (LinkFlags.Promiscuous, "PROMISC"), (LinkFlags.Up, "UP"), (LinkFlags.LowerUp, "LOWER_UP"), (LinkFlags.Dormant, "DORMANT"),
    ];

    /// <summary>The operational state as it is printed.</summary>
    public static string Of(OperState state) => state switch
    {
        OperState.Unknown => "UNKNOWN",
        OperState.NotPresent => "NOTPRESENT",
        OperState.Down => "DOWN",
        OperState.LowerLayerDown => "LOWERLAYERDOWN",
        OperState.Testing => "TESTING",
        OperState.Dormant => "DORMANT",
        _ => "UP",
    };

    /// <summary>
    /// The name with its other end. `ip` knows when that end is in another namespace and writes its number; `bridge` is not told and looks
    /// the number up among its own devices, which is the real tool's quirk and kept.
    /// </summary>
    /// <param name="view">The namespace.</param>
    /// <param name="link">The device.</param>
    /// <param name="knowsNamespaces">True for `ip`, false for `bridge`.</param>
    /// <param name="peerDown">Whether the other end was found here and is down: M-DOWN.</param>
    public static string NameWithPeer(NamespaceView view, LinkView link, bool knowsNamespaces, out bool peerDown)
    {
        peerDown = false;
        if (link.PeerIfIndex is not int peerIndex)
            return link.Name;
        bool elsewhere = link.PeerNetnsId is not null || link.PeerNetns is not null;
        LinkView? peer = elsewhere && knowsNamespaces ? null : view.FindLink(peerIndex);
        peerDown = peer is not null && !peer.IsUp;
        return peer is null
            ? string.Create(CultureInfo.InvariantCulture, $"{link.Name}@if{peerIndex}")
            : $"{link.Name}@{peer.Name}";
    }

    /// <summary>The flags in angle brackets.</summary>
    public static string Flags(LinkFlags flags, bool peerDown)
    {
        var names = new List<string>();
        if ((flags & (LinkFlags.Up | LinkFlags.Running)) == LinkFlags.Up)
            names.Add("NO-CARRIER");
        foreach ((LinkFlags flag, string text) in FlagNames)
        {
            if ((flags & flag) != 0)
                names.Add(text);
        }

        if (peerDown)
            names.Add("M-DOWN");
        return "<" + string.Join(',', names) + ">";
    }

    /// <summary>One line of `ip -br link`.</summary>
    public static void WriteBrief(StringBuilder text, NamespaceView view, LinkView link)
    {
        WriteBriefHead(text, view, link, out bool peerDown);
        text.Append(link.Mac).Append(' ').Append(Flags(link.Flags, peerDown)).Append(" \n");
    }

    /// <summary>Name and state of a `-br` line.</summary>
    public static void WriteBriefHead(StringBuilder text, NamespaceView view, LinkView link, out bool peerDown) =>
        text.Append(NameWithPeer(view, link, knowsNamespaces: true, out peerDown).PadRight(16)).Append(' ')
            .Append(Of(link.OperState).PadRight(14)).Append(' ');

    /// <summary>A device in full, as `ip link` and the head of `ip addr` show it.</summary>
    /// <param name="text">Where to.</param>
    /// <param name="view">The namespace.</param>
    /// <param name="link">The device.</param>
    /// <param name="options">The options.</param>
    /// <param name="asLink">True for `ip link`, false for `ip addr`.</param>
    public static void Write(StringBuilder text, NamespaceView view, LinkView link, IpOptions options, bool asLink)
    {
        string name = NameWithPeer(view, link, knowsNamespaces: true, out bool peerDown);
        text.Append(CultureInfo.InvariantCulture, $"{link.IfIndex}: {name}: {Flags(link.Flags, peerDown)} mtu {link.Mtu} qdisc {link.Qdisc} ");
        if (link.Master is not null)
            text.Append("master ").Append(link.Master).Append(' ');
        text.Append("state ").Append(Of(link.OperState)).Append(' ');
        if (asLink)
            text.Append("mode DEFAULT ");
        text.Append("group default ");
        if (link.TxQueueLength > 0)
            text.Append(CultureInfo.InvariantCulture, $"qlen {link.TxQueueLength}");
        if (asLink || options.Details || options.Family is IpFamily.Any or IpFamily.Link)
            WriteAddress(text, link, options);
        WriteNetns(text, link);
        if (options.Details)
            LinkDetailsText.Write(text, link, options, asLink);
        if (asLink && options.Statistics > 0)
            LinkStatisticsText.Write(text.Append(options.LineBreak), link.Counters, options);
        text.Append('\n');
    }

    private static void WriteAddress(StringBuilder text, LinkView link, IpOptions options)
    {
        MacAddress broadcast = link.IsLoopback ? MacAddress.Zero : MacAddress.Broadcast;
        text.Append(options.LineBreak).Append("    link/").Append(link.IsLoopback ? "loopback" : "ether").Append(' ').Append(link.Mac)
            .Append((link.Flags & LinkFlags.PointToPoint) != 0 ? " peer " : " brd ").Append(broadcast);
    }

    private static void WriteNetns(StringBuilder text, LinkView link)
    {
        if (link.PeerNetns is not null)
            text.Append(" link-netns ").Append(link.PeerNetns);
        else if (link.PeerNetnsId is int id)
            text.Append(CultureInfo.InvariantCulture, $" link-netnsid {id}");
    }
}
