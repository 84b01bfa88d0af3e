using ActorNet.Cli.Host;

namespace ActorNet.Cli.Demo;

/// <summary>Prints the walks of packets.</summary>
internal static class WalkPrinter
{
    /// <summary>Prints a walk device by device and rule by rule: where it is, which rules matched it, what they made of it, and the outer datagram's end where it is in a tunnel.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="walk">The walk.</param>
    public static void Print(TextWriter output, PacketWalk walk)
    {
        output.WriteLine($"  {walk.Summary}");
        int number = 0;
        foreach (HopRow hop in walk.Hops)
        {
            if (hop.Event == PacketWalk.Filter)
                PrintRules(output, hop);
            else
                output.WriteLine($"  {++number,3}  {PacketWalk.PlaceOf(hop),-27} {hop.Device,-14} {hop.Event,-9} {Outer(hop)}".TrimEnd());
        }
    }

    /// <summary>Prints two lines for a walk: what the packet is, and the places and devices.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="walk">The walk.</param>
    public static void PrintShort(TextWriter output, PacketWalk walk)
    {
        output.WriteLine($"  {walk.Summary}");
        output.WriteLine($"      {string.Join(" > ", Places(walk))}");
    }

    private static void PrintRules(TextWriter output, HopRow hop)
    {
        foreach (string rule in hop.Rules ?? [])
            output.WriteLine($"         {hop.Hook}  {rule}");
        if (hop.Translated is not { } translated)
            return;
        (string Source, string Destination) before = PacketWalk.Ends(hop.Summary), after = PacketWalk.Ends(translated);
        if (after.Destination != before.Destination)
            output.WriteLine($"         {hop.Hook}  NAT: destination {before.Destination} becomes {after.Destination}");
        if (after.Source != before.Source)
            output.WriteLine($"         {hop.Hook}  NAT: source {before.Source} becomes {after.Source}");
    }

    private static string Outer(HopRow hop) => hop.Outer is null ? "" : $"VXLAN VNI 1 in UDP {(hop.Event == "Transmit" ? "to" : "from")} {hop.Outer}";

    // A device that received and then sent is one stop; devices of one place stand together; a translation shows the new end.
    private static IEnumerable<string> Places(PacketWalk walk)
    {
        string place = "";
        (string Source, string Destination) ends = PacketWalk.Ends(walk.Summary);
        var stops = new List<string>();
        foreach (HopRow hop in walk.Hops.Where(static hop => hop.Event != PacketWalk.Filter))
        {
            string here = PacketWalk.PlaceOf(hop);
            if (here != place && stops.Count > 0)
            {
                yield return $"{place}: {string.Join(' ', stops)}";
                stops.Clear();
            }

            place = here;
            (string Source, string Destination) now = PacketWalk.Ends(hop.Summary);
            if (now != ends)
                stops.Add($"({(now.Destination != ends.Destination ? $"to {now.Destination}" : $"from {now.Source}")})");
            ends = now;
            if (stops.Count == 0 || stops[^1].Split(' ')[0] != hop.Device)
                stops.Add(hop.Event == "Transmit" && hop.Outer is not null ? $"{hop.Device} (VXLAN in UDP to {hop.Outer})" : hop.Device);
        }

        if (stops.Count > 0)
            yield return $"{place}: {string.Join(' ', stops)}";
    }
}
