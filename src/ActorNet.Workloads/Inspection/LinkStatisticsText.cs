using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Inspection;

namespace ActorNet.Workloads.Inspection;

/// <summary>The counters of `ip -s link`: right-aligned columns, as wide as the widest number needs (iproute2 6.1 ip/ipaddress.c print_stats64).</summary>
internal static class LinkStatisticsText
{
    // The widths that the headings need; the eleventh-place column is for compressed frames, which no device here has.
    private static readonly int[] Headings = [10, 7, 6, 7, 7, 7];

    /// <summary>Writes the lines, with a break between them but none before the first or after the last.</summary>
    public static void Write(StringBuilder text, LinkCounters counters, IpOptions options)
    {
        bool errors = options.Statistics > 1;
        long[] receive = [counters.RxBytes, counters.RxPackets, counters.RxErrors, counters.RxDropped, counters.RxMissed, counters.Multicast];
        long[] receiveErrors = [0, counters.RxLengthErrors, counters.RxCrcErrors, counters.RxFrameErrors, counters.RxFifoErrors, counters.RxOverErrors];
        long[] send = [counters.TxBytes, counters.TxPackets, counters.TxErrors, counters.TxDropped, counters.TxCarrierErrors, counters.Collisions];
        long[] sendErrors = [0, counters.TxAbortedErrors, counters.TxFifoErrors, counters.TxWindowErrors, counters.TxHeartbeatErrors, counters.CarrierChanges];
        int[] widths = Widths(errors ? [receive, receiveErrors, send, sendErrors] : [receive, send]);

        WriteHeading(text, "    RX: ", widths[0] - 4, widths, ["bytes", "packets", "errors", "dropped", "missed", "mcast"]);
        WriteNumbers(text, options, widths, receive);
        if (errors)
        {
            WriteErrorHeading(text, options, "    RX errors:", widths, ["length", "crc", "frame", "fifo", "overrun"]);
            WriteErrorNumbers(text, options, widths, receiveErrors);
        }

        text.Append(options.LineBreak);
        WriteHeading(text, "    TX: ", widths[0] - 4, widths, ["bytes", "packets", "errors", "dropped", "carrier", "collsns"]);
        WriteNumbers(text, options, widths, send);
        if (errors)
        {
            WriteErrorHeading(text, options, "    TX errors:", widths, ["aborted", "fifo", "window", "heartbt", "transns"]);
            WriteErrorNumbers(text, options, widths, sendErrors);
        }
    }

    private static int[] Widths(long[][] rows)
    {
        int[] widths = [.. Headings];
        foreach (long[] row in rows)
        {
            for (int i = 0; i < row.Length; i++)
                widths[i] = Math.Max(widths[i], Text(row[i]).Length);
        }

        return widths;
    }

    private static void WriteHeading(StringBuilder text, string head, int firstWidth, int[] widths, string[] names)
    {
        text.Append(head).Append(names[0].PadLeft(firstWidth));
        for (int i = 1; i < names.Length; i++)
            text.Append(' ').Append(names[i].PadLeft(widths[i]));
        text.Append(' ', 11);
    }

    private static void WriteNumbers(StringBuilder text, IpOptions options, int[] widths, long[] row)
    {
        text.Append(options.LineBreak).Append("    ");
        for (int i = 0; i < row.Length; i++)
            text.Append(Text(row[i]).PadLeft(widths[i])).Append(' ');
    }

    private static void WriteErrorHeading(StringBuilder text, IpOptions options, string head, int[] widths, string[] names)
    {
        text.Append(options.LineBreak).Append(head).Append(' ', widths[0] - 10);
        for (int i = 0; i < names.Length; i++)
            text.Append(' ').Append(names[i].PadLeft(widths[i + 1]));
    }

    private static void WriteErrorNumbers(StringBuilder text, IpOptions options, int[] widths, long[] row)
    {
        text.Append(options.LineBreak).Append(' ', widths[0] + 5);
        for (int i = 1; i < row.Length; i++)
            text.Append(Text(row[i]).PadLeft(widths[i])).Append(' ');
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
