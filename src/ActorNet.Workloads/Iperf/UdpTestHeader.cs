using System.Buffers.Binary;
using ActorNet.Dataplane.Time;

namespace ActorNet.Workloads.Iperf;

/// <summary>
/// The front of a test's datagrams: seconds and microseconds of the sender's clock and the datagram's number from 1, in four or eight bytes
/// (esnet/iperf src/iperf_udp.c iperf_udp_send). Also the words of its handshake.
/// </summary>
internal static class UdpTestHeader
{
    public const int MaxLength = 16;

    /// <summary>UDP_CONNECT_MSG of src/iperf.h as a little-endian machine sends it.</summary>
    public static readonly ReadOnlyMemory<byte> Connect = "9876"u8.ToArray();

    /// <summary>UDP_CONNECT_REPLY.</summary>
    public static readonly ReadOnlyMemory<byte> Reply = "6789"u8.ToArray();

    public static int Length(bool has64Bits) => has64Bits ? MaxLength : 12;

    public static void Write(Span<byte> datagram, Instant now, long number, bool has64Bits)
    {
        (long seconds, long rest) = Math.DivRem(now.Nanoseconds, 1_000_000_000);
        BinaryPrimitives.WriteUInt32BigEndian(datagram, (uint)seconds);
        BinaryPrimitives.WriteUInt32BigEndian(datagram[4..], (uint)(rest / 1000));
        if (has64Bits)
            BinaryPrimitives.WriteInt64BigEndian(datagram[8..], number);
        else
            BinaryPrimitives.WriteUInt32BigEndian(datagram[8..], (uint)number);
    }

    /// <summary>Reads a datagram's front; false when it is too short.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, bool has64Bits, out double sentAt, out long number)
    {
        sentAt = 0;
        number = 0;
        if (datagram.Length < Length(has64Bits))
            return false;
        sentAt = BinaryPrimitives.ReadUInt32BigEndian(datagram) + (BinaryPrimitives.ReadUInt32BigEndian(datagram[4..]) / 1e6);
        number = has64Bits ? BinaryPrimitives.ReadInt64BigEndian(datagram[8..]) : BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]);
        return true;
    }
}
