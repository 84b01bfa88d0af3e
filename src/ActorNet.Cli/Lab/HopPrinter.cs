using ActorNet.Cli.Host;

namespace ActorNet.Cli.Lab;

/// <summary>Prints the walk of packets from the hop records of several hosts: a line for each device, in the order of time.</summary>
internal static class HopPrinter
{
    /// <summary>Prints.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="hops">Hop records of all hosts.</param>
    public static void Print(TextWriter output, IEnumerable<HopRow> hops)
    {
        int number = 0;
        string? last = null;
        foreach (HopRow hop in hops.OrderBy(h => h.UnixNanoseconds))
        {
            if (hop.Packet != last)
            {
                output.WriteLine();
                output.WriteLine($"  {hop.Summary}");
                number = 0;
                last = hop.Packet;
            }

            string place = hop.Namespace == "root" ? $"node {hop.Node}" : $"pod {hop.Namespace}";
            output.WriteLine($"  {++number,3}  {place,-16} {hop.Device,-14} {hop.Event,-9} {(hop.Outer is null ? "" : $"UDP {hop.Outer}, VXLAN VNI 1")}".TrimEnd());
            PrintRules(output, hop);
            last = hop.TranslatedPacket ?? last;
        }
    }

    private static void PrintRules(TextWriter output, HopRow hop)
    {
        foreach (string rule in hop.Rules ?? [])
            output.WriteLine($"         {hop.Hook}: {rule}");
        if (hop.Translated is { } translated)
            output.WriteLine($"         {hop.Hook}: becomes {translated}");
    }

    /// <summary>Prints two lines for each packet: what it is, and the places and devices of its walk.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="hops">Hop records of all hosts.</param>
    public static void PrintSummary(TextWriter output, IEnumerable<HopRow> hops)
    {
        foreach (IGrouping<(string, string), HopRow> packet in hops.Where(static hop => hop.Event != "Filter").OrderBy(static hop => hop.UnixNanoseconds).GroupBy(static hop => (hop.Packet, WithoutTtl(hop.Summary))))
        {
            output.WriteLine($"  {packet.First().Summary}");
            output.WriteLine($"      {string.Join(" > ", Walk(packet))}");
        }
    }

    // An ACK and the data behind it share identification and sequence number; what they are tells them apart, but for the TTL that routers lower.
    private static string WithoutTtl(string summary)
    {
        int start = summary.IndexOf(" ttl ", StringComparison.Ordinal);
        int end = start < 0 ? -1 : summary.IndexOf(' ', start + " ttl ".Length);
        return end < 0 ? summary : summary[..start] + summary[end..];
    }

    // A device that received and then sent is one stop; devices of one place stand together.
    private static IEnumerable<string> Walk(IEnumerable<HopRow> packet)
    {
        string place = "";
        var devices = new List<string>();
        foreach (HopRow hop in packet)
        {
            string here = hop.Namespace == "root" ? hop.Node : $"pod {hop.Namespace}";
            string device = hop.Outer is null || hop.Event != "Transmit" ? hop.Device : $"{hop.Device} (VXLAN in UDP to {hop.Outer})";
            if (here != place && devices.Count > 0)
            {
                yield return $"{place}: {string.Join(' ', devices)}";
                devices.Clear();
            }

            place = here;
            if (devices.Count == 0 || devices[^1].Split(' ')[0] != hop.Device)
                devices.Add(device);
        }

        if (devices.Count > 0)
            yield return $"{place}: {string.Join(' ', devices)}";
    }
}
