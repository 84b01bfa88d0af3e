using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack.Tests;

/// <summary>What is measured on the heap of the whole process runs while no other test does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class WholeHeap
{
    public const string Name = "whole heap";
}

/// <summary>What connections cost: nothing per segment, and little while idle.</summary>
[Collection(WholeHeap.Name)]
public sealed class TcpMemoryTests
{
    private const int IdleBound = 4096;

    [Fact]
    public void A_running_transfer_allocates_nothing()
    {
        using var hosts = new TwoHosts();
        (TcpSocket client, TcpSocket server) = Connect(hosts, 80);
        var data = new byte[65_536];
        // Until the send buffer has followed the congestion window as far as it goes.
        int buffer;
        do
        {
            buffer = client.Info.SendBuffer;
            Pump(hosts, client, server, data, 32_000_000);
        }
        while (client.Info.SendBuffer != buffer);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Pump(hosts, client, server, data, 32_000_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        // 22,000 segments of data: a single small object for each hundred would be seen.
        Assert.InRange(allocated, 0, 4096);
    }

    [Fact]
    public void An_idle_connection_costs_less_than_four_kilobytes()
    {
        const int Connections = 2000;
        using var hosts = new TwoHosts();
        Connect(hosts, 79);
        Assert.Equal(SocketResult.Ok, hosts.B.Sockets.ListenTcp(new Ipv4Endpoint(default, 80), 4096, null, out TcpListener? listener));
        var sockets = new List<TcpSocket>(Connections * 2);
        var buffer = new byte[1000];
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int i = 0; i < Connections; i++)
        {
            TcpSocket client = hosts.A.Sockets.OpenTcp();
            client.Connect(new Ipv4Endpoint(hosts.B.Address, 80));
            hosts.Settle();
            Assert.True(listener!.TryAccept(out TcpSocket? server));
            // A request and an answer, so that everything that is made on first use is there.
            client.Send(buffer, out _);
            hosts.Settle();
            Assert.Equal(SocketResult.Ok, server.Receive(buffer, out _));
            server.Send(buffer, out _);
            hosts.Settle();
            Assert.Equal(SocketResult.Ok, client.Receive(buffer, out _));
            hosts.Settle();
            sockets.Add(client);
            sockets.Add(server);
        }

        hosts.Advance(TimeSpan.FromSeconds(1));
        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / sockets.Count;
        Assert.InRange(each, 1, IdleBound);
        GC.KeepAlive(sockets);
    }

    [Theory]
    [InlineData(3, 0)]
    [InlineData(30, 43_000)]
    public void A_few_segments_that_nobody_reads_do_not_keep_the_large_buffer_of_their_train(int segments, int readThen)
    {
        const int Connections = 20;
        using var hosts = new TwoHosts();
        byte[] data = TcpLab.Pattern(segments * 1448);
        var servers = new List<TcpSocket>();
        for (int i = 0; i < Connections; i++)
        {
            (TcpSocket client, TcpSocket server) = Connect(hosts, (ushort)(1000 + i));
            for (int sent = 0; sent < data.Length;)
            {
                Assert.Equal(SocketResult.Ok, client.Send(data.AsSpan(sent), out int taken));
                sent += taken;
                hosts.Settle();
            }

            servers.Add(server);
        }

        // What stays of 30 segments when most of the data were read is as little as three.
        var buffer = new byte[data.Length];
        foreach (TcpSocket server in servers)
        {
            Assert.Equal(data.Length, server.Available);
            int read = 0;
            while (read < readThen && server.Receive(buffer.AsSpan(read, Math.Min(1000, readThen - read)), out int received) == SocketResult.Ok)
                read += received;
        }

        hosts.Settle();
        Assert.Equal(0, hosts.Pool.Measure().LargeOut);
        foreach (TcpSocket server in servers)
        {
            Assert.Equal(SocketResult.Ok, server.Receive(buffer.AsSpan(readThen), out int received));
            Assert.Equal(data.Length - readThen, received);
            Assert.Equal(data.AsSpan(readThen), buffer.AsSpan(readThen));
        }
    }

    [Fact]
    public void Segments_beyond_a_gap_do_not_keep_the_large_buffer_of_their_train()
    {
        using var hosts = new TwoHosts();
        (TcpSocket client, TcpSocket server) = Connect(hosts, 80);
        byte[] data = TcpLab.Pattern(8 * 1448);
        IFrameSink link = hosts.A.Eth0.Link!;
        hosts.A.Eth0.Link = new FirstOfTrainLost(link, hosts.A.Frames);
        Assert.Equal(SocketResult.Ok, client.Send(data, out _));
        hosts.Settle();
        Assert.Equal(0, server.Available);
        Assert.Equal(7, hosts.B.Sockets.Tcp.TCPOFOQueue);
        Assert.Equal(0, hosts.Pool.Measure().LargeOut);
        hosts.A.Eth0.Link = link;
        hosts.Advance(TimeSpan.FromSeconds(2));
        var buffer = new byte[data.Length];
        Assert.Equal(SocketResult.Ok, server.Receive(buffer, out int received));
        Assert.Equal(data, buffer[..received]);
    }

    private static (TcpSocket Client, TcpSocket Server) Connect(TwoHosts hosts, ushort port)
    {
        Assert.Equal(SocketResult.Ok, hosts.B.Sockets.ListenTcp(new Ipv4Endpoint(default, port), 16, null, out TcpListener? listener));
        TcpSocket client = hosts.A.Sockets.OpenTcp();
        Assert.Equal(SocketResult.InProgress, client.Connect(new Ipv4Endpoint(hosts.B.Address, port)));
        hosts.Settle();
        Assert.True(listener!.TryAccept(out TcpSocket? server));
        return (client, server);
    }

    // The turns of both owners without the conveniences of the other tests, which allocate.
    private static void Pump(TwoHosts hosts, TcpSocket from, TcpSocket to, byte[] data, int bytes)
    {
        int sent = 0;
        for (int received = 0; received < bytes;)
        {
            if (sent < bytes && from.Send(data.AsSpan(0, Math.Min(data.Length, bytes - sent)), out int taken) == SocketResult.Ok)
                sent += taken;
            Turn(hosts.A, hosts.Clock);
            Turn(hosts.B, hosts.Clock);
            int before = received;
            while (to.Available > 0)
            {
                int piece = to.Peek().Length;
                to.Consume(piece);
                received += piece;
            }

            if (received == before)
                hosts.Time.Advance(TimeSpan.FromMilliseconds(1));
        }
    }

    private static void Turn(TestHost host, MonotonicClock clock)
    {
        Instant now = clock.Now;
        host.Namespace.Flush();
        if (host.Namespace.NextDeadline <= now)
            host.Namespace.Poll(now);
        if (host.Sockets.NextDeadline <= now)
            host.Sockets.Poll(now);
        host.Namespace.Flush();
    }

    // Loses the first of several frames, the head of a train, and every frame that comes alone.
    private sealed class FirstOfTrainLost(IFrameSink link, FrameCache frames) : IFrameSink
    {
        public void Push(FrameVector vector)
        {
            if (vector.Count == 1)
            {
                frames.Release(vector);
                return;
            }

            frames.Release(ref vector[0]);
            vector.Frames[1..].CopyTo(vector.Frames);
            vector.Truncate(vector.Count - 1);
            link.Push(vector);
        }
    }
}
