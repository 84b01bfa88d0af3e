using System.Buffers.Binary;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>Builds frames byte by byte, with a checksum routine of its own (RFC 1071, section 4.1), so that tests do not believe the code under test.</summary>
internal static class Packets
{
    public static byte[] Ethernet(string destination, string source, ushort etherType, byte[] payload)
    {
        byte[] frame = new byte[14 + payload.Length];
        MacAddress.Parse(destination).Write(frame);
        MacAddress.Parse(source).Write(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), etherType);
        payload.CopyTo(frame, 14);
        return frame;
    }

    public static byte[] Ipv4(string source, string destination, byte protocol, byte[] payload, byte ttl = 64, ushort flagsAndOffset = 0, ushort id = 7, byte tos = 0, byte[]? options = null)
    {
        options ??= [];
        byte[] packet = new byte[20 + options.Length + payload.Length];
        packet[0] = (byte)(0x45 + (options.Length / 4));
        packet[1] = tos;
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(4), id);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), flagsAndOffset);
        packet[8] = ttl;
        packet[9] = protocol;
        Ipv4Address.Parse(source).Write(packet.AsSpan(12));
        Ipv4Address.Parse(destination).Write(packet.AsSpan(16));
        options.CopyTo(packet, 20);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), Checksum(packet.AsSpan(0, 20 + options.Length)));
        payload.CopyTo(packet, 20 + options.Length);
        return packet;
    }

    public static byte[] Icmp(byte type, byte code, uint rest, byte[] data)
    {
        byte[] message = new byte[8 + data.Length];
        message[0] = type;
        message[1] = code;
        BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(4), rest);
        data.CopyTo(message, 8);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), Checksum(message));
        return message;
    }

    public static byte[] Arp(ushort operation, string senderMac, string senderIp, string targetMac, string targetIp)
    {
        byte[] message = new byte[28];
        new byte[] { 0, 1, 8, 0, 6, 4 }.CopyTo(message, 0);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(6), operation);
        MacAddress.Parse(senderMac).Write(message.AsSpan(8));
        Ipv4Address.Parse(senderIp).Write(message.AsSpan(14));
        MacAddress.Parse(targetMac).Write(message.AsSpan(18));
        Ipv4Address.Parse(targetIp).Write(message.AsSpan(24));
        return message;
    }

    public static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(static i => (byte)((i * 7) + (i >> 8)))];

    // RFC 1071, section 4.1: add 16-bit words, fold carries, complement.
    public static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += (uint)(bytes[i] << 8) | (i + 1 < bytes.Length ? bytes[i + 1] : 0u);
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
