using ActorNet.Cli.Client;

namespace ActorNet.Cli.Bench;

/// <summary>Measures UDP from pod `sender` on one host to pod `receiver` on the other.</summary>
/// <param name="sender">The door to the first host.</param>
/// <param name="receiver">The door to the second.</param>
internal sealed class UdpBench(HostClient sender, HostClient receiver)
{
    /// <summary>Where one flow arrives.</summary>
    public const int Port = 9;

    /// <summary>Where flows of one datagram arrive that go to the pod.</summary>
    public const int FlowsPort = 10;

    /// <summary>Where those arrive that go to a Service: they come from the same ports, and must not be taken for each other.</summary>
    public const int ServiceFlowsPort = 11;

    /// <summary>Data bytes of a datagram.</summary>
    public const int PayloadBytes = 64;

    private const int Flows = 40_000;

    /// <summary>One flow, as fast as it goes.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="duration">How long.</param>
    /// <param name="ct">Cancellation.</param>
    public Task<(BenchSent Sent, BenchReceived Received)> StreamAsync(string address, TimeSpan duration, CancellationToken ct) =>
        LoadAsync(new BenchSend("sender", address, Port, PayloadBytes, duration.TotalSeconds), ct);

    /// <summary>Flows of one datagram each.</summary>
    /// <param name="address">Where to.</param>
    /// <param name="port">To which port, the address's and the pod's.</param>
    /// <param name="ct">Cancellation.</param>
    /// <returns>How many arrived in a second.</returns>
    public async Task<double> FlowsAsync(string address, int port, CancellationToken ct)
    {
        (_, BenchReceived received) = await LoadAsync(new BenchSend("sender", address, port, PayloadBytes, 0, Flows), ct).ConfigureAwait(false);
        return RateOf(received);
    }

    /// <summary>Datagrams that arrived in a second.</summary>
    /// <param name="received">What the receiver counted.</param>
    public static double RateOf(BenchReceived received) => Math.Round(received.Datagrams / received.Seconds);

    private async Task<(BenchSent Sent, BenchReceived Received)> LoadAsync(BenchSend load, CancellationToken ct)
    {
        await AskReceiverAsync(load.Port, start: true, ct).ConfigureAwait(false);
        BenchSent sent = await sender.PostAsync<BenchSend, BenchSent>("actornet/v1/bench/send", load, ct).ConfigureAwait(false);
        long before = -1;
        while (true)
        {
            BenchReceived received = await AskReceiverAsync(load.Port, start: false, ct).ConfigureAwait(false);
            if (received.Datagrams == before)
                return received.Seconds > 0 ? (sent, received) : throw new UsageException($"bench: {sent.Datagrams} datagrams were sent to {load.Destination}:{load.Port} and {received.Datagrams} came: too few for a rate.");
            before = received.Datagrams;
            await Task.Delay(100, ct).ConfigureAwait(false);
        }
    }

    private Task<BenchReceived> AskReceiverAsync(int port, bool start, CancellationToken ct) =>
        receiver.PostAsync<BenchReceive, BenchReceived>("actornet/v1/bench/receive", new BenchReceive("receiver", port, start), ct);
}
