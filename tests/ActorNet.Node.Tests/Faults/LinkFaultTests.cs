using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Observation;
using ActorNet.Kubernetes.Faults;
using ActorNet.Node.Actors;
using ActorNet.Packets;

namespace ActorNet.Node.Tests.Faults;

/// <summary>Faults on the links of running nodes: what the pure decision function says is what happens to real packets.</summary>
public sealed class LinkFaultTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_thousand_pings_lose_exactly_what_seed_and_place_decide_in_two_runs()
    {
        var loss = new ImpairmentSettings { Loss = 0.1, Seed = 7 };
        int[] expected = Survivors(new Impairment("pod/client:eth0 egress", loss), Ipv4Address.Parse("10.244.0.2"), Ipv4Address.Parse("10.244.1.2"), 1000);
        // Five standard deviations of a binomial (n 1000, p 0.9) are 47.
        Assert.InRange(expected.Length, 853, 947);
        foreach (ulong lab in new ulong[] { 100, 200 })
        {
            await using TwoNodes nodes = await TwoNodes.StartAsync(lab);
            NodeCapture capture = (await nodes.Second.CaptureAsync("pod/server", "eth0", Ct))!;
            LinkFaultStatus? placed = await nodes.First.Faults.AddAsync(1, Egress("pod/client", "eth0", loss), Ct);
            Assert.Equal((1, 0), (placed!.Id, placed.Decided));

            await nodes.InClientAsync("ping", "-q", "-c", "1000", "-i", "0.002", nodes.Server.ToString());

            var arrived = new List<int>();
            await UntilAsync(async () =>
            {
                arrived.AddRange((await capture.DrainAsync(Ct)).Where(p => p.Direction == FrameDirection.Receive).Select(Sequence).OfType<int>());
                return arrived.Count >= expected.Length;
            });
            Assert.Equal(expected, arrived.Order());
            LinkFaultStatus status = Assert.Single(await nodes.First.Faults.ListAsync(Ct));
            // What else left by eth0 was ARP: flows of their own, which lose frames too.
            Assert.InRange(status.Decided, 1000, 1010);
            Assert.InRange(status.Dropped, 1000 - expected.Length, status.Decided - expected.Length);
            Assert.Equal(status.Dropped, (await nodes.First.DropsAsync(Ct))["pod/client eth0 Impaired"]);
            await capture.StopAsync(Ct);
        }
    }

    [Fact]
    public async Task A_delay_towards_one_peer_shows_in_the_round_trip_and_goes_when_it_is_cleared()
    {
        await using TwoNodes nodes = await TwoNodes.StartAsync();
        FaultOrder order = Egress("node/n1", "flannel.1", new ImpairmentSettings { Delay = TimeSpan.FromMilliseconds(150) }) with { Peer = "n2" };
        await nodes.First.Faults.AddAsync(1, order with { Direction = FaultDirection.Both }, Ct);
        double[] slow = TwoNodes.Times((await nodes.InClientAsync("ping", "-c", "3", "-i", "0.01", "-W", "5", nodes.Server.ToString())).Output);
        Assert.Equal(3, slow.Length);
        Assert.All(slow, t => Assert.True(t >= 300, $"{t} ms"));

        LinkFaultStatus? last = await nodes.First.Faults.ClearAsync(1, Ct);
        Assert.Equal((6, 0), (last!.Decided, last.Held));
        Assert.Empty(await nodes.First.Faults.ListAsync(Ct));
        // A round trip of less than both delays, as soon as the machine lets one be.
        await UntilAsync(async () => TwoNodes.Times((await nodes.InClientAsync("ping", "-c", "3", "-i", "0.01", "-W", "5", nodes.Server.ToString())).Output).Any(static t => t < 300));
    }

    [Theory]
    [InlineData("pod/client", "eth0", FaultDirection.Egress)]
    [InlineData("pod/client", "eth0", FaultDirection.Ingress)]
    [InlineData("node/n1", "flannel.1", FaultDirection.Egress)]
    [InlineData("node/n1", "flannel.1", FaultDirection.Ingress)]
    [InlineData("node/n1", "veth", FaultDirection.Egress)]
    [InlineData("node/n1", "veth", FaultDirection.Ingress)]
    public async Task A_cut_of_any_link_stops_traffic_and_its_clearing_brings_it_back(string target, string device, FaultDirection direction)
    {
        await using TwoNodes nodes = await TwoNodes.StartAsync();
        if (device == "veth")
            device = (await nodes.First.ListPodsAsync(Ct))[0].HostDevice;
        await nodes.First.Faults.AddAsync(5, Egress(target, device, new ImpairmentSettings { Cut = true }) with { Direction = direction }, Ct);
        (int exit, string output) = await nodes.InClientAsync("ping", "-c", "2", "-i", "0.01", "-W", "0.3", nodes.Server.ToString());
        Assert.True(exit == 1 && output.Contains("2 packets transmitted, 0 received", StringComparison.Ordinal), output);
        // ping may have ended before its requests, or the answers to them, were there.
        await UntilAsync(async () => (await nodes.First.Faults.ListAsync(Ct)) is [{ Decided: >= 2 }]);
        LinkFaultStatus cut = Assert.Single(await nodes.First.Faults.ListAsync(Ct));
        Assert.True(cut.Dropped == cut.Decided, $"{cut}");

        await nodes.First.Faults.ClearAsync(5, Ct);
        (exit, output) = await nodes.InClientAsync("ping", "-c", "2", "-i", "0.01", "-W", "5", nodes.Server.ToString());
        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task A_fault_ends_by_itself()
    {
        await using TwoNodes nodes = await TwoNodes.StartAsync();
        FaultOrder order = Egress("pod/client", "eth0", new ImpairmentSettings { Cut = true }) with { Duration = TimeSpan.FromMilliseconds(300) };
        LinkFaultStatus? placed = await nodes.First.Faults.AddAsync(1, order, Ct);
        Assert.InRange(placed!.Remaining!.Value.TotalMilliseconds, 0, 300);
        await UntilAsync(async () => (await nodes.First.Faults.ListAsync(Ct)).IsEmpty);
        Assert.Equal(0, (await nodes.InClientAsync("ping", "-c", "1", "-W", "5", nodes.Server.ToString())).Exit);
    }

    [Fact]
    public async Task What_is_held_when_a_pod_or_a_host_ends_is_given_back()
    {
        // The rig looks at the pools when both hosts have ended.
        await using TwoNodes nodes = await TwoNodes.StartAsync();
        FaultOrder slow = Egress("pod/client", "eth0", new ImpairmentSettings { Delay = TimeSpan.FromSeconds(50), Duplicate = 1 });
        await nodes.First.Faults.AddAsync(1, slow, Ct);
        await nodes.Second.Faults.AddAsync(1, slow with { Target = "node/n2", Device = "flannel.1", Direction = FaultDirection.Both, Impairment = slow.Impairment with { Duplicate = 0 } }, Ct);
        await nodes.InClientAsync("ping", "-c", "3", "-i", "0.01", "-W", "0.1", nodes.Server.ToString());
        Assert.Equal((6, 3), (Assert.Single(await nodes.First.Faults.ListAsync(Ct)).Held, (await nodes.First.Faults.ListAsync(Ct))[0].Duplicated));
        await nodes.First.Faults.ClearAsync(1, Ct);
        await UntilAsync(async () => (await nodes.Second.Faults.ListAsync(Ct))[0].Held == 6);

        await nodes.First.Faults.AddAsync(2, slow, Ct);
        await nodes.InClientAsync("ping", "-c", "1", "-W", "0.1", nodes.Server.ToString());
        await nodes.First.DeletePodAsync("client", Ct);
        Assert.Empty(await nodes.First.Faults.ListAsync(Ct));
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_name()
    {
        await using TwoNodes nodes = await TwoNodes.StartAsync();
        FaultOrder cut = Egress("node/n1", "flannel.1", new ImpairmentSettings { Cut = true });
        Assert.Null(await nodes.First.Faults.AddAsync(1, cut with { Target = "node/n2" }, Ct));
        Assert.Null(await nodes.First.Faults.AddAsync(1, cut with { Target = "pod/nobody" }, Ct));
        string veth = (await nodes.First.ListPodsAsync(Ct))[0].HostDevice;
        await RefusedAsync(nodes, cut with { Device = "cni0" }, $"node/n1 has no link cni0. It has {veth}, flannel.1, eth0");
        await RefusedAsync(nodes, cut with { Peer = "n9" }, "--peer n9: node/n1 has no tunnel to it. It has tunnels to n2");
        await RefusedAsync(nodes, cut with { Target = "pod/client", Device = "eth0", Peer = "n2" }, "has one far end only");
        for (int i = 0; i < LinkPlace.MaxFaults; i++)
            Assert.NotNull(await nodes.First.Faults.AddAsync(10 + i, cut, Ct));
        await RefusedAsync(nodes, cut, "has 16 faults, as many as a link can have");
        Assert.Null(await nodes.First.Faults.ClearAsync(99, Ct));
    }

    private static async Task RefusedAsync(TwoNodes nodes, FaultOrder order, string said) =>
        Assert.Contains(said, (await Assert.ThrowsAsync<NodeRefusedException>(() => nodes.First.Faults.AddAsync(50, order, Ct))).Message, StringComparison.Ordinal);

    private static FaultOrder Egress(string target, string device, ImpairmentSettings impairment) =>
        new() { Target = target, Device = device, Direction = FaultDirection.Egress, Impairment = impairment };

    /// <summary>The sequence numbers, from 1, of the echo requests that a fault lets pass: ICMP between two addresses is one flow.</summary>
    private static int[] Survivors(Impairment decide, Ipv4Address from, Ipv4Address to, int count)
    {
        byte[] echo = new byte[EthernetView.HeaderLength + 28];
        EthernetView.Write(echo, default, default, EtherType.Ipv4);
        Span<byte> ip = echo.AsSpan(EthernetView.HeaderLength);
        (ip[0], ip[3], ip[9]) = (0x45, 28, 1);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(ip[12..], from.Value);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(ip[16..], to.Value);
        uint flow = FlowHash.Compute(echo);
        return [.. Enumerable.Range(1, count).Where(_ => decide.Next(flow).Copies > 0)];
    }

    /// <summary>The sequence number of an echo request (RFC 792), or null for another packet.</summary>
    private static int? Sequence(CapturedPacket packet)
    {
        ReadOnlySpan<byte> b = packet.Bytes.Span;
        return b.Length >= 42 && b[12] == 8 && b[13] == 0 && b[23] == 1 && b[34] == 8 ? (b[40] << 8) | b[41] : null;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!await condition())
            await Task.Delay(20, bound.Token);
    }
}
