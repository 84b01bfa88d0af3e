using System.Text.RegularExpressions;

namespace ActorNet.Interop.Tests.Inspection;

/// <summary>What has to be set aside before two listings of the same things can be compared line by line.</summary>
internal static partial class Listing
{
    private const int UnderlayIfIndex = 2;

    /// <summary>Replaces what ticks by a letter in a field of the same width: ages of entries and what is left of timers.</summary>
    public static string Still(string text) => TickingNumbers().Replace(text, match => match.Value.Contains('/', StringComparison.Ordinal) ? "T" : "T".PadLeft(match.Length));

    /// <summary>
    /// Sets aside, beside what ticks, what two machines that are set up alike do not share:
    /// <list type="bullet">
    /// <item>counters, and with them the widths of the columns of <c>ip -s link</c>: two stacks do not send the same number of frames
    /// (RealToolTests compares the columns with equal counters);</item>
    /// <item>names of network namespaces;</item>
    /// <item>queue counts: the kernel gives a veth one queue for each processor of the machine (linux drivers/net/veth.c veth_newlink);</item>
    /// <item>which of REACHABLE, STALE, DELAY and PROBE a resolved neighbour is in: reachable times are random (RFC 4861, 6.3.2);</item>
    /// <item>the order of neighbours, which is that of a hash with a random key (linux net/ipv4/arp.c arp_hash).</item>
    /// </list>
    /// </summary>
    /// <param name="tool">The tool that printed it.</param>
    /// <param name="what">Its first word of what to list, such as <c>neigh</c>; empty for none.</param>
    /// <param name="text">What it printed.</param>
    public static string Comparable(string tool, string what, string text)
    {
        text = Still(text);
        text = NamespaceName().Replace(text, "link-netns NS");
        text = Queues().Replace(text, "queues N");
        text = ResolvedState().Replace(text, "RESOLVED");
        text = LinkCounterRow().Replace(text, match => $"{match.Groups[1].Value} {Spaces().Replace(match.Groups[2].Value.Trim(), " ")}\n    N\n");
        text = NetToolsCounter().Replace(text, "$1 N");
        return tool == "arp" || what.StartsWith('n') ? SortBelowHeader(text) : text;
    }

    /// <summary>
    /// Takes from a kernel's listing the group addresses that we have no part in: those of IPv6, which the kernel joins even where IPv6 is
    /// off (net/ipv6/mcast.c ipv6_mc_init_dev), and that of all snoopers on a bridge (224.0.0.106), for our bridge floods groups and snoops none.
    /// </summary>
    public static string WithoutOtherGroups(string text) => OtherGroups().Replace(text, "");

    /// <summary>
    /// Takes from a listing of the kernel's node what makes its eth0 a veth and fills it with neighbours. Ours stands for a network card,
    /// which has neither a kind nor another end, and no card can be made in a test; the neighbours on the LAN below the tunnel are those of
    /// the machine that carries the host.
    /// </summary>
    public static string WithCardForUnderlay(string text)
    {
        text = LanNeighbour().Replace(text, "");
        text = BriefCard().Replace(text, match => "eth0".PadRight(match.Length));
        string[] lines = text.Split('\n');
        bool inside = false;
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length > 0 && char.IsAsciiDigit(lines[i][0]))
                inside = lines[i].StartsWith($"{UnderlayIfIndex}: eth0@", StringComparison.Ordinal);
            if (inside)
                lines[i] = PeerIndex().Replace(lines[i], "").Replace(" link-netns NS", "", StringComparison.Ordinal).Replace("    veth ", "\b", StringComparison.Ordinal);
        }

        return string.Join('\n', lines).Replace("\n\b", "", StringComparison.Ordinal);
    }

    private static string SortBelowHeader(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int header = lines.Length > 0 && lines[0].StartsWith("Address", StringComparison.Ordinal) ? 1 : 0;
        return string.Concat(lines.Take(header).Concat(lines.Skip(header).Order(StringComparer.Ordinal)).Select(line => line + "\n"));
    }

    [GeneratedRegex(@"(?<=(gc_timer|forward_delay_timer)) +\d+\.\d\d|(?<=(gc timer|forward delay timer)\t+) *\d+\.\d\d|(?<=\tno\t\t) *\d+\.\d\d|(?<=used )\d+/\d+(/\d+)?")]
    private static partial Regex TickingNumbers();

    [GeneratedRegex("link-netns(id)? [^ \n]+")]
    private static partial Regex NamespaceName();

    [GeneratedRegex(@"(?<=num[tr]x)queues \d+")]
    private static partial Regex Queues();

    [GeneratedRegex(@"\b(REACHABLE|STALE|DELAY|PROBE)\b")]
    private static partial Regex ResolvedState();

    [GeneratedRegex(@"^( +[RT]X):([ a-z]+)\n[ \d]+\n", RegexOptions.Multiline)]
    private static partial Regex LinkCounterRow();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"\b(packets|bytes|errors|dropped|overruns|frame|carrier|collisions) \d+(?: \([^)]*\))?")]
    private static partial Regex NetToolsCounter();

    [GeneratedRegex("^(33:33(:[0-9a-f]{2}){4}|01:00:5e:00:00:6a) .*self permanent\n", RegexOptions.Multiline)]
    private static partial Regex OtherGroups();

    [GeneratedRegex(@"^(192\.168\.56\.19 |\? \(192\.168\.56\.19\)).*eth0.*\n", RegexOptions.Multiline)]
    private static partial Regex LanNeighbour();

    [GeneratedRegex(@"^eth0@if\d+", RegexOptions.Multiline)]
    private static partial Regex BriefCard();

    [GeneratedRegex(@"@if\d+")]
    private static partial Regex PeerIndex();
}
