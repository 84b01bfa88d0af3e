using ActorNet.Netstack;
using ActorNet.Node;
using ActorNet.Packets;
using ActorNet.Sockets.Http;
using ActorNet.Sockets.Kestrel;

namespace ActorNet.Cli.Bench;

/// <summary>The HTTP loads that run in this host's pods.</summary>
/// <param name="node">The node.</param>
internal sealed class HttpLoads(NodeHost node)
{
    /// <summary>Has a pod answer at a port for as long as the process runs.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">No such pod, or its port is taken.</exception>
    public async Task<BenchHttpServing> ServeAsync(BenchHttpServe request, CancellationToken ct)
    {
        NodeNamespace pod = await FindAsync(request.Pod, ct).ConfigureAwait(false);
        (SocketResult result, PodHttpListener? listener) = await pod.Http.ListenAsync(
            pod.Executor, request.Pod, new Ipv4Endpoint(Ipv4Address.Any, (ushort)request.Port), HttpLoad.AnswerAsync).ConfigureAwait(false);
        return listener is not null ? new BenchHttpServing(listener.Local.Port) : throw new UsageException($"pod/{request.Pod}: TCP port {request.Port}: {result.Describe()}.");
    }

    /// <summary>Asks from a pod and returns when the time is over.</summary>
    /// <param name="request">Request.</param>
    /// <param name="ct">Cancellation.</param>
    /// <exception cref="UsageException">No such pod, or a request failed.</exception>
    public async Task<BenchHttpSent> SendAsync(BenchHttpSend request, CancellationToken ct)
    {
        NodeNamespace pod = await FindAsync(request.Pod, ct).ConfigureAwait(false);
        SocketsHttpHandler handler = NamespaceHttp.CreateHandler(pod.Executor, static (_, _) => ValueTask.FromResult<IReadOnlyList<Ipv4Address>>([]));
        return await HttpLoad.RunAsync(handler, new Uri($"http://{request.Destination}:{request.Port}/"), TimeSpan.FromSeconds(request.Seconds), ct).ConfigureAwait(false);
    }

    private async Task<NodeNamespace> FindAsync(string pod, CancellationToken ct) =>
        await node.FindAsync($"pod/{pod}", ct).ConfigureAwait(false) ?? throw new UsageException($"pod/{pod}: not on this host.");
}
