using System.Globalization;
using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Workloads.Ping;

/// <summary>The lines that ping prints, as iputils 20221126 prints them (ping/ping_common.c gather_statistics and finish, ping/ping.c pr_icmph).</summary>
internal static class PingText
{
    /// <summary>The usage text: the tool's own lines for the options that are here.</summary>
    public const string Usage =
        "\nUsage\n  ping [options] <destination>\n\nOptions:\n" +
        "  <destination>      dns name or ip address\n" +
        "  -c <count>         stop after <count> replies\n" +
        "  -D                 print timestamps\n" +
        "  -h                 print help and exit\n" +
        "  -I <interface>     either interface name or address\n" +
        "  -i <interval>      seconds between sending each packet\n" +
        "  -M <pmtud opt>     define mtu discovery, can be one of <do|dont|want>\n" +
        "  -n                 no dns name resolution\n" +
        "  -q                 quiet output\n" +
        "  -s <size>          use <size> as number of data bytes to be sent\n" +
        "  -t <ttl>           define time to live\n" +
        "  -w <deadline>      reply wait <deadline> in seconds\n" +
        "  -W <timeout>       time to wait for response\n" +
        "\nIPv4 options:\n" +
        "  -4                 use IPv4\n" +
        "  -b                 allow pinging broadcast\n" +
        "\nFor more details see ping(8).\n";

    /// <summary>The first line; source and device only when -I asked for one.</summary>
    public static string Header(string target, Ipv4Address address, string? from, int dataLength) =>
        string.Create(CultureInfo.InvariantCulture, $"PING {target} ({address}) {from}{dataLength}({dataLength + 28L}) bytes of data.\n");

    public static string Reply(int bytes, string from, ushort sequence, byte timeToLive, long? microseconds, bool duplicate, bool truncated)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes from {from}: icmp_seq={sequence} ttl={timeToLive}");
        if (truncated)
            return line + " (truncated)\n";
        if (microseconds is { } time)
            line += $" time={RoundTrip(time)} ms";
        return line + (duplicate ? " (DUP!)\n" : "\n");
    }

    /// <summary>A round trip with three significant digits, rounded as the tool does.</summary>
    public static string RoundTrip(long microseconds) => microseconds switch
    {
        >= 100_000 - 50 => string.Create(CultureInfo.InvariantCulture, $"{(microseconds + 500) / 1000}"),
        >= 10_000 - 5 => string.Create(CultureInfo.InvariantCulture, $"{(microseconds + 50) / 1000}.{(microseconds + 50) % 1000 / 100}"),
        >= 1000 => string.Create(CultureInfo.InvariantCulture, $"{(microseconds + 5) / 1000}.{(microseconds + 5) % 1000 / 10:00}"),
        _ => Thousandths(microseconds),
    };

    public static string Error(in SocketErrorRecord error, string from) =>
        string.Create(CultureInfo.InvariantCulture, $"From {from} icmp_seq={error.EchoSequence} {Describe(error)}\n");

    public static string Statistics(string target, PingStatistics counts)
    {
        string duplicates = counts.Duplicates > 0 ? string.Create(CultureInfo.InvariantCulture, $", +{counts.Duplicates} duplicates") : "";
        string errors = counts.Errors > 0 ? string.Create(CultureInfo.InvariantCulture, $", +{counts.Errors} errors") : "";
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"\n--- {target} ping statistics ---\n{counts.Transmitted} packets transmitted, {counts.Received} received{duplicates}{errors}");
        if (counts.Transmitted > 0)
        {
            float loss = (float)((counts.Transmitted - counts.Received) * 100.0 / counts.Transmitted);
            text += string.Create(CultureInfo.InvariantCulture, $", {loss:G6}% packet loss, time {counts.ElapsedMilliseconds}ms");
        }

        return text + "\n" + Times(counts) + "\n";
    }

    private static string Times(PingStatistics counts)
    {
        string text = counts.Received > 0 && counts.IsTiming
            ? $"rtt min/avg/max/mdev = {Thousandths(counts.Min)}/{Thousandths(counts.Average)}/{Thousandths(counts.Max)}/{Thousandths(counts.Deviation)} ms"
            : "";
        if (counts.Pipe > 1)
            text += string.Create(CultureInfo.InvariantCulture, $"{(text.Length > 0 ? ", " : "")}pipe {counts.Pipe}");
        return text;
    }

    private static string Thousandths(long value) => string.Create(CultureInfo.InvariantCulture, $"{value / 1000}.{value % 1000:000}");

    private static string Describe(in SocketErrorRecord error) => error.Type switch
    {
        IcmpType.DestinationUnreachable => error.Code switch
        {
            0 => "Destination Net Unreachable",
            1 => "Destination Host Unreachable",
            2 => "Destination Protocol Unreachable",
            3 => "Destination Port Unreachable",
            4 => string.Create(CultureInfo.InvariantCulture, $"Frag needed and DF set (mtu = {error.Mtu})"),
            5 => "Source Route Failed",
            6 => "Destination Net Unknown",
            7 => "Destination Host Unknown",
            8 => "Source Host Isolated",
            9 => "Destination Net Prohibited",
            10 => "Destination Host Prohibited",
            11 => "Destination Net Unreachable for Type of Service",
            12 => "Destination Host Unreachable for Type of Service",
            13 => "Packet filtered",
            14 => "Precedence Violation",
            15 => "Precedence Cutoff",
            _ => string.Create(CultureInfo.InvariantCulture, $"Dest Unreachable, Bad Code: {error.Code}"),
        },
        IcmpType.TimeExceeded => error.Code switch
        {
            0 => "Time to live exceeded",
            1 => "Frag reassembly time exceeded",
            _ => string.Create(CultureInfo.InvariantCulture, $"Time exceeded, Bad Code: {error.Code}"),
        },
        IcmpType.ParameterProblem => string.Create(CultureInfo.InvariantCulture, $"Parameter problem: pointer = {error.Mtu}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"Bad ICMP type: {(byte)error.Type}"),
    };
}
