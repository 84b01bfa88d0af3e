using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Packets;
using CsCheck;
using static ActorNet.Dataplane.Tests.Ip.Packets;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>Fragmentation (RFC 791 3.2, linux ip_do_fragment) and reassembly (linux net/ipv4/ip_fragment.c).</summary>
public sealed class FragmentationTests
{
    [Fact]
    public void Fragments_in_any_order_with_duplicates_give_the_right_bytes_and_with_a_loss_nothing()
    {
        Gen.Select(Gen.Int[1, 9_000], Gen.Int[68, 1500], Gen.Int[0, int.MaxValue], Gen.Int[0, 3], Gen.Bool).Sample((length, mtu, seed, duplicates, lose) =>
        {
            using var bench = new NamespaceBench();
            var receiver = new RecordingProtocol(bench.Frames);
            bench.Namespace.Register(IpProtocol.Udp, receiver);
            byte[] data = Pattern(length);
            List<byte[]> pieces = Cut(data, mtu);
            bool lost = lose && pieces.Count > 1;
            var random = new Random(seed);
            if (lost)
                pieces.RemoveAt(random.Next(pieces.Count));
            for (int i = 0; i < duplicates && pieces.Count > 1 && lost; i++)
                pieces.Add(pieces[random.Next(pieces.Count)]);
            byte[][] shuffled = [.. pieces];
            random.Shuffle(shuffled);
            // A duplicate of what has come is harmless until the datagram is whole.
            if (duplicates > 0 && shuffled.Length > 1)
                shuffled = [shuffled[0], .. shuffled];
            foreach (byte[][] vector in shuffled.Chunk(64))
                bench.Eth0.Arrive([.. vector.Select(static p => Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, p))]);
            if (lost)
            {
                Assert.Empty(receiver.Received);
            }
            else
            {
                byte[] packet = Assert.Single(receiver.Received).Packet;
                Assert.Equal(Ipv4("10.0.0.9", "10.0.0.1", 17, data, id: 99), packet);
            }
        }, iter: 300, threads: 1);
    }

    [Fact]
    public void Our_own_fragments_reassemble_in_another_namespace()
    {
        Gen.Select(Gen.Int[1, 60_000], Gen.Int[68, 1500]).Sample((length, mtu) =>
        {
            using var bench = new NamespaceBench();
            bench.Know("eth0", "10.0.0.9");
            bench.Eth0.Mtu = mtu;
            bench.Namespace.DeviceChanged(bench.Eth0);
            byte[] data = Pattern(length);
            Assert.Equal(SendError.None, bench.Send("10.0.0.9", 17, data));
            bench.Namespace.Flush();
            List<byte[]> sent = bench.Eth0.TakeSent();
            Assert.All(sent, f => Assert.True(f.Length <= mtu + 14));
            Assert.All(sent, f => Assert.Equal(0, Checksum(f.AsSpan(14, 20))));
            Assert.Single(sent.Select(static f => BinaryPrimitives.ReadUInt16BigEndian(f.AsSpan(18))).Distinct());
            byte[] whole = new byte[length];
            foreach (byte[] frame in sent)
                frame.AsSpan(34).CopyTo(whole.AsSpan((BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(20)) & 0x1FFF) * 8));
            Assert.Equal(data, whole);
            // Every fragment but the last says that more follow.
            Assert.Equal(sent.Count - 1, sent.Count(static f => (f[20] & 0x20) != 0));
        }, iter: 100, threads: 1);
    }

    [Fact]
    public void An_overlap_spoils_the_whole_datagram()
    {
        // inet_frag_queue_insert IPFRAG_OVERLAP; RFC 5722 for IPv6.
        using var bench = new NamespaceBench();
        var receiver = new RecordingProtocol(bench.Frames);
        bench.Namespace.Register(IpProtocol.Udp, receiver);
        Arrive(bench, Piece(0, 16, more: true), Piece(8, 16, more: true), Piece(16, 8, more: false));
        Assert.Empty(receiver.Received);
        Assert.Equal(2, bench.Namespace.Drops[DropReason.ReassemblyFailed]);
        // The last piece began a datagram of its own, which times out in silence for want of its first piece.
        bench.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(1, bench.Namespace.Ip.ReasmTimeout);
        Assert.Empty(bench.Eth0.Sent);
    }

    [Fact]
    public void After_thirty_seconds_the_first_fragment_is_quoted_in_a_time_exceeded_code_1()
    {
        using var bench = new NamespaceBench();
        bench.Know("eth0", "10.0.0.9");
        byte[] first = Piece(0, 16, more: true);
        Arrive(bench, first);
        bench.Advance(TimeSpan.FromSeconds(29.9));
        Assert.Empty(bench.Eth0.Sent);
        bench.Advance(TimeSpan.FromSeconds(0.2));
        byte[] error = Assert.Single(bench.Eth0.TakeSent());
        Assert.Equal(Icmp(11, 1, 0, first), error.AsSpan(34).ToArray());
        Assert.Equal(0, bench.Namespace.Reassembler.Memory);
    }

    [Fact]
    public void Contradicting_ends_and_datagrams_beyond_65535_bytes_are_refused()
    {
        using var bench = new NamespaceBench();
        var receiver = new RecordingProtocol(bench.Frames);
        bench.Namespace.Register(IpProtocol.Udp, receiver);
        Arrive(bench, Piece(16, 8, more: false), Piece(32, 8, more: false));
        Arrive(bench, Piece(65_528, 100, more: false, id: 5));
        Arrive(bench, Piece(24, 8, more: false, id: 6), Piece(24, 16, more: true, id: 6));
        Assert.Equal(0, bench.Namespace.Reassembler.Count);
        Assert.Empty(receiver.Received);
    }

    [Fact]
    public void Memory_for_fragments_is_bounded_at_the_high_threshold()
    {
        using var bench = new NamespaceBench();
        for (int i = 0; i < 10_000; i++)
            Arrive(bench, Piece(0, 16, more: true, id: (ushort)i));
        Assert.True(bench.Namespace.Reassembler.Memory <= (4 * 1024 * 1024) + 2048);
        Assert.True(bench.Namespace.Reassembler.Count <= 1024);
        Assert.True(bench.Namespace.Drops[DropReason.ReassemblyFailed] > 0);
    }

    [Fact]
    public void A_forwarded_packet_without_DF_is_cut_for_the_next_link_and_a_fragment_keeps_its_place()
    {
        using var bench = new NamespaceBench();
        bench.Know("eth1", "10.0.1.9");
        bench.Eth1.Mtu = 576;
        bench.Namespace.DeviceChanged(bench.Eth1);
        byte[] data = Pattern(1400);
        Arrive(bench, Ipv4("10.0.0.9", "10.0.1.9", 17, data, flagsAndOffset: 0x2000 | 25, id: 3));
        List<byte[]> sent = bench.Eth1.TakeSent();
        // (576 - 20) rounded down to 8 is 552 bytes, 69 units.
        Assert.Equal([(0x2000 | 25, 552), (0x2000 | 94, 552), (0x2000 | 163, 296)], sent.Select(static f => ((int)BinaryPrimitives.ReadUInt16BigEndian(f.AsSpan(20)), f.Length - 34)));
        Assert.Equal(data, sent.SelectMany(static f => f[34..]).ToArray());
        Assert.All(sent, static f => Assert.Equal(63, f[22]));
    }

    private static List<byte[]> Cut(byte[] data, int mtu)
    {
        int room = (mtu - 20) & ~7;
        var pieces = new List<byte[]>();
        for (int at = 0; at < data.Length; at += room)
        {
            int length = Math.Min(room, data.Length - at);
            pieces.Add(Ipv4("10.0.0.9", "10.0.0.1", 17, data[at..(at + length)], flagsAndOffset: (ushort)((at + length < data.Length ? 0x2000 : 0) | (at / 8)), id: 99));
        }

        return pieces;
    }

    private static byte[] Piece(int offset, int length, bool more, ushort id = 1) =>
        Ipv4("10.0.0.9", "10.0.0.1", 17, Pattern(length), flagsAndOffset: (ushort)((more ? 0x2000 : 0) | (offset / 8)), id: id);

    private static void Arrive(NamespaceBench bench, params byte[][] packets) =>
        bench.Eth0.Arrive([.. packets.Select(static p => Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, p))]);
}
