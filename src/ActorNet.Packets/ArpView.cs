using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>ARP operations (RFC 826).</summary>
public enum ArpOperation : ushort
{
    /// <summary>Who has the target address?</summary>
    Request = 1,

    /// <summary>The sender has it.</summary>
    Reply = 2,
}

/// <summary>An ARP message for IPv4 over Ethernet: 28 bytes (RFC 826). Other hardware or protocol types are <see cref="ParseError.Unsupported"/>.</summary>
public readonly ref struct ArpView
{
    /// <summary>Message length in bytes.</summary>
    public const int MessageLength = 28;

    private readonly Span<byte> _bytes;

    private ArpView(Span<byte> bytes) => _bytes = bytes;

    /// <summary>The operation.</summary>
    public ArpOperation Operation => (ArpOperation)BinaryPrimitives.ReadUInt16BigEndian(_bytes[6..]);

    /// <summary>Sender hardware address.</summary>
    public MacAddress SenderMac => MacAddress.Read(_bytes[8..]);

    /// <summary>Sender protocol address.</summary>
    public Ipv4Address SenderIp => Ipv4Address.Read(_bytes[14..]);

    /// <summary>Target hardware address.</summary>
    public MacAddress TargetMac => MacAddress.Read(_bytes[18..]);

    /// <summary>Target protocol address.</summary>
    public Ipv4Address TargetIp => Ipv4Address.Read(_bytes[24..]);

    /// <summary>Views bytes as an ARP message.</summary>
    /// <param name="bytes">The Ethernet payload.</param>
    /// <param name="view">The view, when the answer is <see cref="ParseError.None"/>.</param>
    public static ParseError TryParse(Span<byte> bytes, out ArpView view)
    {
        view = default;
        if (bytes.Length < MessageLength)
            return ParseError.Truncated;
        // Hardware type 1, or 6 (IEEE 802) as Linux takes too (net/ipv4/arp.c, arp_process); protocol type 0x0800, address lengths 6 and 4.
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes) is not (0x0001_0800 or 0x0006_0800) || bytes[4] != 6 || bytes[5] != 4)
            return ParseError.Unsupported;
        view = new ArpView(bytes[..MessageLength]);
        return ParseError.None;
    }

    /// <summary>Writes a message.</summary>
    /// <param name="bytes">At least 28 bytes.</param>
    /// <param name="operation">Operation.</param>
    /// <param name="senderMac">Sender hardware address.</param>
    /// <param name="senderIp">Sender protocol address.</param>
    /// <param name="targetMac">Target hardware address; zero in a request.</param>
    /// <param name="targetIp">Target protocol address.</param>
    public static void Write(Span<byte> bytes, ArpOperation operation, MacAddress senderMac, Ipv4Address senderIp, MacAddress targetMac, Ipv4Address targetIp)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, 0x0001_0800);
        bytes[4] = 6;
        bytes[5] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[6..], (ushort)operation);
        senderMac.Write(bytes[8..]);
        senderIp.Write(bytes[14..]);
        targetMac.Write(bytes[18..]);
        targetIp.Write(bytes[24..]);
    }
}
