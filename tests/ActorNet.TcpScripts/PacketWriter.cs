using ActorNet.Packets;

namespace ActorNet.TcpScripts;

/// <summary>Makes the packets that a script sends.</summary>
internal sealed class PacketWriter(Ipv4Address stack, Ipv4Address peer)
{
    private ushort _identification;

    /// <summary>Makes a segment. Every number must be known by now.</summary>
    /// <param name="source">The script's line, for messages.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="connection">Its connection.</param>
    /// <param name="variables">What the variables hold.</param>
    /// <param name="index">Which of several equal segments it is.</param>
    public byte[] Segment(SourceLine source, SegmentPattern segment, Connection connection, IReadOnlyDictionary<string, long> variables, int index)
    {
        long Known(NumberPattern? pattern, long absent) =>
            pattern is null ? absent : pattern.Resolve(variables) ?? throw source.Bad($"'{pattern}' stands for no one number here");

        long sequence = Known(segment.Sequence, 0) + ((long)index * segment.Length);
        long acknowledgment = Known(segment.Acknowledgment, 0);
        var header = new TcpHeader
        {
            SourcePort = connection.PeerPort,
            DestinationPort = connection.LocalPort,
            SequenceNumber = connection.PeerIsn + (uint)sequence,
            AcknowledgmentNumber = segment.Acknowledgment is null ? 0 : connection.StackIsn + (uint)acknowledgment,
            Flags = segment.Flags,
            Window = (ushort)Known(segment.Window, 65535),
            UrgentPointer = (ushort)segment.UrgentPointer,
        };
        byte[] options = Options(segment.Options, connection, pattern => Known(pattern, 0));
        if (options.Length > TcpView.MaxHeaderLength - TcpView.MinHeaderLength)
            throw source.Bad($"the options take {options.Length} bytes; a header has room for 40");

        byte[] packet = new byte[Ipv4View.MinHeaderLength + TcpView.MinHeaderLength + options.Length + segment.Length];
        Span<byte> tcp = packet.AsSpan(Ipv4View.MinHeaderLength);
        options.CopyTo(tcp[TcpView.MinHeaderLength..]);
        Span<byte> data = tcp[(TcpView.MinHeaderLength + options.Length)..];
        StreamPattern.Fill(sequence - 1, data);
        if (segment.Fill is { } fill)
            data.Fill(fill);
        header.Write(tcp, options.Length, peer, stack);
        if (segment.BadChecksum)
            tcp[17] ^= 0x55;
        WriteIpv4(packet, IpProtocol.Tcp, peer, stack, packet.Length, segment.DontFragment == true);
        return packet;
    }

    /// <summary>Makes an ICMP error from the peer's address that quotes the IP header and the first 8 bytes of a segment (RFC 792).</summary>
    public byte[] Icmp(IcmpPattern message, Connection connection)
    {
        const int Quoted = 8;
        byte[] packet = new byte[Ipv4View.MinHeaderLength + IcmpView.HeaderLength + Ipv4View.MinHeaderLength + Quoted];
        Span<byte> icmp = packet.AsSpan(Ipv4View.MinHeaderLength);
        Span<byte> quote = icmp[IcmpView.HeaderLength..];
        Span<byte> tcp = stackalloc byte[TcpView.MinHeaderLength];
        new TcpHeader
        {
            SourcePort = connection.LocalPort,
            DestinationPort = connection.PeerPort,
            SequenceNumber = connection.StackIsn + (uint)message.Sequence,
        }.Write(tcp, 0, stack, peer);
        tcp[..Quoted].CopyTo(quote[Ipv4View.MinHeaderLength..]);
        WriteIpv4(quote, IpProtocol.Tcp, stack, peer, Ipv4View.MinHeaderLength + TcpView.MinHeaderLength + message.Length, dontFragment: true);
        IcmpView.Write(icmp, message.Type, message.Code, message.Mtu);
        WriteIpv4(packet, IpProtocol.Icmp, peer, stack, packet.Length, dontFragment: false);
        return packet;
    }

    private void WriteIpv4(Span<byte> packet, IpProtocol protocol, Ipv4Address from, Ipv4Address to, int length, bool dontFragment) =>
        new Ipv4Header
        {
            Source = from,
            Destination = to,
            Protocol = protocol,
            TotalLength = length,
            Identification = ++_identification,
            TimeToLive = 64,
            DontFragment = dontFragment,
        }.Write(packet);

    private static byte[] Options(IReadOnlyList<OptionPattern> options, Connection connection, Func<NumberPattern?, long> known)
    {
        var bytes = new List<byte>();
        foreach (OptionPattern option in options)
        {
            byte[] data = option.Kind switch
            {
                TcpOptionKind.MaximumSegmentSize => [(byte)(known(option.First) >> 8), (byte)known(option.First)],
                TcpOptionKind.WindowScale => [(byte)known(option.First)],
                TcpOptionKind.Timestamps => [.. BigEndian((uint)known(option.First)), .. BigEndian((uint)known(option.Second))],
                TcpOptionKind.Sack => [.. option.Blocks!.SelectMany(block => (byte[])
                    [.. BigEndian(connection.StackIsn + (uint)block.Left), .. BigEndian(connection.StackIsn + (uint)block.Right)])],
                _ => [],
            };
            if (option.Raw is not null)
                bytes.AddRange(option.Raw);
            else if (option.Kind is TcpOptionKind.NoOperation or TcpOptionKind.EndOfList)
                bytes.Add((byte)option.Kind);
            else
                bytes.AddRange([(byte)option.Kind, (byte)(data.Length + 2), .. data]);
        }

        // Padding is zero: the end of the list and what lies behind it (RFC 9293 3.1).
        while (bytes.Count % 4 != 0)
            bytes.Add(0);
        return [.. bytes];
    }

    private static byte[] BigEndian(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
