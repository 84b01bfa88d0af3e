using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Wire;

/// <summary>The dissector harness judged on the kernel's own traffic, and the kernel's outer header on record as the reference.</summary>
public sealed class KernelWireTests
{
    [Theory]
    // Device TOS 0: DSCP stays 0, ECN is copied, and an inner CE becomes ECT(0) outside (linux include/net/inet_ecn.h INET_ECN_encapsulate).
    [InlineData(0x00, 0x00)]
    [InlineData(0xb8, 0x00)]
    [InlineData(0x03, 0x02)]
    [InlineData(0xba, 0x02)]
    public async Task The_kernels_outer_header_is_the_reference(int innerTos, int outerTos)
    {
        Need.Tool("ping", "tshark", "tcpdump");
        await using KernelPair pair = await KernelPair.CreateAsync();
        await using PacketCapture capture = await PacketCapture.StartAsync(pair.Segment.Namespace, "port1", "udp port 8472");

        await pair.First.Namespace.ExecAsync("ping", "-c", "3", "-i", "0.1", "-W", "5", "-Q", $"0x{innerTos:x2}", pair.Second.Address);

        await capture.StopAsync();
        IReadOnlyList<DissectedPacket> packets = await Tshark.DissectAsync(capture.File);
        Assert.Equal(6, packets.Count);
        await Tshark.AssertSoundAsync(capture.File, packets);
        Assert.All(packets, packet =>
        {
            Assert.True(packet.IsVxlan);
            Assert.Equal(OuterHeader.OfTheKernel with { TypeOfService = outerTos }, packet.OuterHeader());
            Assert.InRange(packet.OuterSourcePort, 32768, 60999);
            Assert.NotEqual("0x0000", packet.Outer("ip.id"));
            Assert.Equal($"0x{innerTos:x2}", packet.Inner("ip.dsfield"));
        });
        Assert.Single(packets.Where(each => each.Outer("ip.src") == pair.Node1.Address).Select(each => each.OuterSourcePort).Distinct());
    }

    [Fact]
    public async Task A_large_ping_crosses_as_fragments_that_tshark_reassembles()
    {
        Need.Tool("ping", "tshark", "tcpdump");
        await using KernelPair pair = await KernelPair.CreateAsync();
        await using PacketCapture capture = await PacketCapture.StartAsync(pair.Segment.Namespace, "port1", "udp port 8472");

        await pair.First.Namespace.ExecAsync("ping", "-c", "1", "-W", "5", "-s", "3000", pair.Second.Address);

        await capture.StopAsync();
        IReadOnlyList<DissectedPacket> packets = await Tshark.DissectAsync(capture.File);
        await Tshark.AssertSoundAsync(capture.File, packets);
        // 3,008 bytes of ICMP in pieces of 1,424 (the most that fits 1,450 - 20 in units of 8): three there and three back.
        Assert.Equal(6, packets.Count);
        Assert.Equal(["1", "1"], packets.SelectMany(each => each.All("icmp.checksum.status")));
    }

    [Fact]
    public async Task A_planted_bad_checksum_and_a_cut_packet_are_found()
    {
        Need.Tool("ping", "tshark", "tcpdump");
        await using KernelPair pair = await KernelPair.CreateAsync();
        await using PacketCapture capture = await PacketCapture.StartAsync(pair.Segment.Namespace, "port1", "udp port 8472");
        await pair.First.Namespace.ExecAsync("ping", "-c", "1", "-W", "5", pair.Second.Address);
        await capture.StopAsync();
        byte[] sound = await File.ReadAllBytesAsync(capture.File);

        // A pcap file has a header of 24 bytes, then per packet one of 16 and the packet. Outer Ethernet, IPv4, UDP, VXLAN and inner
        // Ethernet take 14 + 20 + 8 + 8 + 14 bytes; then come the inner IPv4 header and the ICMP message.
        const int first = 24 + 16;
        const int inner = first + 64;
        foreach ((int offset, string field) in new[] { (first + 14 + 8, "ip.checksum.status"), (first + 34 + 6, "udp.checksum.status"),
            (inner + 8, "ip.checksum.status"), (inner + 20 + 2, "icmp.checksum.status") })
        {
            byte[] planted = [.. sound];
            planted[offset] ^= 0x40;
            await File.WriteAllBytesAsync(capture.File, planted);
            IReadOnlyList<DissectedPacket> packets = await Tshark.DissectAsync(capture.File);
            Assert.Contains($"{field} is bad", packets[0].Faults());
            Assert.Empty(packets[1].Faults());
        }

        // The inner IPv4 header says that it is 4 bytes long.
        byte[] cut = [.. sound];
        cut[inner] = 0x41;
        await File.WriteAllBytesAsync(capture.File, cut);
        Assert.NotEmpty((await Tshark.DissectAsync(capture.File))[0].Faults());
    }
}
