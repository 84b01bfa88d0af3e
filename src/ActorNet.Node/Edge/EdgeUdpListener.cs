using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using ActorNet.Kubernetes.Edge;
using ActorNet.Netstack;

namespace ActorNet.Node.Edge;

/// <summary>
/// Carries datagrams between real clients and a port in the node's network. A client's first one begins a flow, which has a socket in the edge's
/// namespace; it ends when nothing passed for as long as conntrack remembers one (nf_conntrack_udp_timeout_stream).
/// </summary>
internal sealed class EdgeUdpListener(EdgePort port, Socket socket, EdgeRoom room, CancellationToken stop)
    : EdgeListener(port, socket, room, stop)
{
    private const int LongestDatagram = 65_535;

    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(120);

    private readonly ConcurrentDictionary<IPEndPoint, Flow> _flows = new();

    public override void Start() => _ = ReceiveAsync();

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[LongestDatagram];
        var anybody = new IPEndPoint(IPAddress.Any, 0);
        while (!Stopped.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult received = await Socket.ReceiveFromAsync(buffer, SocketFlags.None, anybody, Stopped).ConfigureAwait(false);
                if (await FlowOfAsync((IPEndPoint)received.RemoteEndPoint).ConfigureAwait(false) is not { } flow)
                    continue;
                flow.LastUse = Room.Time.GetTimestamp();
                // One after the other: what comes meanwhile waits in the kernel's buffer, which is bounded.
                SocketResult sent = await flow.Endpoint.SendAsync(buffer.AsMemory(0, received.ReceivedBytes)).ConfigureAwait(false);
                if (sent is not (SocketResult.Ok or SocketResult.ConnectionRefused))
                    Room.Counters.CountDatagramDropped();
            }
            catch (SocketException)
            {
                // A datagram of ours found nobody at a client (ICMP port unreachable).
                Room.Counters.CountDatagramDropped();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                break;
            }
        }
    }

    private async Task<Flow?> FlowOfAsync(IPEndPoint client)
    {
        if (_flows.TryGetValue(client, out Flow? known))
            return known;
        if (!await Room.Flows.WaitAsync(0, CancellationToken.None).ConfigureAwait(false))
        {
            Room.Counters.CountFlowRefused();
            return null;
        }

        Ipv4Endpoint source = default;
        try
        {
            source = await Room.Clients.HoldAsync(client).ConfigureAwait(false);
            if (await OpenAsync(source).ConfigureAwait(false) is { } endpoint)
            {
                var flow = new Flow(client, source, endpoint, CancellationTokenSource.CreateLinkedTokenSource(Stopped)) { LastUse = Room.Time.GetTimestamp() };
                _flows[client] = flow;
                Room.Counters.CountFlow();
                _ = CarryAsync(flow);
                return flow;
            }
        }
        catch (OperationCanceledException)
        {
            Room.Flows.Release();
            throw;
        }

        Room.Clients.Release(source);
        Room.Flows.Release();
        Room.Counters.CountFlowRefused();
        return null;
    }

    private async Task<DatagramEndpoint?> OpenAsync(Ipv4Endpoint source)
    {
        (SocketResult result, DatagramEndpoint? endpoint) = await DatagramEndpoint.OpenAsync(Room.Executor, source, Target).ConfigureAwait(false);
        if (result == SocketResult.AddressInUse)
            (_, endpoint) = await DatagramEndpoint.OpenAsync(Room.Executor, source with { Port = 0 }, Target).ConfigureAwait(false);
        return endpoint;
    }

    private async Task CarryAsync(Flow flow)
    {
        await Task.WhenAll(AnswerAsync(flow), ExpireAsync(flow)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _flows.TryRemove(KeyValuePair.Create(flow.Client, flow));
        await flow.Endpoint.DisposeAsync().ConfigureAwait(false);
        flow.Over.Dispose();
        Room.Clients.Release(flow.Source);
        Room.Flows.Release();
    }

    private async Task AnswerAsync(Flow flow)
    {
        try
        {
            while (true)
            {
                ReceivedDatagram answer = await flow.Endpoint.ReceiveAsync(flow.Over.Token).ConfigureAwait(false);
                if (answer.Result == SocketResult.Closed)
                    break;
                // A port unreachable from inside: a UDP socket of this system has no way to say so to its client.
                if (answer.Result != SocketResult.Ok)
                    continue;
                flow.LastUse = Room.Time.GetTimestamp();
                await Socket.SendToAsync(answer.Data, SocketFlags.None, flow.Client, flow.Over.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Over, or the client is gone.
        }

        await flow.Over.CancelAsync().ConfigureAwait(false);
    }

    private async Task ExpireAsync(Flow flow)
    {
        for (TimeSpan left = Silence; left > TimeSpan.Zero && !flow.Over.IsCancellationRequested; left = Silence - Room.Time.GetElapsedTime(flow.LastUse))
            await Task.Delay(left, Room.Time, flow.Over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await flow.Over.CancelAsync().ConfigureAwait(false);
    }

    private sealed class Flow(IPEndPoint client, Ipv4Endpoint source, DatagramEndpoint endpoint, CancellationTokenSource over)
    {
        public IPEndPoint Client => client;

        public Ipv4Endpoint Source => source;

        public DatagramEndpoint Endpoint => endpoint;

        public CancellationTokenSource Over => over;

        public long LastUse { get; set; }
    }
}
