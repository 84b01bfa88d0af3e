using System.Globalization;
using System.Text;
using ActorNet.Packets;

namespace ActorNet.TcpScripts;

/// <summary>A segment that the stack sent, with absolute numbers.</summary>
internal sealed record ObservedSegment
{
    public required ushort SourcePort { get; init; }

    public required ushort DestinationPort { get; init; }

    public required TcpFlags Flags { get; init; }

    public required uint Sequence { get; init; }

    public required uint Acknowledgment { get; init; }

    public required ushort Window { get; init; }

    public required ushort UrgentPointer { get; init; }

    public required bool DontFragment { get; init; }

    public required byte[] Data { get; init; }

    public required IReadOnlyList<ObservedOption> Options { get; init; }

    /// <summary>Reads a packet, with all that a receiver checks.</summary>
    /// <param name="packet">What came from the stack.</param>
    /// <param name="stack">The stack's address.</param>
    /// <param name="peer">The script's address.</param>
    /// <param name="problem">What is wrong with it; null when nothing is.</param>
    public static ObservedSegment? Read(byte[] packet, Ipv4Address stack, Ipv4Address peer, out string? problem)
    {
        problem = null;
        if (Ipv4View.TryParse(packet, out Ipv4View ip) != ParseError.None)
            problem = $"{packet.Length} bytes that are no IPv4 packet";
        else if (!ip.HasValidChecksum)
            problem = "an IPv4 packet with a bad header checksum";
        else if (ip.Protocol != IpProtocol.Tcp || ip.IsFragment)
            problem = $"an IPv4 packet of protocol {ip.Protocol}{(ip.IsFragment ? ", a fragment" : "")}";
        else if (ip.Source != stack || ip.Destination != peer)
            problem = $"a packet from {ip.Source} to {ip.Destination}";
        else if (TcpView.TryParse(ip.Payload, out TcpView tcp) != ParseError.None || tcp.CheckOptions() != ParseError.None)
            problem = "a malformed TCP segment";
        else if (!tcp.HasValidChecksum(ip.Source, ip.Destination))
            problem = "a TCP segment with a bad checksum";
        else
            return From(ip, tcp);
        return null;
    }

    /// <summary>The segment as the script would write it.</summary>
    public string Format(Connection? connection)
    {
        uint stackIsn = connection?.StackIsn ?? 0;
        uint peerIsn = connection?.PeerIsn ?? 0;
        var text = new StringBuilder(FlagText(Flags));
        text.Append(CultureInfo.InvariantCulture, $" seq={(int)(Sequence - stackIsn)}");
        if ((Flags & TcpFlags.Ack) != 0)
            text.Append(CultureInfo.InvariantCulture, $" ack={(int)(Acknowledgment - peerIsn)}");
        text.Append(CultureInfo.InvariantCulture, $" win={Window}");
        if (Data.Length > 0)
            text.Append(CultureInfo.InvariantCulture, $" len={Data.Length}");
        if (UrgentPointer != 0)
            text.Append(CultureInfo.InvariantCulture, $" urg={UrgentPointer}");
        foreach (ObservedOption option in Options)
            text.Append(' ').Append(option.Format(peerIsn));
        if (DontFragment)
            text.Append(" df");
        if (connection is null)
            text.Append(CultureInfo.InvariantCulture, $" (port {SourcePort} to {DestinationPort}, no connection of the script)");
        else if (connection.Name != "a")
            text.Append(" on=").Append(connection.Name);
        return text.ToString();
    }

    private static ObservedSegment From(Ipv4View ip, TcpView tcp)
    {
        var options = new List<ObservedOption>();
        foreach (TcpOption option in tcp.EnumerateOptions())
            options.Add(ObservedOption.From(option));
        return new ObservedSegment
        {
            SourcePort = tcp.SourcePort,
            DestinationPort = tcp.DestinationPort,
            Flags = tcp.Flags,
            Sequence = tcp.SequenceNumber,
            Acknowledgment = tcp.AcknowledgmentNumber,
            Window = tcp.Window,
            UrgentPointer = tcp.UrgentPointer,
            DontFragment = ip.DontFragment,
            Data = tcp.Payload.ToArray(),
            Options = options,
        };
    }

    private static string FlagText(TcpFlags flags)
    {
        (TcpFlags Flag, string Name)[] names =
        [
            (TcpFlags.Fin, "FIN"), (TcpFlags.Syn, "SYN"), (TcpFlags.Rst, "RST"), (TcpFlags.Psh, "PSH"), (TcpFlags.Ack, "ACK"),
            (TcpFlags.Urg, "URG"), (TcpFlags.Ece, "ECE"), (TcpFlags.Cwr, "CWR"), (TcpFlags.Ae, "AE"),
        ];
        string text = string.Join('+', names.Where(each => (flags & each.Flag) != 0).Select(each => each.Name));
        return text.Length > 0 ? text : "none";
    }
}

/// <summary>An option of a segment that the stack sent; padding is not among them.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="First">mss, shift or TSval.</param>
/// <param name="Second">TSecr.</param>
/// <param name="Blocks">SACK blocks, absolute.</param>
internal sealed record ObservedOption(TcpOptionKind Kind, long First, long Second, IReadOnlyList<SackBlock> Blocks)
{
    public static ObservedOption From(TcpOption option)
    {
        long first = 0;
        long second = 0;
        if (option.TryGetMaximumSegmentSize(out ushort mss))
            first = mss;
        if (option.TryGetWindowScale(out byte shift))
            first = shift;
        if (option.TryGetTimestamps(out uint value, out uint echo))
            (first, second) = (value, echo);
        var blocks = new List<SackBlock>();
        for (int i = 0; i < option.SackBlockCount; i++)
            blocks.Add(option.GetSackBlock(i));
        return new ObservedOption(option.Kind, first, second, blocks);
    }

    public string Format(uint peerIsn) => Kind switch
    {
        TcpOptionKind.MaximumSegmentSize => string.Create(CultureInfo.InvariantCulture, $"mss={First}"),
        TcpOptionKind.WindowScale => string.Create(CultureInfo.InvariantCulture, $"wscale={First}"),
        TcpOptionKind.SackPermitted => "sackok",
        TcpOptionKind.Timestamps => string.Create(CultureInfo.InvariantCulture, $"ts={First}:{Second}"),
        TcpOptionKind.Sack => "sack=" + string.Join(',', Blocks.Select(block =>
            string.Create(CultureInfo.InvariantCulture, $"{(int)(block.Left - peerIsn)}-{(int)(block.Right - peerIsn)}"))),
        _ => string.Create(CultureInfo.InvariantCulture, $"option-{(int)Kind}"),
    };
}
