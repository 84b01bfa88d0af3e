using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Interop.Tests.Transfers;
using ActorNet.Packets;

namespace ActorNet.Interop.Tests.Hostile;

/// <summary>An attacker with raw sockets in a kernel pod against emulated pods, over VXLAN: what they hold stays bounded, what they serve stays served.</summary>
[Collection(TransferTestCollection.Name)]
public sealed class HostileTcpTests(SharedTransferBed shared, ITestOutputHelper output)
{
    private static readonly byte[] SynOptions = [2, 4, 5, 0xB4, 4, 2, 1, 1];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_flood_of_SYNs_leaves_the_server_reachable_and_is_counted()
    {
        const int Flood = 50_000;
        TransferBed bed = await shared.GetAsync();
        using var raw = new RawTcp(bed.Kernel.Namespace);
        TcpNumbers before = await ReadAsync(bed.Server);
        (Ipv4Address, ushort) target = (bed.Server.Ip, TransferBed.HttpPort);

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        Task<int> flooding = Task.Run(() => FloodAsync(raw, target, Flood, ended.Token), Ct);
        int served = 0;
        // Honest clients at the same time, of the flooded pod and of its neighbour.
        while (!flooding.IsCompleted)
        {
            CommandResult answer = await bed.Kernel.Namespace.TryExecAsync("curl", "-sS", "-m", "60", $"http://{bed.Server.Address}:{TransferBed.HttpPort}/hostname");
            Assert.Equal("server", answer.EnsureSuccess().Output);
            Assert.Equal(0, (await bed.Client.TryExecAsync("curl", "-sS", "-m", "60", "-o", "/dev/null", $"{bed.KernelUrl}/echo")).ExitCode);
            served++;
        }

        Assert.Equal(Flood, await flooding);
        TcpNumbers after = await ReadAsync(bed.Server);
        output.WriteLine($"{served} rounds of honest requests; {before} -> {after}");
        Assert.True(served >= 1);
        Assert.InRange(after.HalfOpen, 0, after.Backlog);
        // Each SYN that came through was remembered, answered with a cookie, or dropped and counted.
        Assert.True(after.Cookies > before.Cookies, $"{after}");
        Assert.InRange(after.Connections - before.Connections, -before.Connections, after.Backlog);
    }

    [Fact]
    public async Task Blind_resets_SYNs_and_data_do_not_touch_a_connection()
    {
        TransferBed bed = await shared.GetAsync();
        await using ConnectedPair pair = await ConnectedPair.OpenAsync(bed, KernelEnd.Client);
        using var raw = new RawTcp(bed.Kernel.Namespace);
        var kernel = (IPEndPoint)pair.Kernel.LocalEndPoint!;
        (Ipv4Address, ushort Port) from = (Ipv4Address.Parse(bed.Kernel.Address), (ushort)kernel.Port);
        (Ipv4Address, ushort Port) to = (bed.Client.Ip, (ushort)((IPEndPoint)pair.Kernel.RemoteEndPoint!).Port);
        // One exchange tells the numbers, which an attacker off the path would have to guess.
        await pair.Ours.WriteAsync("numbers"u8.ToArray(), Ct);
        await pair.Ours.FlushAsync(Ct);
        (TcpFlags Flags, uint Sequence, uint Acknowledgment, int Data) last = await raw.HearAsync(to, from.Port, Ct);
        TcpNumbers before = await ReadAsync(bed.Client);

        // Resets and SYNs all over the window but for the one number that is exact; data whose acknowledgment is no number of ours.
        for (uint offset = 1; offset < 60_000; offset += 500)
        {
            raw.Send(from, to, TcpFlags.Rst, last.Acknowledgment + offset);
            raw.Send(from, to, TcpFlags.Syn, last.Acknowledgment + offset, options: SynOptions);
            raw.Send(from, to, TcpFlags.Ack | TcpFlags.Psh, last.Acknowledgment, last.Sequence + 0x4000_0000 + offset, data: 100);
        }

        // What follows is read as it was written: nothing was let in and nothing ended.
        byte[] said = Encoding.ASCII.GetBytes("what the kernel said");
        await pair.Kernel.SendAsync(said, Ct);
        byte[] heard = new byte[said.Length];
        await pair.Ours.ReadExactlyAsync(heard, Ct);
        Assert.Equal(said, heard);
        TcpNumbers after = await ReadAsync(bed.Client);
        output.WriteLine($"{before} -> {after}");
        Assert.True(after.Challenges > before.Challenges);
        // RFC 5961, 7: 360 bad segments, one answer in 500 ms.
        Assert.InRange(after.Challenges - before.Challenges, 1, 20);
        Assert.True(after.Skipped - before.Skipped > 200, $"{after}");
    }

    [Fact]
    public async Task Random_segments_at_open_and_closed_ports_leave_a_pod_at_work()
    {
        const int Segments = 20_000;
        TransferBed bed = await shared.GetAsync();
        using var raw = new RawTcp(bed.Kernel.Namespace);
        var random = new Random(7);
        byte[] options = new byte[40];
        for (int i = 0; i < Segments; i++)
        {
            random.NextBytes(options);
            (Ipv4Address, ushort) from = (Spoofed(i), (ushort)random.Next(1, 65_536));
            (Ipv4Address, ushort) to = (bed.Server.Ip, random.Next(3) == 0 ? (ushort)random.Next(1, 65_536) : (ushort)TransferBed.HttpPort);
            raw.Send(
                from, to, (TcpFlags)random.Next(0, 512), (uint)random.Next(), (uint)random.Next(), options.AsSpan(0, 4 * random.Next(0, 11)), random.Next(0, 1000), (ushort)random.Next(0, 65_536));
            if (i % 64 == 63)
                await Task.Yield();
        }

        string answer = (await bed.Kernel.Namespace.ExecAsync("curl", "-sS", "-m", "60", $"http://{bed.Server.Address}:{TransferBed.HttpPort}/hostname")).Output;
        Assert.Equal("server", answer);
        TcpNumbers after = await ReadAsync(bed.Server);
        output.WriteLine($"{after}");
        Assert.InRange(after.HalfOpen, 0, after.Backlog);
    }

    [Fact]
    public async Task Two_thousand_clients_that_say_nothing_leave_others_served()
    {
        // Idle connections by the thousand, as Slowloris holds them: accepted, and bounded by what each costs.
        const int Clients = 2000;
        TransferBed bed = await shared.GetAsync();
        var silent = new List<Socket>(Clients);
        try
        {
            long begin = Stopwatch.GetTimestamp();
            for (int i = 0; i < Clients; i += 100)
            {
                Socket[] batch = [.. Enumerable.Range(0, 100).Select(_ => NamespaceSocket.OpenTcp(bed.Kernel.Namespace))];
                silent.AddRange(batch);
                await Task.WhenAll(batch.Select(s => s.ConnectAsync(IPAddress.Parse(bed.Server.Address), TransferBed.HttpPort, Ct).AsTask()));
            }

            output.WriteLine($"{Clients} connections in {Stopwatch.GetElapsedTime(begin).TotalSeconds:F1} s");
            TcpNumbers held = await ReadAsync(bed.Server);
            Assert.True(held.Connections >= Clients, $"{held}");
            foreach (string path in new[] { "hostname", "healthz" })
                (await bed.Kernel.Namespace.ExecAsync("curl", "-sS", "-m", "60", $"http://{bed.Server.Address}:{TransferBed.HttpPort}/{path}")).EnsureSuccess();
        }
        finally
        {
            foreach (Socket[] batch in silent.Chunk(50))
            {
                foreach (Socket socket in batch)
                {
                    socket.LingerState = new LingerOption(true, 0);
                    socket.Dispose();
                }

                // A turn of the pod between the batches: a reset that a full queue drops is not sent again.
                await ReadAsync(bed.Server);
            }
        }

        // What a full queue lost all the same is left to Kestrel's own time for idle connections.
        await Eventually.HoldsAsync("the resets end them", async () =>
        {
            await bed.Kernel.Namespace.IpAsync("link show lo");
            TcpNumbers left = await ReadAsync(bed.Server);
            return left.Connections - left.HalfOpen < Clients / 10;
        });
    }

    private static async Task<int> FloodAsync(RawTcp raw, (Ipv4Address, ushort) target, int count, CancellationToken cancelled)
    {
        for (int i = 0; i < count; i++)
        {
            raw.Send((Spoofed(i), (ushort)(1024 + (i % 60_000))), target, TcpFlags.Syn, (uint)i * 7919, options: SynOptions);
            // About 20,000 a second: more would only fill queues in front of the pod.
            if (i % 200 == 199)
                await Task.Delay(10, cancelled);
        }

        return count;
    }

    // Addresses of the kernel node's pod subnet that nobody has.
    private static Ipv4Address Spoofed(int i) => Ipv4Address.Parse($"10.244.9.{100 + (i % 100)}");

    private static Task<TcpNumbers> ReadAsync(EmulatedPod pod)
    {
        var read = new TaskCompletionSource<TcpNumbers>(TaskCreationOptions.RunContinuationsAsynchronously);
        pod.Post(sockets => read.SetResult(new TcpNumbers(
            sockets.TcpListeners.Sum(l => l.HalfOpen), sockets.TcpListeners.Sum(l => l.Backlog), sockets.TcpConnections.Count(),
            sockets.Tcp.SyncookiesSent, sockets.Tcp.ListenDrops, sockets.Tcp.TCPChallengeACK, sockets.Tcp.TCPACKSkipped)));
        return read.Task;
    }

    private sealed record TcpNumbers(int HalfOpen, int Backlog, int Connections, long Cookies, long ListenDrops, long Challenges, long Skipped);
}
