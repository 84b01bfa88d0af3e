using ActorNet.Cli.Client;
using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Bench;

/// <summary>Measures TCP from pod to pod over two host processes: one flow, connections opened and closed, then HTTP on connections that stay.</summary>
/// <param name="sending">The host of pod `sender`.</param>
/// <param name="receiving">The host of pod `receiver`.</param>
/// <param name="sender">The door to the first.</param>
/// <param name="receiver">The door to the second.</param>
/// <param name="address">Address of pod `receiver`, or of a Service that leads to it.</param>
internal sealed class TcpBench(LabHost sending, LabHost receiving, HostClient sender, HostClient receiver, string address)
{
    /// <summary>Connections that are open at a time, ours and the kernel's.</summary>
    public const int ConnectionsAtOnce = 16;

    /// <summary>Where one flow arrives.</summary>
    public const int StreamPort = 5001;

    /// <summary>Where connections are opened and closed.</summary>
    public const int ConnectPort = 5002;

    /// <summary>Where those arrive that go to a Service: their ports are the same, and a translation would have to give way to a connection that just ended.</summary>
    public const int ServiceConnectPort = 5003;

    /// <summary>Where HTTP is answered.</summary>
    public const int HttpPort = 8080;


    /// <summary>One flow, as fast as it goes.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<TcpReport> StreamAsync(TimeSpan duration, CancellationToken ct)
    {
        await ListenAsync(StreamPort, closeAtOnce: false, ct).ConfigureAwait(false);
        (TimeSpan sendingBefore, TimeSpan receivingBefore) = (sending.ProcessorTime, receiving.ProcessorTime);
        BenchTcpSent sent = await sender.PostAsync<BenchTcpSend, BenchTcpSent>(
            "actornet/v1/bench/tcp/send", new BenchTcpSend("sender", address, StreamPort, duration.TotalSeconds), ct).ConfigureAwait(false);
        BenchTcpReceived received = await ReceivedAsync(sent.Bytes, ct).ConfigureAwait(false);
        double gigabytes = received.Bytes / 1e9;
        return new TcpReport
        {
            GigabitsPerSecond = Math.Round(gigabytes * 8 / received.Seconds, 3),
            SenderCpuSecondsPerGigabyte = Math.Round((sending.ProcessorTime - sendingBefore).TotalSeconds / gigabytes, 3),
            ReceiverCpuSecondsPerGigabyte = Math.Round((receiving.ProcessorTime - receivingBefore).TotalSeconds / gigabytes, 3),
            Retransmissions = sent.Retransmissions,
        };
    }

    /// <summary>Connections one after the other, some at a time.</summary>
    /// <param name="port">The port, the address's and the pod's.</param>
    /// <param name="duration">How long.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<ConnectReport> ConnectAsync(int port, TimeSpan duration, CancellationToken ct)
    {
        await ListenAsync(port, closeAtOnce: true, ct).ConfigureAwait(false);
        BenchTcpSent sent = await sender.PostAsync<BenchTcpSend, BenchTcpSent>(
            "actornet/v1/bench/tcp/send", new BenchTcpSend("sender", address, port, duration.TotalSeconds, ConnectionsAtOnce), ct).ConfigureAwait(false);
        return new ConnectReport { PerSecond = Math.Round(sent.Connections / sent.Seconds) };
    }

    /// <summary>Has pod `receiver` answer HTTP from now on.</summary>
    /// <param name="ct">Cancellation.</param>
    public Task ServeAsync(CancellationToken ct) =>
        receiver.PostAsync<BenchHttpServe, BenchHttpServing>("actornet/v1/bench/http/serve", new BenchHttpServe("receiver", HttpPort), ct);

    /// <summary>HTTP requests one after the other, on some connections at a time that stay.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="ct">Cancellation.</param>
    public async Task<HttpReport> RequestAsync(TimeSpan duration, CancellationToken ct)
    {
        BenchHttpSent sent = await sender.PostAsync<BenchHttpSend, BenchHttpSent>(
            "actornet/v1/bench/http/send", new BenchHttpSend("sender", address, HttpPort, duration.TotalSeconds), ct).ConfigureAwait(false);
        return new HttpReport { RequestsPerSecond = Math.Round(sent.Requests / sent.Seconds) };
    }

    private Task<BenchTcpReceived> ListenAsync(int port, bool closeAtOnce, CancellationToken ct) =>
        receiver.PostAsync<BenchTcpReceive, BenchTcpReceived>("actornet/v1/bench/tcp/receive", new BenchTcpReceive("receiver", port, Start: true, closeAtOnce), ct);

    // TCP loses nothing: what the socket took arrives, however long the tail takes.
    private async Task<BenchTcpReceived> ReceivedAsync(long bytes, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        BenchTcpReceived? last = null;
        try
        {
            while (true)
            {
                last = await receiver.PostAsync<BenchTcpReceive, BenchTcpReceived>(
                    "actornet/v1/bench/tcp/receive", new BenchTcpReceive("receiver", StreamPort, Start: false), limit.Token).ConfigureAwait(false);
                if (last.Bytes == bytes && last.Seconds > 0)
                    return last;
                await Task.Delay(100, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new UsageException($"bench: the sending socket took {bytes} bytes and {last?.Bytes ?? 0} arrived within 60 s after it.");
        }
    }
}
