using System.Net;
using System.Net.Sockets;
using ActorNet.Dataplane.Frames;
using ActorNet.Node.Uplink;

namespace ActorNet.Node.Tests.Uplink;

/// <summary>Both underlays against each other over loopback. Where there is only the plain one, the rows repeat each other.</summary>
public sealed class UnderlayTests
{
    public static TheoryData<bool, bool> Crosswise => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory]
    [MemberData(nameof(Crosswise))]
    public void Every_length_up_to_1500_and_long_ones_arrive_unchanged(bool leftPlain, bool rightPlain)
    {
        using var pair = new UnderlayPair(leftPlain, rightPlain);
        int[] lengths = [.. Enumerable.Range(0, 1501), 1919, 1920, 1921, 2048, 4096, 8972, 16_000, 40_000, 65_000, 65_506, 65_507];
        foreach (int length in lengths)
        {
            pair.Send(pair.Make(length, length));
            Datagram datagram = pair.Inbox.Take(1)[0];
            byte[] expected = new byte[length];
            UnderlayPair.Fill(expected, length);
            Assert.Equal(expected, datagram.Bytes);
            Assert.Equal(UnderlayPair.LeftAddress, datagram.Remote.Address);
        }

        UplinkCounters sent = pair.Left.Snapshot();
        UplinkCounters received = pair.Right.Snapshot();
        Assert.Equal(lengths.Length, sent.DatagramsSent);
        Assert.Equal(lengths.Length, received.DatagramsReceived);
        Assert.Equal(lengths.Sum(), sent.BytesSent);
        Assert.Equal(lengths.Sum(), received.BytesReceived);
        Assert.Empty(sent.Drops);
        Assert.Empty(received.Drops);
    }

    [Theory]
    [MemberData(nameof(Crosswise))]
    public void A_flow_keeps_its_order_and_its_source_port(bool leftPlain, bool rightPlain)
    {
        const int Flows = 32;
        const int PerFlow = 40;
        using var pair = new UnderlayPair(leftPlain, rightPlain);
        for (int n = 0; n < PerFlow; n++)
        {
            var frames = new Frame[Flows];
            for (int flow = 0; flow < Flows; flow++)
            {
                frames[flow] = pair.Make(100, 0, (uint)flow * 0x9E37_79B9);
                frames[flow].Span[0] = (byte)flow;
                frames[flow].Span[1] = (byte)n;
            }

            pair.Send(frames);
            List<Datagram> round = pair.Inbox.Take(Flows);
            Assert.All(round, d => Assert.Equal(n, d.Bytes[1]));
        }

        for (int flow = 0; flow < Flows; flow++)
        {
            var frames = new Frame[PerFlow];
            for (int n = 0; n < PerFlow; n++)
            {
                frames[n] = pair.Make(60 + (n % 3 * 20), 0, (uint)flow * 0x9E37_79B9);
                frames[n].Span[0] = (byte)flow;
                frames[n].Span[1] = (byte)n;
            }

            pair.Send(frames);
            List<Datagram> round = pair.Inbox.Take(PerFlow);
            Assert.Equal(Enumerable.Range(0, PerFlow).Select(n => (byte)n), round.Select(d => d.Bytes[1]));
            Assert.Single(round.Select(d => d.Remote.Port).Distinct());
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Flows_leave_by_many_source_ports_none_of_them_the_receiving_one(bool plain)
    {
        using var pair = new UnderlayPair(plain, false);
        var ports = new Dictionary<uint, ushort>();
        for (uint flow = 0; flow < 256; flow++)
        {
            uint hash = flow * 0x9E37_79B9;
            pair.Send(pair.Make(64, 1, hash));
            ports[hash] = pair.Inbox.Take(1)[0].Remote.Port;
        }

        // 256 hashes over 16 sockets: that two or more stay unused has a chance below one in a hundred thousand.
        Assert.InRange(ports.Values.Distinct().Count(), 14, 16);
        Assert.DoesNotContain(pair.Left.LocalEndpoint.Port, ports.Values);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Datagrams_sent_to_a_source_port_are_never_read_and_do_not_disturb(bool plain)
    {
        using var pair = new UnderlayPair(plain, false);
        pair.Send(pair.Make(64, 1));
        UnderlayEndpoint source = pair.Inbox.Take(1)[0].Remote;
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        for (int i = 0; i < 1000; i++)
            stranger.SendTo(new byte[1000], new IPEndPoint(source.Address.ToIPAddress(), source.Port));
        pair.Send(pair.Make(64, 2));
        byte[] expected = new byte[64];
        UnderlayPair.Fill(expected, 2);
        Assert.Equal(expected, pair.Inbox.Take(1)[0].Bytes);
        Assert.Equal(0, pair.Left.Snapshot().DatagramsReceived);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_cannot_be_sent_is_dropped_with_its_reason_and_the_rest_goes(bool plain)
    {
        using var pair = new UnderlayPair(plain, false);
        Frame tooBig = pair.Make(65_508, 1);
        Frame noPort = pair.Make(64, 2);
        noPort.Remote = noPort.Remote with { Port = 0 };
        Frame noAddress = pair.Make(64, 3);
        noAddress.Remote = noAddress.Remote with { Address = default };
        // A source address of 127.0.0.0/8 has no way out of the machine: EINVAL. (192.0.2.0/24 is TEST-NET-1, RFC 5737.)
        Frame noRoute = pair.Make(64, 4);
        noRoute.Remote = new UnderlayEndpoint(Packets.Ipv4Address.Parse("192.0.2.1"), 9);
        pair.Send(tooBig, noPort, pair.Make(64, 5), noAddress, noRoute, pair.Make(64, 6));
        Assert.Equal(2, pair.Inbox.Take(2).Count);
        UplinkCounters counters = pair.Left.Snapshot();
        Assert.Equal(2, counters.DatagramsSent);
        Assert.Equal(1, counters.Drops[DropReason.TooBig]);
        Assert.Equal(3, counters.Drops[DropReason.UnderlaySendFailed]);
        Assert.Equal(new PeerCounters(2, 128, 1), counters.Peers[pair.Right.LocalEndpoint]);
        Assert.Equal(new PeerCounters(0, 0, 1), counters.Peers[noRoute.Remote]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_peer_that_is_not_there_disturbs_nobody(bool plain)
    {
        using var pair = new UnderlayPair(plain, false);
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        closed.Bind(new IPEndPoint(UnderlayPair.RightAddress.ToIPAddress(), 0));
        var nobody = new UnderlayEndpoint(UnderlayPair.RightAddress, (ushort)((IPEndPoint)closed.LocalEndPoint!).Port);
        closed.Dispose();
        for (int i = 0; i < 10; i++)
        {
            Frame lost = pair.Make(64, i);
            lost.Remote = nobody;
            pair.Send(lost);
            pair.Send(pair.Make(64, i));
        }

        Assert.Equal(10, pair.Inbox.Take(10).Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_lone_datagram_goes_up_alone_and_a_vector_is_full_at_64(bool plain)
    {
        using var pair = new UnderlayPair(plain, plain);
        pair.Send(pair.Make(64, 1));
        pair.Inbox.Take(1);
        Assert.Equal([1], pair.Inbox.VectorSizes);
        for (int round = 0; round < 8; round++)
        {
            var frames = new Frame[64];
            for (int i = 0; i < 64; i++)
                frames[i] = pair.Make(64, i);
            pair.Send(frames);
        }

        pair.Inbox.Take(512);
        Assert.All(pair.Inbox.VectorSizes, size => Assert.InRange(size, 1, 64));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Dispose_ends_the_receive_thread_and_frees_the_port(bool plain)
    {
        var pool = new FramePool();
        IUnderlaySocket underlay = Underlay.Open(UnderlayPair.Options(UnderlayPair.LeftAddress, plain), pool);
        using var inbox = new Inbox(pool);
        underlay.Start(inbox);
        UnderlayEndpoint endpoint = underlay.LocalEndpoint;
        // Dispose joins the thread: that it returns at all is the first proof, that the pool is idle and the port free the others.
        underlay.Dispose();
        Assert.True(pool.Measure().IsIdle);
        using IUnderlaySocket again = Underlay.Open(UnderlayPair.Options(endpoint.Address, plain) with { Port = endpoint.Port }, pool);
        Assert.Equal(endpoint, again.LocalEndpoint);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_consumer_that_fails_or_keeps_its_credit_costs_drops_and_nothing_else(bool plain)
    {
        var pool = new FramePool();
        var keeper = new Keeper(pool);
        using (var pair = new UnderlayPair(plain, plain, pool, receiveWindow: 3, rightSink: keeper))
        {
            // Few enough for the receive buffer that an unprivileged process gets.
            const int Sent = 60;
            for (int i = 0; i < Sent; i++)
                pair.Send(pair.Make(3000, i));
            SpinWait.SpinUntil(() => pair.Right.Snapshot().DatagramsReceived == Sent, 20_000);
            UplinkCounters counters = pair.Right.Snapshot();
            Assert.Equal(Sent, counters.DatagramsReceived);
            pair.Right.Dispose();
            counters = pair.Right.Snapshot();
            Assert.Equal(3, keeper.Vectors);
            Assert.Equal(Sent, counters.Drops[DropReason.QueueFull] + keeper.Frames);
            Assert.True(pool.Measure().LargeOut <= 3 * ReceivedVectors.LargePerVector);
            keeper.ReleaseAll();
        }
    }

    private sealed class Keeper(FramePool pool) : IFrameSink
    {
        private readonly Stack<FrameVector> _kept = new();

        public int Vectors => _kept.Count;

        public int Frames => _kept.Sum(v => v.Count);

        public void Push(FrameVector frames) => _kept.Push(frames);

        public void ReleaseAll()
        {
            using FrameCache cache = pool.CreateCache("keeper");
            while (_kept.TryPop(out FrameVector? vector))
                cache.Release(vector);
        }
    }
}
