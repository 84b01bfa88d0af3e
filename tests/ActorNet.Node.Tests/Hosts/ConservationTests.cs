using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Observation;
using ActorNet.Netstack;
using ActorNet.Packets;
using ActorNet.Workloads.Load;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>The books of two whole nodes: what pods sent was read by pods, or is counted as a drop at exactly one place.</summary>
public sealed class ConservationTests
{
    private const int Read = 9000;
    private const int Unread = 9001;
    private const int Closed = 9002;

    private readonly List<EchoProbe> _probes = [];
    private long _sent;
    private long _drained;

    [Fact]
    public async Task What_pods_send_through_full_windows_missing_neighbours_and_devices_set_down_is_delivered_or_counted()
    {
        await using NodePair pair = await NodePair.StartAsync(right => right with { ReceiveWindow = 8 });
        await NodePair.RunPodAsync(pair.Left, "a1");
        await NodePair.RunPodAsync(pair.Left, "a2");
        string b1 = await NodePair.RunPodAsync(pair.Right, "b1");
        string b2 = await NodePair.RunPodAsync(pair.Right, "b2");
        foreach (string pod in new[] { "pod/a1", "pod/a2" })
        {
            await pair.ConnectAsync(pod, b1);
            await pair.ConnectAsync(pod, b2);
        }

        var receiver = new UdpLoadReceiver(new Ipv4Endpoint(Ipv4Address.Any, Read));
        NodeNamespace reader = await NodePair.FindAsync(pair.Right, "pod/b1");
        reader.Start(receiver);
        NodeNamespace hoarder = await NodePair.FindAsync(pair.Right, "pod/b2");
        UdpSocket unread = await hoarder.RunAsync(sockets =>
        {
            UdpSocket socket = sockets.OpenUdp();
            Assert.Equal(SocketResult.Ok, socket.Bind(new Ipv4Endpoint(Ipv4Address.Any, Unread)));
            return socket;
        });
        await pair.RestAsync();
        Dictionary<string, long> before = await pair.DropsAsync();
        long lostBefore = pair.LostInKernel(), backlog = NodePair.BacklogDrops();

        // Two loads and pings against a window of eight vectors; one receiver reads only when all is over.
        await Task.WhenAll(
            LoadAsync(pair.Left, "pod/a1", b1, Read, 200_000),
            LoadAsync(pair.Left, "pod/a2", b2, Unread, 200_000),
            PingAsync(pair.Left, b1, 50));
        await PassAsync();
        await pair.MovedAsync();
        _drained += await hoarder.RunAsync(_ => Drain(unread));
        await UntilAsync(DropReason.NoSocket, () => LoadAsync(pair.Left, "pod/a1", b1, Closed, 500));

        // Nobody has this address.
        await UntilAsync(DropReason.NeighbourFailed, () => LoadAsync(pair.Left, "pod/a1", "10.244.2.200", Read, 500));
        await PingAsync(pair.Left, "10.244.2.200", 2);

        await NodePair.ExecAsync(pair.Left, "node/n1", "bridge fdb del 02:00:00:00:01:02 dev flannel.1");
        await LoadAsync(pair.Left, "pod/a1", b1, Read, 500);
        await PingAsync(pair.Left, b1, 2);
        await NodePair.ExecAsync(pair.Left, "node/n1", "bridge fdb add 02:00:00:00:01:02 dev flannel.1 dst 192.168.56.12 self permanent");

        await CheckAsync(DropReason.QueueFull, DropReason.SocketBufferFull, DropReason.NoSocket, DropReason.NeighbourFailed, DropReason.NoFdbEntry);

        // While cni0 goes and comes the node asks for pods' addresses: such a request may be lost too, and the pods did not send it. ARP alone
        // is traced: nothing here speaks IGMP.
        foreach (NodeHost node in new[] { pair.Left, pair.Right })
            await node.StartTraceAsync(new TraceFilter { Protocol = IpProtocol.Igmp, WithArp = true }, TestContext.Current.CancellationToken);
        await SetDownMidFlowAsync(pair, pair.Right, "node/n2", "cni0", b1);
        await SetDownMidFlowAsync(pair, pair.Left, "node/n1", "flannel.1", b1);
        // With cni0 goes the route to the pods, and the default route leads to an outside where nobody forwards.
        await CheckAsync(DropReason.ForwardingDisabled, DropReason.DeviceDown);

        // On a busy machine all of one load may end in the full window, before the place that shall drop it.
        Task UntilAsync(DropReason reason, Func<Task> send) => NodePair.UntilAsync(
            async () =>
            {
                await send();
                Dictionary<string, long> now = await pair.DropsAsync();
                return now.Any(d => d.Key.EndsWith($" {reason}", StringComparison.Ordinal) && d.Value > before.GetValueOrDefault(d.Key));
            },
            () => $"a drop for {reason}");

        async Task PassAsync() => Book(await EchoProbe.PassAsync(pair.Left, "pod/a1", b1));

        async Task CheckAsync(params DropReason[] reasons)
        {
            await PassAsync();
            await pair.RestAsync();
            long delivered = _drained + _probes.Sum(p => p.Answered) + await reader.RunAsync(_ => receiver.Datagrams);
            long requests = await LostRequestsAsync(pair.Left) + await LostRequestsAsync(pair.Right);
            Dictionary<string, long> after = await pair.DropsAsync();
            Dictionary<string, long> drops = after.ToDictionary(d => d.Key, d => d.Value - before.GetValueOrDefault(d.Key), StringComparer.Ordinal);

            long kernel = pair.LostInKernel() - lostBefore;
            long told = NodePair.ToldByKernel(drops);
            long dropped = drops.Values.Sum() - told + kernel;
            string books = $"sent {_sent}, delivered {delivered}, dropped {dropped}, of them {kernel} in the kernel and {requests} the node's own ARP requests:\n{string.Join("\n", drops.Select(d => $"{d.Key} {d.Value}"))}";
            Assert.True(kernel == 0 ? told == 0 : told > 0 || kernel <= NodePair.BacklogDrops() - backlog, books);
            Assert.True(delivered + dropped == _sent + requests, books);
            foreach (DropReason reason in reasons)
                Assert.True(drops.Where(d => d.Key.EndsWith($" {reason}", StringComparison.Ordinal)).Sum(d => d.Value) > 0, $"no {reason}: {books}");
            Assert.DoesNotContain(drops, d => d.Key.EndsWith($" {DropReason.InternalError}", StringComparison.Ordinal));
        }
    }

    private static async Task<long> LostRequestsAsync(NodeHost node) =>
        (await node.CollectTraceAsync(TestContext.Current.CancellationToken)).Count(hop => hop.Event == HopEvent.Drop);

    private async Task SetDownMidFlowAsync(NodePair pair, NodeHost node, string target, string device, string to)
    {
        NodeNamespace from = await NodePair.FindAsync(pair.Left, "pod/a1");
        var sender = new UdpLoadSender(new Ipv4Endpoint(Ipv4Address.Parse(to), Read));
        from.Start(sender);
        await SentAsync(from, sender, 20_000);
        await NodePair.ExecAsync(node, target, $"ip link set {device} down");
        long then = await from.RunAsync(_ => sender.Sent);
        await SentAsync(from, sender, then + 20_000);
        await NodePair.ExecAsync(node, target, $"ip link set {device} up");
        // As on Linux, a device that went down has lost the routes with a next hop; flanneld would set them when the Node changes.
        if (device == "flannel.1")
        {
            await NodePair.ExecAsync(node, target, "ip neigh replace 10.244.2.0 lladdr 02:00:00:00:01:02 dev flannel.1 nud permanent");
            await NodePair.ExecAsync(node, target, "ip route replace 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink");
        }

        then = await from.RunAsync(_ => sender.Sent);
        await SentAsync(from, sender, then + 20_000);
        _sent += await from.RunAsync(_ =>
        {
            sender.Stop();
            return sender.Sent;
        });
        await pair.RestAsync();
        await PingAsync(pair.Left, to, 3);
    }

    private static Task SentAsync(NodeNamespace from, UdpLoadSender sender, long count) => NodePair.UntilAsync(
        async () => await from.RunAsync(_ => sender.IsFinished ? throw new InvalidOperationException($"the load ended: {sender.Failure}") : sender.Sent) >= count,
        () => $"{count} datagrams sent");

    private async Task LoadAsync(NodeHost node, string pod, string to, int port, int count)
    {
        NodeNamespace from = await NodePair.FindAsync(node, pod);
        var sender = new UdpLoadSender(new Ipv4Endpoint(Ipv4Address.Parse(to), (ushort)port), count: count);
        from.Start(sender);
        await NodePair.UntilAsync(() => from.RunAsync(_ => sender.IsFinished), () => $"{pod} sent to {to}");
        Interlocked.Add(ref _sent, await from.RunAsync(_ => sender.Sent));
    }

    private async Task PingAsync(NodeHost node, string to, int count) => Book([await EchoProbe.SendAsync(node, "pod/a1", to, count)]);

    private void Book(List<EchoProbe> probes)
    {
        _probes.AddRange(probes);
        Interlocked.Add(ref _sent, probes.Sum(p => p.Sent));
    }

    private static long Drain(UdpSocket socket)
    {
        long count = 0;
        while (socket.TryDequeue(out Frame frame, out _))
        {
            socket.Frames.Release(ref frame);
            count++;
        }

        return count;
    }
}
