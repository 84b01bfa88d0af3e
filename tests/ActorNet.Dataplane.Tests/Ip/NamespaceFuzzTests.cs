using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Ip.Packets;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>Mutated frames by the million, and the steady state's memory.</summary>
public sealed class NamespaceFuzzTests
{
    private const int Vectors = 50_000;

    [Fact]
    public void Three_million_mutated_frames_harm_nothing_and_leave_nothing()
    {
        using var bench = new NamespaceBench();
        bench.Eth0.Discard = bench.Eth1.Discard = true;
        bench.Know("eth1", "10.0.1.9");
        bench.Namespace.Register(IpProtocol.Udp, new RefusingProtocol(bench.Namespace));
        byte[][] seeds = Seeds();
        var random = new Random(20_260_101);
        for (int i = 0; i < Vectors; i++)
        {
            TestDevice device = (i & 7) == 0 ? bench.Eth1 : bench.Eth0;
            Assert.True(bench.Frames.TryRentVector(out FrameVector vector));
            for (int j = 0; j < FrameVector.Capacity; j++)
                vector.Add(Mutate(bench.Frames, seeds[random.Next(seeds.Length)], random));
            device.Receive(vector);
            if ((i & 15) == 0)
            {
                bench.Time.Advance(TimeSpan.FromMilliseconds(random.Next(0, 50)));
                bench.Namespace.Poll(bench.Clock.Now);
            }
        }

        Assert.True(bench.Namespace.NeighbourEntries.Count <= 1025);
        Assert.True(bench.Namespace.Reassembler.Memory <= (4 * 1024 * 1024) + 2048);
        // What is held is bounded by the queues of neighbours and fragments, whatever came in.
        PoolUsage usage = bench.Pool.Measure();
        Assert.True(usage.SmallOut <= 4096 + 2048 + 64, usage.ToString());
        // The fuzz reached past every gate it was meant for.
        Assert.True(bench.Namespace.Ip.ForwDatagrams > 100_000);
        Assert.True(bench.Namespace.Ip.InDelivers > 100_000);
        Assert.True(bench.Namespace.Ip.ReasmReqds > 10_000);
        foreach (DropReason reason in new[] { DropReason.BadArp, DropReason.BadIpHeader, DropReason.BadIpChecksum, DropReason.MartianSource, DropReason.MartianDestination, DropReason.OtherHost, DropReason.TtlExceeded, DropReason.NoRoute })
            Assert.True(bench.Namespace.Drops[reason] > 0, reason.ToString());
    }

    [Fact]
    public void Forwarding_delivering_and_answering_allocate_nothing_in_steady_state()
    {
        using var bench = new NamespaceBench();
        bench.Eth0.Discard = bench.Eth1.Discard = true;
        bench.Know("eth0", "10.0.0.9");
        bench.Know("eth1", "10.0.1.9");
        bench.Namespace.Register(IpProtocol.Udp, new RefusingProtocol(bench.Namespace));
        byte[][] frames =
        [
            ToUs(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(64))),
            ToUs(Ipv4("10.0.0.9", "10.0.0.1", 1, Icmp(8, 0, 1, Pattern(64)))),
            ToUs(Ipv4("10.0.0.9", "10.0.0.1", 17, Pattern(64))),
            ToUs(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(64), ttl: 1)),
        ];
        void Turn()
        {
            bench.Frames.TryRentVector(out FrameVector vector);
            for (int i = 0; i < FrameVector.Capacity; i++)
            {
                byte[] bytes = frames[i % frames.Length];
                bench.Frames.TryRentFrame(bytes.Length, out Frame frame);
                bytes.CopyTo(frame.Span);
                vector.Add(frame);
            }

            bench.Eth0.Receive(vector);
        }

        for (int i = 0; i < 100; i++)
            Turn();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
            Turn();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1_100 * 16, bench.Namespace.Ip.ForwDatagrams);
        Assert.Equal(1_100 * 16, bench.Namespace.IcmpCounters.Sent(0));
    }

    private static byte[][] Seeds()
    {
        const string Host = NamespaceBench.HostMac;
        const string Zero = "00:00:00:00:00:00";
        return
        [
            ToUs(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(64))),
            ToUs(Ipv4("10.0.0.9", "10.0.1.77", 17, Pattern(64))),
            ToUs(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(64), ttl: 1)),
            ToUs(Ipv4("10.0.0.9", "10.0.0.1", 1, Icmp(8, 0, 1, Pattern(40)))),
            ToUs(Ipv4("10.0.0.9", "10.0.0.1", 1, Icmp(3, 4, 1000, Ipv4("10.0.0.1", "10.0.0.9", 17, Pattern(20))))),
            ToUs(Ipv4("10.0.0.9", "10.0.0.1", 17, Pattern(40))),
            ToUs(Ipv4("10.0.0.9", "10.0.0.1", 17, Pattern(40), flagsAndOffset: 0x2000)),
            ToUs(Ipv4("10.0.0.9", "10.0.0.1", 17, Pattern(40), flagsAndOffset: 5)),
            ToUs(Ipv4("10.0.0.9", "10.0.1.9", 17, Pattern(40), options: [7, 7, 4, 0, 0, 0, 0, 0])),
            ToUs(Ipv4("10.0.0.9", "172.16.0.1", 17, Pattern(40))),
            ToUs(Ipv4("127.0.0.1", "127.0.0.1", 17, Pattern(40))),
            Ethernet("ff:ff:ff:ff:ff:ff", Host, 0x0800, Ipv4("10.0.0.9", "10.0.0.255", 17, Pattern(40))),
            Ethernet("ff:ff:ff:ff:ff:ff", Host, 0x0806, Arp(1, Host, "10.0.0.9", Zero, "10.0.0.1")),
            Ethernet(NamespaceBench.Eth0Mac, Host, 0x0806, Arp(2, Host, "10.0.0.9", NamespaceBench.Eth0Mac, "10.0.0.1")),
        ];
    }

    private static byte[] ToUs(byte[] packet) => Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, packet);

    // A few bytes change; half of the IPv4 frames get a right checksum again, or nothing would pass the first gate; some are cut.
    private static Frame Mutate(FrameCache frames, byte[] seed, Random random)
    {
        int length = random.Next(8) == 0 ? random.Next(seed.Length + 1) : seed.Length;
        Assert.True(frames.TryRentFrame(length, out Frame frame));
        Span<byte> bytes = frame.Span;
        seed.AsSpan(0, length).CopyTo(bytes);
        if (length == 0)
            return frame;
        for (int i = random.Next(4); i > 0; i--)
            bytes[random.Next(Math.Min(length, 50))] = (byte)random.Next(256);
        if (length >= 34 && bytes[12] == 8 && bytes[13] == 0 && random.Next(4) != 0)
        {
            int header = Math.Min(Math.Max((bytes[14] & 15) * 4, 20), length - 14);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[24..], 0);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[24..], Checksum(bytes.Slice(14, header)));
        }

        return frame;
    }

    /// <summary>A port where nobody listens: every packet is answered with port unreachable.</summary>
    private sealed class RefusingProtocol(ActorNet.Dataplane.Ip.NetworkNamespace names) : ActorNet.Dataplane.Ip.ITransportProtocol
    {
        public void Receive(in ActorNet.Dataplane.Ip.DeliveryInfo info, ref Frame packet)
        {
            names.SendIcmpError(packet, IcmpType.DestinationUnreachable, 3);
            names.Frames.Release(ref packet);
        }

        public void ReceiveError(in ActorNet.Dataplane.Ip.IcmpErrorInfo error)
        {
        }
    }
}
