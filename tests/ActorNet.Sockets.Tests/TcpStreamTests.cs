using System.IO.Pipelines;
using System.Net.Sockets;
using System.Security.Cryptography;
using ActorNet.Netstack;
using Microsoft.AspNetCore.Connections;

namespace ActorNet.Sockets.Tests;

/// <summary>A stream over an emulated connection behaves as a NetworkStream over the kernel's.</summary>
public class TcpStreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Megabytes_cross_both_ways_at_once_unchanged()
    {
        await using var pods = new PodPair();
        (TcpStream client, TcpStream server) = await ConnectAsync(pods);
        byte[] up = RandomNumberGenerator.GetBytes(8_000_000);
        byte[] down = RandomNumberGenerator.GetBytes(8_000_000);
        Task<byte[]> received = ReadToEndAsync(server);
        Task<byte[]> answered = ReadToEndAsync(client);
        await Task.WhenAll(SendAllAsync(client, up), SendAllAsync(server, down)).WaitAsync(Patience);
        Assert.Equal(SHA256.HashData(up), SHA256.HashData(await received.WaitAsync(Patience)));
        Assert.Equal(SHA256.HashData(down), SHA256.HashData(await answered.WaitAsync(Patience)));
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_half_closed_connection_still_carries_the_other_direction()
    {
        await using var pods = new PodPair();
        (TcpStream client, TcpStream server) = await ConnectAsync(pods);
        await client.WriteAsync("question"u8.ToArray());
        await client.ShutdownSendAsync();
        Assert.Equal("question"u8.ToArray(), await ReadToEndAsync(server).WaitAsync(Patience));
        await server.WriteAsync("answer"u8.ToArray());
        await server.ShutdownSendAsync();
        Assert.Equal("answer"u8.ToArray(), await ReadToEndAsync(client).WaitAsync(Patience));
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task An_abort_is_a_reset_for_the_peer()
    {
        await using var pods = new PodPair();
        (TcpStream client, TcpStream server) = await ConnectAsync(pods);
        Task<int> reading = server.ReadAsync(new byte[1]).AsTask();
        client.Abort();
        await Assert.ThrowsAsync<ConnectionResetException>(() => reading.WaitAsync(Patience));
        await Assert.ThrowsAsync<ConnectionAbortedException>(() => ReadToEndAsync(client));
        await client.DisposeAsync();
        await server.DisposeAsync();
        await CancelledAsync(server.Connection.Closed);
    }

    [Fact]
    public async Task Closing_with_unread_data_is_a_reset_for_the_peer()
    {
        await using var pods = new PodPair();
        (TcpStream client, TcpStream server) = await ConnectAsync(pods);
        // More than the pipe beside the socket takes, so that data is left in the socket itself.
        Task writing = WriteUntilItBreaksAsync(client);
        Assert.Equal(1, await server.ReadAsync(new byte[1]));
        await server.DisposeAsync();
        await writing.WaitAsync(Patience);
        await client.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Closing_over_data_that_lie_in_the_stream_is_a_reset_for_the_peer(bool byForce)
    {
        // RFC 2525, 2.17; tcp_close. After the first byte the others are in the stream's pipe and no longer in the socket.
        await using var pods = new PodPair();
        (TcpStream client, TcpStream server) = await ConnectAsync(pods);
        await client.WriteAsync("never read"u8.ToArray());
        Assert.Equal(1, await server.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        if (byForce)
            server.Connection.Close();
        else
            await server.DisposeAsync().AsTask().WaitAsync(Patience);
        await Assert.ThrowsAsync<ConnectionResetException>(() => client.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        await client.DisposeAsync().AsTask().WaitAsync(Patience);
        await server.DisposeAsync().AsTask().WaitAsync(Patience);
        Assert.Equal(1, await pods.Server.RunAsync(sockets => sockets.Tcp.TCPAbortOnClose));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task What_came_before_a_reset_is_read_and_then_the_reset_is_told(int atOnce)
    {
        // tcp_recvmsg_locked: the receive queue first, the socket's error behind it. So a server that says no and closes over an unread question is heard.
        await using var pods = new PodPair();
        (TcpStream client, TcpStream server) = await ConnectAsync(pods);
        await client.WriteAsync("question"u8.ToArray());
        Assert.Equal(1, await server.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        await SayNoAndResetAsync(client, server);

        byte[] said = new byte[2];
        for (int at = 0; at < said.Length;)
        {
            int read = await client.ReadAsync(said.AsMemory(at, Math.Min(atOnce, said.Length - at))).AsTask().WaitAsync(Patience);
            Assert.NotEqual(0, read);
            at += read;
        }

        Assert.Equal("no"u8.ToArray(), said);
        await Assert.ThrowsAsync<ConnectionResetException>(() => client.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        await Assert.ThrowsAsync<ConnectionResetException>(() => client.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        await client.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    [Fact]
    public async Task Who_waits_for_more_than_came_before_a_reset_is_told_of_it()
    {
        await using var pods = new PodPair();
        (TcpStream client, TcpStream server) = await ConnectAsync(pods);
        await client.WriteAsync("question"u8.ToArray());
        Assert.Equal(1, await server.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        await SayNoAndResetAsync(client, server);

        PipeReader reader = client.Connection.Input;
        ReadResult read = await reader.ReadAsync().AsTask().WaitAsync(Patience);
        Assert.Equal((2, false), (read.Buffer.Length, read.IsCompleted));
        reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        await Assert.ThrowsAsync<ConnectionResetException>(() => reader.ReadAsync().AsTask().WaitAsync(Patience));
        await client.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    [Fact]
    public async Task Closing_after_everything_was_read_is_an_end_for_the_peer()
    {
        await using var pods = new PodPair();
        (TcpStream client, TcpStream server) = await ConnectAsync(pods);
        await client.WriteAsync("read"u8.ToArray());
        await server.ReadExactlyAsync(new byte[4]).AsTask().WaitAsync(Patience);
        await server.DisposeAsync().AsTask().WaitAsync(Patience);
        Assert.Equal(0, await client.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));
        await client.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    [Fact]
    public async Task A_reader_that_stands_still_holds_the_writer_back()
    {
        await using var pods = new PodPair();
        (TcpStream client, TcpStream server) = await ConnectAsync(pods, new TcpOptions { SendBufferSize = 64 * 1024, ReceiveBufferSize = 64 * 1024 });
        byte[] data = RandomNumberGenerator.GetBytes(4_000_000);
        Task sending = SendAllAsync(client, data);
        byte[] first = new byte[1];
        Assert.Equal(1, await server.ReadAsync(first));
        Assert.False(sending.IsCompleted);
        byte[] rest = await ReadToEndAsync(server).WaitAsync(Patience);
        Assert.Equal<byte[]>(data, [.. first, .. rest]);
        await sending;
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_port_where_nobody_listens_refuses()
    {
        await using var pods = new PodPair();
        (SocketResult result, TcpDuplexPipe? connection) =
            await TcpConnector.ConnectAsync(pods.Client, new Ipv4Endpoint(pods.Server.Address, 81)).WaitAsync(Patience);
        Assert.Equal((SocketResult.ConnectionRefused, null), (result, connection));
        SocketException thrown = await Assert.ThrowsAsync<SocketException>(() => TcpConnector.OpenStreamAsync(pods.Client, new Ipv4Endpoint(pods.Server.Address, 81)));
        Assert.Equal(SocketError.ConnectionRefused, thrown.SocketErrorCode);
    }

    [Fact]
    public async Task A_connect_that_nobody_answers_can_be_cancelled()
    {
        await using var pods = new PodPair();
        using var giveUp = new CancellationTokenSource();
        Task connecting = TcpConnector.ConnectAsync(pods.Client, new Ipv4Endpoint(Packets.Ipv4Address.Parse("10.0.0.9"), 80), cancellationToken: giveUp.Token);
        Assert.False(connecting.IsCompleted);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting.WaitAsync(Patience));
    }

    [Fact]
    public async Task When_the_pod_goes_its_streams_break_at_once()
    {
        await using var pods = new PodPair();
        (TcpStream client, TcpStream server) = await ConnectAsync(pods);
        Task<int> reading = server.ReadAsync(new byte[1]).AsTask();
        await pods.RemoveServerAsync();
        await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.WaitAsync(Patience));
        await server.DisposeAsync().AsTask().WaitAsync(Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => TcpConnector.ConnectAsync(pods.Server, new Ipv4Endpoint(pods.Client.Address, 1)).WaitAsync(Patience));
        client.Abort();
        await client.DisposeAsync();
    }

    private static async Task<(TcpStream Client, TcpStream Server)> ConnectAsync(PodPair pods, TcpOptions? options = null)
    {
        (SocketResult result, TcpAcceptor? acceptor) = await TcpAcceptor.ListenAsync(pods.Server, new Ipv4Endpoint(pods.Server.Address, 80), options: options);
        Assert.Equal(SocketResult.Ok, result);
        Task<TcpDuplexPipe?> accepting = acceptor!.AcceptAsync();
        TcpStream client = await TcpConnector.OpenStreamAsync(pods.Client, acceptor.Local, options).WaitAsync(Patience);
        TcpDuplexPipe server = Assert.IsType<TcpDuplexPipe>(await accepting.WaitAsync(Patience));
        Assert.Equal(client.Connection.Local, server.Remote);
        await acceptor.DisposeAsync();
        return (client, new TcpStream(server));
    }

    private static async Task SendAllAsync(TcpStream stream, byte[] data)
    {
        foreach (byte[] piece in data.Chunk(50_000))
            await stream.WriteAsync(piece);
        await stream.ShutdownSendAsync();
    }

    private static async Task<byte[]> ReadToEndAsync(TcpStream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all);
        return all.ToArray();
    }

    private static async Task WriteUntilItBreaksAsync(TcpStream stream)
    {
        byte[] piece = new byte[50_000];
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            for (int i = 0; i < 10_000; i++)
                await stream.WriteAsync(piece);
        });
    }

    // The client has seen that there is something, and taken nothing, before the reset is here too.
    private static async Task SayNoAndResetAsync(TcpStream client, TcpStream server)
    {
        await server.WriteAsync("no"u8.ToArray());
        ReadResult seen = await client.Connection.Input.ReadAsync().AsTask().WaitAsync(Patience);
        Assert.Equal(2, seen.Buffer.Length);
        client.Connection.Input.AdvanceTo(seen.Buffer.Start);
        await server.DisposeAsync().AsTask().WaitAsync(Patience);
        await CancelledAsync(client.Connection.Closed);
    }

    private static async Task CancelledAsync(CancellationToken token)
    {
        var cancelled = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = token.Register(cancelled.SetResult);
        await cancelled.Task.WaitAsync(Patience, CancellationToken.None);
    }
}
