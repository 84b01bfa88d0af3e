using ActorNet.Dataplane.Links;

namespace ActorNet.Netstack.Tests;

/// <summary>Whole connections between two namespaces: the bytes are right on a clean link and on bad ones.</summary>
public sealed class TcpTransferTests
{
    [Fact]
    public void Handshake_data_and_close_on_a_clean_link()
    {
        using var lab = new TcpLab();
        (TcpSocket client, TcpSocket server) = lab.Connect();
        Assert.Equal(SocketResult.Ok, client.Send("hello"u8, out int sent));
        Assert.Equal(5, sent);
        lab.Run(TimeSpan.FromMilliseconds(1));
        var buffer = new byte[16];
        Assert.Equal(SocketResult.Ok, server.Receive(buffer, out int received));
        Assert.Equal("hello"u8.ToArray(), buffer[..received]);
        client.Close();
        lab.Run(TimeSpan.FromMilliseconds(1));
        Assert.Equal(TcpState.CloseWait, server.State);
        Assert.Equal(SocketResult.Ok, server.Receive(buffer, out received));
        Assert.Equal(0, received);
        server.Close();
        lab.Run(TimeSpan.FromMilliseconds(1));
        Assert.Equal(TcpState.TimeWait, Assert.Single(lab.A.TcpConnections).State);
        Assert.Empty(lab.B.TcpConnections);
        lab.Run(TimeSpan.FromSeconds(61));
        Assert.Empty(lab.A.TcpConnections);
    }

    [Fact]
    public void Megabytes_arrive_on_a_clean_link_without_a_retransmission()
    {
        using var lab = new TcpLab();
        (TcpSocket client, TcpSocket server) = lab.Connect();
        lab.Transfer(client, server, TcpLab.Pattern(8_000_000), TimeSpan.FromSeconds(60));
        Assert.Equal(0, lab.A.Tcp.RetransSegs);
        Assert.Equal(0, lab.A.Tcp.TCPTimeouts + lab.A.Tcp.TCPLossProbes);
        client.Close();
        server.Close();
    }

    [Theory]
    [InlineData(0.01, 0, 0)]
    [InlineData(0.05, 0, 0)]
    [InlineData(0.30, 0, 0)]
    [InlineData(0, 0.05, 0)]
    [InlineData(0, 0, 0.05)]
    [InlineData(0.05, 0.05, 0.05)]
    public void Every_byte_arrives_in_spite_of_loss_reordering_and_duplication(double loss, double reorder, double duplicate)
    {
        var settings = new ImpairmentSettings
        {
            Seed = 3,
            Loss = loss,
            Reorder = reorder,
            Duplicate = duplicate,
            Delay = TimeSpan.FromMilliseconds(5),
        };
        using var lab = new TcpLab(settings, settings with { Seed = 4 });
        (TcpSocket client, TcpSocket server) = lab.Connect();
        lab.Transfer(client, server, TcpLab.Pattern(1_000_000), TimeSpan.FromMinutes(30));
        client.Close();
        server.Close();
    }

    /// <summary>RFC 9293, 3.4: sequence numbers wrap, and a number half of the space behind compares as one ahead.</summary>
    [Fact]
    public void A_connection_carries_more_than_half_of_the_sequence_space()
    {
        const long Total = (1L << 31) + (64 << 20);
        using var lab = new TcpLab(mtu: 65_535);
        (TcpSocket client, TcpSocket server) = lab.Connect();
        byte[] data = TcpLab.Pattern(1 << 18);
        long sent = 0;
        long received = 0;
        bool intact = true;
        lab.RunUntil(
            () =>
            {
                while (sent < Total && client.Send(data.AsSpan((int)(sent % data.Length)), out int taken) == SocketResult.Ok && taken > 0)
                    sent += taken;
                while (server.Available > 0)
                {
                    ReadOnlySpan<byte> piece = server.Peek();
                    int at = (int)(received % data.Length);
                    int count = Math.Min(piece.Length, data.Length - at);
                    intact &= piece[..count].SequenceEqual(data.AsSpan(at, count));
                    server.Consume(count);
                    received += count;
                }

                return received >= Total;
            },
            TimeSpan.FromHours(1));
        Assert.True(intact);
        client.Close();
        server.Close();
    }
}
