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
        }
    }
}
