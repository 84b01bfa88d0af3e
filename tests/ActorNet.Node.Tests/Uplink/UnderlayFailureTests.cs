using System.Net;
using System.Net.Sockets;
using ActorNet.Dataplane.Frames;
using ActorNet.Node.Uplink;
using ActorNet.Packets;

namespace ActorNet.Node.Tests.Uplink;

/// <summary>What the user reads when the sockets cannot be had, and what happens when memory runs out.</summary>
public sealed class UnderlayFailureTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_taken_port_is_named_with_what_to_do(bool plain)
    {
        using var holder = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        ushort port = (ushort)((IPEndPoint)holder.LocalEndPoint!).Port;
        UnderlayException e = Assert.Throws<UnderlayException>(() =>
            Underlay.Open(new UnderlayOptions { Address = Ipv4Address.Loopback, Port = port, ForcePlain = plain }, new FramePool()));
        Assert.Equal(SocketError.AddressAlreadyInUse, e.Error);
        Assert.Contains($"127.0.0.1:{port}", e.Message, StringComparison.Ordinal);
        Assert.Contains("--underlay-port", e.Message, StringComparison.Ordinal);
        Assert.Equal((Ipv4Address.Loopback, port), (e.Address, e.Port));
    }

    [Fact]
    public void An_address_of_no_interface_is_named_with_what_to_do()
    {
        // TEST-NET-2 (RFC 5737): no machine has it.
        var address = Ipv4Address.Parse("198.51.100.7");
        UnderlayException e = Assert.Throws<UnderlayException>(() => Underlay.Open(new UnderlayOptions { Address = address }, new FramePool()));
        Assert.Equal(SocketError.AddressNotAvailable, e.Error);
        Assert.Contains("198.51.100.7:8472", e.Message, StringComparison.Ordinal);
        Assert.Contains("--address", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_privileged_port_is_named_with_what_to_do()
    {
        // Whether 80 is privileged depends on who runs the test; the text does not.
        UnderlayException e = UnderlayException.FromBind(Ipv4Address.Loopback, 80, "--underlay-port", new SocketException((int)SocketError.AccessDenied));
        Assert.Contains("127.0.0.1:80", e.Message, StringComparison.Ordinal);
        Assert.Contains("below 1024", e.Message, StringComparison.Ordinal);
        Assert.Contains("--underlay-port", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Datagrams_beyond_the_pool_are_counted_and_later_ones_arrive(bool plain)
    {
        // One slab of small buffers and room for the receive slots: the keeper takes them all.
        var pool = new FramePool(maxSmall: 64, maxLarge: 16, maxVectors: 64);
        FrameCache hoard = pool.CreateCache("hoard");
        var frames = new List<Frame>();
        while (hoard.TryRentFrame(64, out Frame frame))
            frames.Add(frame);
        using (var pair = new UnderlayPair(false, plain, pool))
        {
            for (int i = 0; i < 50; i++)
                pair.Send(pair.Make(64, i));
            SpinWait.SpinUntil(() => pair.Right.Snapshot().DatagramsReceived == 50, 20_000);
            Assert.Equal(50, pair.Right.Snapshot().Drops[DropReason.NoBuffer]);
            for (int i = 0; i < frames.Count; i++)
            {
                Frame frame = frames[i];
                hoard.Release(ref frame);
            }

            hoard.Dispose();
            pair.Send(pair.Make(64, 99));
            byte[] expected = new byte[64];
            UnderlayPair.Fill(expected, 99);
            Assert.Equal(expected, pair.Inbox.Take(1)[0].Bytes);
        }
    }

    [Fact]
    public void A_pool_without_one_large_buffer_is_refused_at_the_start()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("Only the segmenting underlay needs large buffers before the first datagram.");
        var pool = new FramePool(maxLarge: 0);
        using IUnderlaySocket underlay = Underlay.Open(UnderlayPair.Options(UnderlayPair.LeftAddress, false), pool);
        using var inbox = new Inbox(pool);
        UnderlayException e = Assert.Throws<UnderlayException>(() => underlay.Start(inbox));
        Assert.Contains("pool", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void A_number_of_source_sockets_out_of_range_is_refused(int sockets) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Underlay.Open(UnderlayPair.Options(UnderlayPair.LeftAddress, false) with { SourceSockets = sockets }, new FramePool()));
}
