using ActorNet.Cli.Host;

namespace ActorNet.Cli.Demo;

/// <summary>
/// One packet's walk over all hosts, in the order of time. Addresses and ports may change on the way, where a rule translates them, and the TTL
/// does; a TCP segment is known by its flags, numbers and length, any other packet by its hop records' key, which changes where it is translated.
/// </summary>
/// <param name="Hops">The hops, at least one.</param>
internal sealed record PacketWalk(IReadOnlyList<HopRow> Hops)
{
    /// <summary>The event of a hop that tells what rules did with the packet.</summary>
    public const string Filter = "Filter";

    private const string RootNamespace = "root";
    private const int MostTranslations = 4;

    /// <summary>What the packet was when it set out.</summary>
    public string Summary => Hops[0].Summary;

    /// <summary>The flags of its TCP segment, in tcpdump's letters; empty for other packets.</summary>
    public string Flags => Between(Summary, '[', ']');

    /// <summary>The port that it came from, which tells a client's connections apart; empty for a packet without ports.</summary>
    public string SourcePort => PortOf(Ends(Summary).Source);

    /// <summary>Whether a port is one of its two.</summary>
    /// <param name="port">The port.</param>
    public bool HasPort(string port) => SourcePort == port || PortOf(Ends(Summary).Destination) == port;

    /// <summary>Whether it has come to an end: it was dropped, or a pod received it.</summary>
    public bool HasEnded => Hops[^1] is { Event: not "Transmit" and not "Receive" and not Filter } or { Event: "Receive", Namespace: not RootNamespace };

    /// <summary>Puts the hop records of several hosts together.</summary>
    /// <param name="hops">Hop records in any order.</param>
    /// <returns>The walks, in the order in which they began.</returns>
    public static IReadOnlyList<PacketWalk> Of(IEnumerable<HopRow> hops)
    {
        HopRow[] ordered = [.. hops.OrderBy(static hop => hop.UnixNanoseconds)];
        var before = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (HopRow hop in ordered.Where(static hop => hop.TranslatedPacket is not null))
            before.TryAdd(hop.TranslatedPacket!, hop.Packet);
        return [.. ordered.GroupBy(hop => Identity(hop, before)).Select(static walk => new PacketWalk([.. walk]))];
    }

    /// <summary>The two ends of a packet as its summary has them: 10.244.0.2:38716 and 10.96.7.7:80, without ports where it has none.</summary>
    /// <param name="summary">A hop's summary.</param>
    public static (string Source, string Destination) Ends(string summary)
    {
        string[] words = summary.Split(' ');
        if (words.Length < 4 || words[1] != ">")
            return ("", "");
        bool hasPorts = words.Length > 6 && words[3] is "TCP" or "UDP";
        return hasPorts ? ($"{words[0]}:{words[4]}", $"{words[2]}:{words[6]}") : (words[0], words[2]);
    }

    /// <summary>The place of a hop: the node, or the pod, whose Kubernetes namespace goes without saying.</summary>
    /// <param name="hop">The hop.</param>
    public static string PlaceOf(HopRow hop) => hop.Namespace == RootNamespace ? $"node {hop.Node}" : $"pod {hop.Namespace[(hop.Namespace.IndexOf('/', StringComparison.Ordinal) + 1)..]}";

    private static string PortOf(string end) => end.Contains(':', StringComparison.Ordinal) ? end[(end.IndexOf(':', StringComparison.Ordinal) + 1)..] : "";

    private static string Identity(HopRow hop, Dictionary<string, string> before)
    {
        string[] words = hop.Summary.Split(' ');
        int flags = Array.FindIndex(words, static word => word.StartsWith('['));
        int ttl = Array.IndexOf(words, "ttl");
        string[] kept = [.. words.Where((_, i) => i >= flags && i != ttl && i != ttl + 1)];
        return flags < 0 ? Origin(hop.Packet, before) : string.Join(' ', kept);
    }

    // The key that it set out with. A packet is translated at most twice on a node, once on each.
    private static string Origin(string packet, Dictionary<string, string> before)
    {
        for (int i = 0; i < MostTranslations && before.TryGetValue(packet, out string? earlier); i++)
            packet = earlier;
        return packet;
    }

    private static string Between(string text, char open, char close)
    {
        int from = text.IndexOf(open, StringComparison.Ordinal), to = text.IndexOf(close, StringComparison.Ordinal);
        return from >= 0 && to > from ? text[(from + 1)..to] : "";
    }
}
