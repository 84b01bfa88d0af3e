using System.Collections.Concurrent;
using ActorNet.Netstack;
using ActorNet.Node;
using ActorNet.Packets;
using ActorNet.Workloads.Load;

namespace ActorNet.Cli.Bench;

/// <summary>The TCP loads that run in this host's pods.</summary>
/// <param name="node">The node.</param>
internal sealed class TcpLoads(NodeHost node)
{
    private readonly ConcurrentDictionary<(string Pod, int Port), TcpLoadReceiver> _receivers = new();

    /// <summary>Starts or reads a receiver.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">No such pod, or its port is taken.</exception>
    public async Task<BenchTcpReceived> ReceiveAsync(BenchTcpReceive request, CancellationToken ct)
    {
        NodeNamespace pod = await FindAsync(request.Pod, ct).ConfigureAwait(false);
        (string, int) key = (request.Pod, request.Port);
        if (request.Start)
        {
            if (_receivers.TryRemove(key, out TcpLoadReceiver? old))
                await pod.RunAsync(_ => { old.Stop(); return 0; }).ConfigureAwait(false);
            var receiver = new TcpLoadReceiver(new Ipv4Endpoint(Ipv4Address.Any, (ushort)request.Port), request.CloseAtOnce);
            pod.Start(receiver);
            _receivers[key] = receiver;
            SocketResult failure = await pod.RunAsync(_ => receiver.Failure).ConfigureAwait(false);
            return failure == SocketResult.Ok ? new BenchTcpReceived(0, 0, 0) : throw new UsageException($"pod/{request.Pod}: TCP port {request.Port}: {failure.Describe()}.");
        }

        if (!_receivers.TryGetValue(key, out TcpLoadReceiver? running))
            throw new UsageException($"pod/{request.Pod}: no receiver of TCP load runs at port {request.Port}.");
        return await pod.RunAsync(_ => new BenchTcpReceived(running.Connections, running.Bytes, (running.Last - running.First).TotalSeconds)).ConfigureAwait(false);
    }

    /// <summary>Sends load and returns when it is done.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">No such pod, or the socket refused.</exception>
    public async Task<BenchTcpSent> SendAsync(BenchTcpSend request, CancellationToken ct)
    {
        NodeNamespace pod = await FindAsync(request.Pod, ct).ConfigureAwait(false);
        var peer = new Ipv4Endpoint(Ipv4Address.Parse(request.Destination), (ushort)request.Port);
        TimeSpan duration = TimeSpan.FromSeconds(request.Seconds);
        if (request.Connections > 0)
        {
            var connects = new TcpConnectLoad(peer, request.Connections, duration);
            pod.Start(connects);
            await FinishAsync(pod, () => connects.IsFinished, peer, request.Pod, () => connects.Failure, ct).ConfigureAwait(false);
            return new BenchTcpSent(connects.Connections, 0, (connects.Last - connects.Start).TotalSeconds, 0);
        }

        var sender = new TcpLoadSender(peer, duration);
        pod.Start(sender);
        await FinishAsync(pod, () => sender.IsFinished, peer, request.Pod, () => sender.Failure, ct).ConfigureAwait(false);
        return new BenchTcpSent(1, sender.Sent, request.Seconds, sender.Info.TotalRetransmissions);
    }

    private static async Task FinishAsync(NodeNamespace pod, Func<bool> isFinished, Ipv4Endpoint peer, string name, Func<SocketResult> failure, CancellationToken ct)
    {
        while (!await pod.RunAsync(_ => isFinished()).ConfigureAwait(false))
            await Task.Delay(50, ct).ConfigureAwait(false);
        SocketResult result = await pod.RunAsync(_ => failure()).ConfigureAwait(false);
        if (result != SocketResult.Ok)
            throw new UsageException($"pod/{name}: TCP load to {peer}: {result.Describe()}.");
    }

    private async Task<NodeNamespace> FindAsync(string pod, CancellationToken ct) =>
        await node.FindAsync($"pod/{pod}", ct).ConfigureAwait(false) ?? throw new UsageException($"pod/{pod}: not on this host.");
}
