using System.Globalization;
using System.Text;
using ActorNet.Workloads.SocketTables;

namespace ActorNet.Workloads.Netstat;

/// <summary>`netstat -s`: the kernel's counters as sentences (net-tools statistics.c).</summary>
internal static class NetstatCounters
{
    /// <summary>The text.</summary>
    /// <param name="sections">The counters.</param>
    /// <param name="tables">Which protocols: t, u, w; none means all.</param>
    public static string Render(IEnumerable<ProcSection> sections, IReadOnlySet<char> tables)
    {
        var text = new StringBuilder();
        foreach (ProcSection section in sections.Where(each => IsWanted(each.Title, tables) && (each.Counters.Count > 0 || each.Title != "IcmpMsg")))
        {
            text.Append(section.Title).Append(":\n");
            foreach ((string name, long value) in section.Counters)
                Append(text, section.Title, name, value);
        }

        return text.ToString();
    }

    private static bool IsWanted(string title, IReadOnlySet<char> tables) => tables.Count == 0 || title switch
    {
        "Tcp" or "TcpExt" => tables.Contains('t'),
        "Udp" => tables.Contains('u'),
        "Ip" or "Icmp" => tables.Contains('w'),
        "IcmpMsg" => tables.Contains('w'),
        _ => true,
    };

    private static void Append(StringBuilder text, string section, string name, long value)
    {
        bool isFirst = section == "Icmp" && name is "InDestUnreachs" or "OutDestUnreachs";
        if (isFirst)
            text.Append(name[0] == 'I' ? "    ICMP input histogram:\n" : "    ICMP output histogram:\n");
        (string sentence, bool always) = NetstatCounterText.Find(section, name);
        if (value == 0 && !always)
            return;
        string indent = section == "IcmpMsg" ? "        " : "    ";
        text.Append(indent).Append(sentence.Replace("{0}", value.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)).Append('\n');
    }
}
