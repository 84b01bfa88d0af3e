using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using ActorNet.Interop.Tests.Wire;
using ActorNet.Netstack;
using Microsoft.AspNetCore.Connections;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>What happens on a connection between a kernel's socket and ours when an end is slow, still, half done or gone.</summary>
[Collection(TransferTestCollection.Name)]
public sealed class SocketTransferTests(SharedTransferBed shared)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(KernelEnd.Client, true)]
    [InlineData(KernelEnd.Client, false)]
    [InlineData(KernelEnd.Server, true)]
    [InlineData(KernelEnd.Server, false)]
    public async Task A_reader_that_is_away_closes_the_window_and_gets_everything_later(KernelEnd end, bool kernelReads)
    {
        TransferBed bed = await BedAsync();
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(bed, end);
        await using PacketCapture capture = await PacketCapture.StartAsync(
            bed.Kernel.Namespace, "eth0", string.Create(CultureInfo.InvariantCulture, $"tcp port {pair.KernelPort}"), snapLength: 96);
        (Stream writer, Stream reader) = kernelReads ? ((Stream)pair.Ours, (Stream)pair.KernelStream) : (pair.KernelStream, pair.Ours);
        byte[] sent = Bytes(24_000_000);

        Task writing = writer.WriteAsync(sent, Ct).AsTask();
        // A probe of Linux' form repeats the byte before the window, which tshark calls a keep-alive.
        await Eventually.HoldsAsync("the window has closed and the writer has asked for it twice", async () =>
            await CountAsync(capture, $"tcp.analysis.zero_window && ip.src == {(kernelReads ? bed.Kernel.Address : bed.Client.Address)}") > 0
            && await CountAsync(capture, $"tcp.analysis.keep_alive && ip.src == {(kernelReads ? bed.Client.Address : bed.Kernel.Address)}") > 1);
        Assert.False(writing.IsCompleted);
        byte[] got = await ReadAsync(reader, sent.Length);
        await writing.WaitAsync(Patience, Ct);

        Assert.Equal(Hash(sent), Hash(got));
        await capture.StopAsync();
        Assert.Equal(0, await CountAsync(capture, "tcp.flags.reset == 1"));
    }

    [Theory]
    [InlineData(KernelEnd.Client, true)]
    [InlineData(KernelEnd.Client, false)]
    [InlineData(KernelEnd.Server, true)]
    [InlineData(KernelEnd.Server, false)]
    public async Task A_slow_reader_gets_everything(KernelEnd end, bool kernelReads)
    {
        TransferBed bed = await BedAsync();
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(bed, end);
        (Stream writer, Stream reader) = kernelReads ? ((Stream)pair.Ours, (Stream)pair.KernelStream) : (pair.KernelStream, pair.Ours);
        byte[] sent = Bytes(8_000_000);

        Task writing = writer.WriteAsync(sent, Ct).AsTask();
        // 16 KB every millisecond or more: far less than the path carries.
        byte[] got = await ReadAsync(reader, sent.Length, most: 16_384, pause: TimeSpan.FromMilliseconds(1));
        await writing.WaitAsync(Patience, Ct);

        Assert.Equal(Hash(sent), Hash(got));
    }

    [Theory]
    [InlineData(KernelEnd.Client, true)]
    [InlineData(KernelEnd.Client, false)]
    [InlineData(KernelEnd.Server, true)]
    [InlineData(KernelEnd.Server, false)]
    public async Task Each_byte_of_a_slow_writer_arrives_before_the_next_is_written(KernelEnd end, bool kernelReads)
    {
        TransferBed bed = await BedAsync();
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(bed, end);
        (Stream writer, Stream reader) = kernelReads ? ((Stream)pair.Ours, (Stream)pair.KernelStream) : (pair.KernelStream, pair.Ours);

        for (int i = 0; i < 200; i++)
        {
            await writer.WriteAsync(new[] { (byte)i }, Ct);
            Assert.Equal([(byte)i], await ReadAsync(reader, 1));
        }
    }

    [Theory]
    [InlineData(KernelEnd.Client)]
    [InlineData(KernelEnd.Server)]
    public async Task The_kernel_ends_its_sending_and_still_gets_our_answer(KernelEnd end)
    {
        TransferBed bed = await BedAsync();
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(bed, end);
        byte[] question = Bytes(100_000);
        byte[] answer = Bytes(4_000_000);

        Task asking = pair.KernelStream.WriteAsync(question, Ct).AsTask();
        byte[] heard = await ReadAsync(pair.Ours, question.Length);
        await asking;
        pair.Kernel.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await pair.Ours.ReadAsync(new byte[1], Ct).AsTask().WaitAsync(Patience, Ct));
        await Eventually.HoldsAsync("the kernel's FIN is acknowledged, ours has not come",
            async () => (await pair.KernelStateAsync(bed)).StartsWith("FIN-WAIT-2", StringComparison.Ordinal));
        Task answering = pair.Ours.WriteAsync(answer, Ct).AsTask();
        byte[] got = await ReadAsync(pair.KernelStream, answer.Length);
        await answering;
        await pair.Ours.ShutdownSendAsync();

        Assert.Equal(0, await pair.KernelStream.ReadAsync(new byte[1], Ct).AsTask().WaitAsync(Patience, Ct));
        Assert.Equal((Hash(question), Hash(answer)), (Hash(heard), Hash(got)));
        await Eventually.HoldsAsync("the kernel, which closed first, waits out the connection",
            async () => (await pair.KernelStateAsync(bed)) is var state && (state.Length == 0 || state.StartsWith("TIME-WAIT", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(KernelEnd.Client)]
    [InlineData(KernelEnd.Server)]
    public async Task We_end_our_sending_and_still_get_the_kernels_answer(KernelEnd end)
    {
        TransferBed bed = await BedAsync();
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(bed, end);
        byte[] question = Bytes(100_000);
        byte[] answer = Bytes(4_000_000);

        Task asking = pair.Ours.WriteAsync(question, Ct).AsTask();
        byte[] heard = await ReadAsync(pair.KernelStream, question.Length);
        await asking;
        await pair.Ours.ShutdownSendAsync();
        Assert.Equal(0, await pair.KernelStream.ReadAsync(new byte[1], Ct).AsTask().WaitAsync(Patience, Ct));
        Assert.StartsWith("CLOSE-WAIT", await pair.KernelStateAsync(bed), StringComparison.Ordinal);
        Task answering = pair.KernelStream.WriteAsync(answer, Ct).AsTask();
        byte[] got = await ReadAsync(pair.Ours, answer.Length);
        await answering;
        pair.Kernel.Shutdown(SocketShutdown.Send);

        Assert.Equal(0, await pair.Ours.ReadAsync(new byte[1], Ct).AsTask().WaitAsync(Patience, Ct));
        Assert.Equal((Hash(question), Hash(answer)), (Hash(heard), Hash(got)));
        await Eventually.HoldsAsync("the kernel's FIN, the second, is acknowledged", async () => (await pair.KernelStateAsync(bed)).Length == 0);
    }

    [Theory]
    [InlineData(KernelEnd.Client)]
    [InlineData(KernelEnd.Server)]
    public async Task The_kernels_abort_is_a_reset_for_us(KernelEnd end)
    {
        TransferBed bed = await BedAsync();
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(bed, end);
        Task<int> reading = pair.Ours.ReadAsync(new byte[1], Ct).AsTask();

        // close() of a socket with SO_LINGER 0 resets (socket(7)).
        pair.Kernel.LingerState = new LingerOption(true, 0);
        pair.Kernel.Close();

        await Assert.ThrowsAsync<ConnectionResetException>(() => reading.WaitAsync(Patience, Ct));
        await Assert.ThrowsAnyAsync<IOException>(async () => await pair.Ours.WriteAsync(new byte[1], Ct));
    }

    [Theory]
    [InlineData(KernelEnd.Client)]
    [InlineData(KernelEnd.Server)]
    public async Task Our_abort_is_a_reset_for_the_kernel(KernelEnd end)
    {
        TransferBed bed = await BedAsync();
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(bed, end);
        Task<int> reading = pair.KernelStream.ReadAsync(new byte[1], Ct).AsTask();

        pair.Ours.Abort();

        IOException thrown = await Assert.ThrowsAsync<IOException>(() => reading.WaitAsync(Patience, Ct));
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(thrown.InnerException).SocketErrorCode);
        Assert.Equal("", await pair.KernelStateAsync(bed));
    }

    [Theory]
    [InlineData(KernelEnd.Client, true)]
    [InlineData(KernelEnd.Client, false)]
    [InlineData(KernelEnd.Server, true)]
    [InlineData(KernelEnd.Server, false)]
    public async Task Keep_alive_probes_are_answered_and_the_idle_connection_lives(KernelEnd end, bool kernelProbes)
    {
        TransferBed bed = await BedAsync();
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(
            bed, end, kernelProbes ? KeepAlive : null,
            kernelProbes ? null : new TcpOptions { KeepAlive = true, KeepAliveIdle = TimeSpan.FromSeconds(1), KeepAliveInterval = TimeSpan.FromSeconds(1), KeepAliveCount = 10 });
        await using PacketCapture capture = await PacketCapture.StartAsync(
            bed.Kernel.Namespace, "eth0", string.Create(CultureInfo.InvariantCulture, $"tcp port {pair.KernelPort}"));
        await EchoAsync(pair);

        // Some of them late, on a full machine: ten that nobody answers would end the connection.
        await Eventually.HoldsAsync("three probes are answered", async () => await CountAsync(capture, "tcp.analysis.keep_alive_ack") >= 3);

        await EchoAsync(pair);
        await capture.StopAsync();
        string prober = kernelProbes ? bed.Kernel.Address : bed.Client.Address;
        Assert.True(await CountAsync(capture, $"tcp.analysis.keep_alive && ip.src == {prober}") >= 3);
    }

    [Theory]
    [InlineData(KernelEnd.Client)]
    [InlineData(KernelEnd.Server)]
    public async Task A_kernel_with_the_smallest_window_gets_and_sends_everything(KernelEnd end)
    {
        TransferBed bed = await BedAsync();
        // The kernel makes at least 2,304 bytes of truesize of it: less than two segments (linux net/core/sock.c, SOCK_MIN_RCVBUF).
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(bed, end, socket => (socket.ReceiveBufferSize, socket.SendBufferSize) = (1, 1));

        await BothWaysAsync(pair, 300_000);
    }

    [Theory]
    [InlineData(KernelEnd.Client)]
    [InlineData(KernelEnd.Server)]
    public async Task With_our_window_the_smallest_the_kernel_gets_and_sends_everything(KernelEnd end)
    {
        TransferBed bed = await BedAsync();
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(bed, end, ours: new TcpOptions { ReceiveBufferSize = 1, SendBufferSize = 1 });

        await BothWaysAsync(pair, 300_000);
    }

    private static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 10);
    }

    private static async Task BothWaysAsync(ConnectedPair pair, int bytes)
    {
        byte[] ours = Bytes(bytes);
        byte[] kernels = Bytes(bytes + 1);
        Task writing = Task.WhenAll(pair.Ours.WriteAsync(ours, Ct).AsTask(), pair.KernelStream.WriteAsync(kernels, Ct).AsTask());
        byte[][] got = await Task.WhenAll(ReadAsync(pair.KernelStream, ours.Length), ReadAsync(pair.Ours, kernels.Length));
        await writing.WaitAsync(Patience, Ct);

        Assert.Equal((Hash(ours), Hash(kernels)), (Hash(got[0]), Hash(got[1])));
    }

    private static async Task EchoAsync(ConnectedPair pair)
    {
        byte[] word = "still there?"u8.ToArray();
        await pair.KernelStream.WriteAsync(word, Ct);
        Assert.Equal(word, await ReadAsync(pair.Ours, word.Length));
        await pair.Ours.WriteAsync(word, Ct);
        Assert.Equal(word, await ReadAsync(pair.KernelStream, word.Length));
    }

    private static async Task<byte[]> ReadAsync(Stream stream, int count, int most = int.MaxValue, TimeSpan pause = default)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        bound.CancelAfter(Patience);
        byte[] bytes = new byte[count];
        int done = 0;
        while (done < count)
        {
            int read = await stream.ReadAsync(bytes.AsMemory(done, Math.Min(most, count - done)), bound.Token);
            Assert.True(read > 0, $"the stream ended after {done} of {count} bytes");
            done += read;
            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, bound.Token);
        }
        return bytes;
    }


    private static async Task<int> CountAsync(PacketCapture capture, string filter) =>
        (await ProcessRunner.RunAsync(["tshark", "-n", "-r", capture.File, "-Y", filter])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private static byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private async Task<TransferBed> BedAsync()
    {
        Need.Tool("ss", "tcpdump", "tshark");
        return await shared.GetAsync();
    }
}
