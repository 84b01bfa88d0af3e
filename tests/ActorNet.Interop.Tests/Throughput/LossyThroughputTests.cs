using System.Net;
using System.Net.Sockets;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Time;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Interop.Tests.TcpScripts;
using ActorNet.Netstack;
using ActorNet.Packets;

namespace ActorNet.Interop.Tests.Throughput;

/// <summary>
/// Our TCP and the kernel's over the same lossy path at the same time, each to a kernel that receives: many flows of CUBIC that always have
/// data. Loss and delay are our impairments' for both. Ours gets up to a fifth more: RFC 9438, 4.3 lets the Reno-friendly window grow by a
/// whole segment a round trip once it is back where the loss was, and linux net/ipv4/tcp_cubic.c goes on with half of one.
/// </summary>
public sealed class LossyThroughputTests(ITestOutputHelper output)
{
    private const int Flows = 16;
    private const int SegmentBytes = 1448;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(8);

    [Theory]
    [InlineData(0.01, 40)]
    [InlineData(0.005, 40)]
    public async Task We_get_from_a_lossy_path_what_the_kernel_gets(double loss, int rttMilliseconds)
    {
        Need.Tool("ss");
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        await TunDevice.EnsureNodeAsync();
        ImpairmentSettings there = new() { Seed = 3, Loss = loss, Delay = TimeSpan.FromMilliseconds(rttMilliseconds / 2.0) };
        ImpairmentSettings back = there with { Loss = 0 };
        using Measured kernel = await KernelAsync(lab, there, back);
        using Measured ours = await OursAsync(lab, there, back);
        await Eventually.HoldsAsync("all flows stand", async () =>
        {
            await kernel.Far.IpAsync("link show");
            return kernel.Receiver.Connections == Flows && ours.Receiver.Connections == Flows;
        });
        await AssertCubicAsync(kernel.Near!);

        CancellationToken cancelled = TestContext.Current.CancellationToken;
        await Task.Delay(WarmUp, cancelled);
        (long kernelBefore, long oursBefore) = (kernel.Receiver.Bytes, ours.Receiver.Bytes);
        long begin = System.Diagnostics.Stopwatch.GetTimestamp();
        await Task.Delay(Span, cancelled);
        double seconds = System.Diagnostics.Stopwatch.GetElapsedTime(begin).TotalSeconds;
        double kernelWindow = WindowOf(kernel.Receiver.Bytes - kernelBefore);
        double ourWindow = WindowOf(ours.Receiver.Bytes - oursBefore);

        output.WriteLine($"loss {loss}, {rttMilliseconds} ms: ours {ourWindow:F2} segments, kernel {kernelWindow:F2}, ratio {ourWindow / kernelWindow:F2}; lost/passed ours {ours.Path.Counts}, kernel {kernel.Path.Counts}");
        Assert.InRange(ourWindow / kernelWindow, 0.75, 1.5);

        double WindowOf(long bytes) => bytes / seconds / Flows * (rttMilliseconds / 1000.0) / SegmentBytes;
    }

    private static async Task<Measured> KernelAsync(NetnsLab lab, ImpairmentSettings there, ImpairmentSettings back)
    {
        NetworkNamespace near = await lab.AddNamespaceAsync("sender");
        NetworkNamespace far = await lab.AddNamespaceAsync("sink");
        TunDevice nearTun = await OpenTunAsync(near, "10.9.0.1");
        // The default may be another controller, and a new namespace's sysctl does not take cubic: the route does.
        await near.IpAsync("route replace 10.9.0.0/24 dev tun0 src 10.9.0.1 congctl cubic");
        (MonotonicClock clock, FrameCache frames) = NewPath();
        var receiver = new KernelReceiver(far);
        TunDevice farTun = await OpenTunAsync(far, "10.9.0.2");
        var path = new EmulatedPath(clock, frames, new TunEnd(nearTun, frames, default), new TunEnd(farTun, frames, default), there, back);
        var senders = new List<Socket>();
        byte[] data = new byte[65_536];
        for (int i = 0; i < Flows; i++)
        {
            Socket socket = NamespaceSocket.OpenTcp(near);
            senders.Add(socket);
            _ = SendAsync(socket, data);
        }

        return new Measured(near, far, receiver, path, senders);
    }

    private static async Task<Measured> OursAsync(NetnsLab lab, ImpairmentSettings there, ImpairmentSettings back)
    {
        NetworkNamespace far = await lab.AddNamespaceAsync("sink");
        (MonotonicClock clock, FrameCache frames) = NewPath();
        var receiver = new KernelReceiver(far);
        TunDevice farTun = await OpenTunAsync(far, "10.9.0.2");
        var near = new StackEnd(clock, frames, Ipv4Address.Parse("10.9.0.1"), new Ipv4Endpoint(Ipv4Address.Parse("10.9.0.2"), KernelReceiver.Port), Flows);
        var path = new EmulatedPath(clock, frames, near, new TunEnd(farTun, frames, StackEnd.Mac), there, back);
        return new Measured(null, far, receiver, path, []);
    }

    private static (MonotonicClock Clock, FrameCache Frames) NewPath() => (new MonotonicClock(TimeProvider.System), new FramePool().CreateCache("path"));

    private static async Task<TunDevice> OpenTunAsync(NetworkNamespace ns, string address)
    {
        TunDevice tun = NamespaceSocket.Open(ns, static () => TunDevice.Open("tun0"));
        await ns.IpAsync($"addr add {address}/24 dev tun0");
        await ns.IpAsync("link set tun0 mtu 1500 txqueuelen 10000 up");
        return tun;
    }

    private static async Task SendAsync(Socket socket, byte[] data)
    {
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse("10.9.0.2"), KernelReceiver.Port));
            while (true)
                await socket.SendAsync(data);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The measurement is over.
        }
    }

    private static async Task AssertCubicAsync(NetworkNamespace ns)
    {
        string shown = (await ns.ExecAsync("ss", "-Htin", "state", "established")).Output;
        Assert.Equal(Flows, shown.Split("cubic").Length - 1);
        Assert.DoesNotContain("bbr", shown, StringComparison.Ordinal);
    }

    private sealed record Measured(NetworkNamespace? Near, NetworkNamespace Far, KernelReceiver Receiver, EmulatedPath Path, List<Socket> Senders) : IDisposable
    {
        public void Dispose()
        {
            foreach (Socket socket in Senders)
                socket.Dispose();
            Receiver.Dispose();
            Path.Dispose();
        }
    }
}
