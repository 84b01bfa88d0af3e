using System.Collections.Concurrent;
using ActorNet.Netstack;
using ActorNet.Node;
using ActorNet.Packets;
using ActorNet.Workloads.Load;

namespace ActorNet.Cli.Bench;

/// <summary>The loads that run in this host's pods.</summary>
/// <param name="node">The node.</param>
internal sealed class BenchLoads(NodeHost node)
{
    private readonly ConcurrentDictionary<string, UdpLoadReceiver> _receivers = new(StringComparer.Ordinal);

    /// <summary>Starts or reads a receiver.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">No such pod, or its port is taken.</exception>
    public async Task<BenchReceived> ReceiveAsync(BenchReceive request, CancellationToken ct)
    {
        NodeNamespace pod = await FindAsync(request.Pod, ct).ConfigureAwait(false);
        if (request.Start)
        {
            if (_receivers.TryRemove(request.Pod, out UdpLoadReceiver? old))
                await pod.RunAsync(_ => { old.Stop(); return 0; }).ConfigureAwait(false);
            var receiver = new UdpLoadReceiver(new Ipv4Endpoint(Ipv4Address.Any, (ushort)request.Port));
            pod.Start(receiver);
            _receivers[request.Pod] = receiver;
            SocketResult failure = await pod.RunAsync(_ => receiver.Failure).ConfigureAwait(false);
            return failure == SocketResult.Ok ? new BenchReceived(0, 0, 0) : throw new UsageException($"pod/{request.Pod}: UDP port {request.Port}: {failure.Describe()}.");
        }

        if (!_receivers.TryGetValue(request.Pod, out UdpLoadReceiver? running))
            throw new UsageException($"pod/{request.Pod}: no receiver of load runs there.");
        return await pod.RunAsync(_ => new BenchReceived(running.Datagrams, running.Bytes, (running.Last - running.First).TotalSeconds)).ConfigureAwait(false);
    }

    /// <summary>Sends load and returns when it is done.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">No such pod, or the socket refused.</exception>
    public async Task<BenchSent> SendAsync(BenchSend request, CancellationToken ct)
    {
        NodeNamespace pod = await FindAsync(request.Pod, ct).ConfigureAwait(false);
        var peer = new Ipv4Endpoint(Ipv4Address.Parse(request.Destination), (ushort)request.Port);
        if (request.Flows > 0)
            return await SendFlowsAsync(pod, request, peer, ct).ConfigureAwait(false);
        var sender = new UdpLoadSender(peer, request.PayloadBytes, duration: TimeSpan.FromSeconds(request.Seconds));
        pod.Start(sender);
        // The first second warms up caches and the runtime's compiler; what is allocated after it is the steady state.
        await Task.Delay(TimeSpan.FromSeconds(Math.Min(1, request.Seconds / 2)), ct).ConfigureAwait(false);
        long sentBefore = await pod.RunAsync(_ => sender.Sent).ConfigureAwait(false);
        long allocatedBefore = GC.GetTotalAllocatedBytes();
        while (!await pod.RunAsync(_ => sender.IsFinished).ConfigureAwait(false))
            await Task.Delay(50, ct).ConfigureAwait(false);
        long allocated = GC.GetTotalAllocatedBytes() - allocatedBefore;
        return sender.Failure == SocketResult.Ok
            ? new BenchSent(sender.Sent, sender.Sent - sentBefore, allocated)
            : throw new UsageException($"pod/{request.Pod}: sending to {peer}: {sender.Failure.Describe()}.");
    }

    private static async Task<BenchSent> SendFlowsAsync(NodeNamespace pod, BenchSend request, Ipv4Endpoint peer, CancellationToken ct)
    {
        var load = new UdpFlowLoad(peer, request.PayloadBytes, Math.Min(request.Flows, UdpFlowLoad.MaxFlows));
        pod.Start(load);
        while (!await pod.RunAsync(_ => load.IsFinished).ConfigureAwait(false))
            await Task.Delay(10, ct).ConfigureAwait(false);
        return load.Failure == SocketResult.Ok ? new BenchSent(load.Sent, 0, 0) : throw new UsageException($"pod/{request.Pod}: sending to {peer}: {load.Failure.Describe()}.");
    }

    private async Task<NodeNamespace> FindAsync(string pod, CancellationToken ct) =>
        await node.FindAsync($"pod/{pod}", ct).ConfigureAwait(false) ?? throw new UsageException($"pod/{pod}: not on this host.");
}
