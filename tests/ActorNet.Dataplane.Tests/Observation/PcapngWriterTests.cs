using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Observation;

namespace ActorNet.Dataplane.Tests.Observation;

/// <summary>The bytes below are put together by hand from draft-ietf-opsawg-pcapng, sections 4.1 (SHB), 4.2 (IDB), 4.3 (EPB) and 3.5 (options).</summary>
public sealed class PcapngWriterTests
{
    private const string Section =
        "0A0D0D0A" + "1C000000" // Section Header Block, 28 bytes.
        + "4D3C2B1A" + "0100" + "0000" // Byte-order magic as a little-endian writer puts it, version 1.0.
        + "FFFFFFFFFFFFFFFF" + "1C000000"; // Section length unknown.

    private const string Eth0 =
        "01000000" + "28000000" // Interface Description Block, 40 bytes.
        + "0100" + "0000" + "00000400" // LINKTYPE_ETHERNET, reserved, snap length 262144.
        + "0200" + "0400" + "65746830" // if_name, 4 bytes: eth0.
        + "0900" + "0100" + "09000000" // if_tsresol, 1 byte: 10^-9; padded by 3.
        + "00000000" + "28000000"; // opt_endofopt.

    [Fact]
    public void A_section_starts_with_its_header()
    {
        using var file = new MemoryStream();
        _ = new PcapngWriter(file);
        Assert.Equal(Section, Hex(file));
    }

    [Fact]
    public void An_interface_has_its_name_and_nanoseconds()
    {
        using var file = new MemoryStream();
        Assert.Equal(0, new PcapngWriter(file).AddInterface("eth0", 262_144));
        Assert.Equal(Section + Eth0, Hex(file));
    }

    [Fact]
    public void A_name_is_padded_to_four_bytes_and_its_length_is_without_padding()
    {
        using var file = new MemoryStream();
        new PcapngWriter(file).AddInterface("cni0x", 0);
        Assert.Equal(
            Section + "01000000" + "2C000000" + "0100" + "0000" + "00000000" + "0200" + "0500" + "636E693078000000"
            + "0900" + "0100" + "09000000" + "00000000" + "2C000000",
            Hex(file));
    }

    [Fact]
    public void A_received_packet_is_inbound_and_its_time_is_split_high_half_first()
    {
        using var file = new MemoryStream();
        var writer = new PcapngWriter(file);
        writer.AddInterface("eth0", 262_144);
        writer.WritePacket(0, 1_700_000_000_123_456_789, FrameDirection.Receive, [1, 2, 3, 4, 5], 60);
        ulong time = 1_700_000_000_123_456_789;
        Assert.Equal(
            Section + Eth0
            + "06000000" + "34000000" + "00000000" // Enhanced Packet Block, 52 bytes, interface 0.
            + Little((uint)(time / 4_294_967_296)) + Little((uint)(time % 4_294_967_296))
            + "05000000" + "3C000000" + "0102030405000000" // Kept 5 of 60 bytes, padded by 3.
            + "0200" + "0400" + "01000000" // epb_flags: direction 01, inbound.
            + "00000000" + "34000000",
            Hex(file));
    }

    [Fact]
    public void A_sent_packet_is_outbound_and_losses_before_it_are_told()
    {
        using var file = new MemoryStream();
        var writer = new PcapngWriter(file);
        writer.AddInterface("eth0", 262_144);
        writer.WritePacket(0, 1, FrameDirection.Transmit, [1, 2, 3, 4], 4, lostBefore: 7);
        Assert.Equal(
            Section + Eth0
            + "06000000" + "3C000000" + "00000000" + "00000000" + "01000000" + "04000000" + "04000000" + "01020304"
            + "0200" + "0400" + "02000000" // epb_flags: direction 10, outbound.
            + "0400" + "0800" + "0700000000000000" // epb_dropcount.
            + "00000000" + "3C000000",
            Hex(file));
    }

    [Fact]
    public void A_large_packet_is_whole_and_an_unknown_interface_is_refused()
    {
        using var file = new MemoryStream();
        var writer = new PcapngWriter(file);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.WritePacket(0, 0, FrameDirection.Receive, [], 0));
        writer.AddInterface("eth0", 262_144);
        byte[] packet = [.. Enumerable.Range(0, 65_001).Select(i => (byte)i)];
        writer.WritePacket(0, 0, FrameDirection.Receive, packet, packet.Length);
        Assert.Equal(28 + 40 + 28 + 65_004 + 8 + 4 + 4, file.Length);
        Assert.Equal(packet, file.ToArray().AsSpan(28 + 40 + 28, packet.Length).ToArray());
    }

    private static string Little(uint value) => Convert.ToHexString([(byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24)]);

    private static string Hex(MemoryStream file) => Convert.ToHexString(file.ToArray());
}
