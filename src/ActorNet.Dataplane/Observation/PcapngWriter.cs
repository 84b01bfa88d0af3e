using System.Buffers.Binary;
using System.Text;
using ActorNet.Dataplane.Devices;

namespace ActorNet.Dataplane.Observation;

/// <summary>
/// Writes a capture file of one section (draft-ietf-opsawg-pcapng), little-endian, with Ethernet interfaces and nanosecond times. Each block
/// goes to the stream in one write, so a file that ends after any call is complete.
/// </summary>
public sealed class PcapngWriter
{
    /// <summary>Type of a Section Header Block (section 4.1).</summary>
    public const uint SectionHeader = 0x0A0D0D0A;

    /// <summary>Type of an Interface Description Block (section 4.2).</summary>
    public const uint InterfaceDescription = 1;

    /// <summary>Type of an Enhanced Packet Block (section 4.3).</summary>
    public const uint EnhancedPacket = 6;

    private const uint ByteOrderMagic = 0x1A2B3C4D;
    private const ushort LinkTypeEthernet = 1;
    private const ushort EndOfOptions = 0;
    private const ushort InterfaceName = 2;
    private const ushort TimestampResolution = 9;
    private const ushort PacketFlags = 2;
    private const ushort DropCount = 4;

    private readonly Stream _stream;
    private byte[] _block = new byte[2048];
    private int _length;
    private int _interfaces;

    /// <summary>Starts the section.</summary>
    /// <param name="stream">Where it goes; stays the caller's.</param>
    public PcapngWriter(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        _stream = stream;
        Begin(SectionHeader);
        Put32(ByteOrderMagic);
        Put16(1);
        Put16(0);
        Put64(ulong.MaxValue); // Section length -1: unknown.
        End();
    }

    /// <summary>Describes an Ethernet interface.</summary>
    /// <param name="name">Its name (if_name), at most 65535 bytes of UTF-8.</param>
    /// <param name="snapLength">Bytes kept of a packet at most; 0 is no limit.</param>
    /// <returns>The interface's number in this section, from 0.</returns>
    public int AddInterface(string name, int snapLength)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentOutOfRangeException.ThrowIfNegative(snapLength);
        Begin(InterfaceDescription);
        Put16(LinkTypeEthernet);
        Put16(0);
        Put32((uint)snapLength);
        PutOption(InterfaceName, Encoding.UTF8.GetBytes(name));
        PutOption(TimestampResolution, [9]);
        PutOption(EndOfOptions, []);
        End();
        return _interfaces++;
    }

    /// <summary>Writes a packet.</summary>
    /// <param name="interfaceId">What <see cref="AddInterface"/> returned.</param>
    /// <param name="unixNanoseconds">Time in nanoseconds since 1970-01-01 UTC.</param>
    /// <param name="direction">Which way, as epb_flags inbound or outbound.</param>
    /// <param name="bytes">The bytes that were kept.</param>
    /// <param name="originalLength">Length on the wire in bytes.</param>
    /// <param name="lostBefore">Packets of this interface lost since the one before, as epb_dropcount.</param>
    public void WritePacket(int interfaceId, long unixNanoseconds, FrameDirection direction, ReadOnlySpan<byte> bytes, int originalLength, long lostBefore = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(interfaceId);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(interfaceId, _interfaces);
        ArgumentOutOfRangeException.ThrowIfLessThan(originalLength, bytes.Length);
        Begin(EnhancedPacket);
        Put32((uint)interfaceId);
        Put32((uint)((ulong)unixNanoseconds >> 32));
        Put32((uint)unixNanoseconds);
        Put32((uint)bytes.Length);
        Put32((uint)originalLength);
        PutPadded(bytes);
        Span<byte> value = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(value, direction == FrameDirection.Receive ? 1u : 2u);
        PutOption(PacketFlags, value[..4]);
        if (lostBefore > 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(value, (ulong)lostBefore);
            PutOption(DropCount, value);
        }

        PutOption(EndOfOptions, []);
        End();
    }

    private void Begin(uint type)
    {
        _length = 0;
        Put32(type);
        Put32(0);
    }

    // The total length stands at both ends of a block, so that a file can be read backwards (section 3.1).
    private void End()
    {
        uint total = (uint)_length + 4;
        Put32(total);
        BinaryPrimitives.WriteUInt32LittleEndian(_block.AsSpan(4), total);
        _stream.Write(_block, 0, _length);
    }

    private void PutOption(ushort code, ReadOnlySpan<byte> value)
    {
        Put16(code);
        Put16(checked((ushort)value.Length));
        PutPadded(value);
    }

    private void PutPadded(ReadOnlySpan<byte> bytes)
    {
        Span<byte> room = Take((bytes.Length + 3) & ~3);
        bytes.CopyTo(room);
        room[bytes.Length..].Clear();
    }

    private void Put16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);

    private void Put32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    private void Put64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);

    private Span<byte> Take(int count)
    {
        if (_length + count > _block.Length)
            Array.Resize(ref _block, Math.Max(_block.Length * 2, _length + count));
        _length += count;
        return _block.AsSpan(_length - count, count);
    }
}
