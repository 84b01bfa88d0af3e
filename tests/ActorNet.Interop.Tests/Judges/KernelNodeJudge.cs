using System.Globalization;
using System.Text.RegularExpressions;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Interop.Tests.Wire;

namespace ActorNet.Interop.Tests.Judges;

/// <summary>
/// What a Linux kernel node must find when it meets another node over flannel's VXLAN. Each expectation is run twice: with a second kernel
/// as the other node (is the expectation true?) and with ActorNet (do we meet it?).
/// </summary>
/// <param name="shared">The bed of the tests that leave it as they found it.</param>
/// <param name="factory">Makes the judged node.</param>
[TestCaseOrderer(typeof(AgeingLast))]
public abstract partial class KernelNodeJudge(SharedBed shared, JudgedNodeFactory factory) : IClassFixture<SharedBed>
{
    [Fact]
    public async Task The_kernels_pod_pings_the_judged_pod_over_two_routers()
    {
        JudgementBed bed = await BedAsync();

        CommandResult ping = await bed.NearPod.Namespace.ExecAsync("ping", "-c", "3", "-i", "0.2", "-W", "5", bed.Far.PodAddress);

        AssertNoLoss(ping, 3);
        Assert.Contains("ttl=62", ping.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_judged_pod_pings_the_kernels_pod_over_two_routers()
    {
        JudgementBed bed = await BedAsync();

        CommandResult ping = (await bed.Far.InPodAsync("ping", "-c", "3", "-i", "0.2", "-W", "5", bed.NearPod.Address)).EnsureSuccess();

        AssertNoLoss(ping, 3);
        Assert.Contains("ttl=62", ping.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nodes_reach_each_others_pods_from_their_tunnel_addresses()
    {
        JudgementBed bed = await BedAsync();

        CommandResult fromKernel = await bed.Near.Root.ExecAsync("ping", "-c", "1", "-W", "5", bed.Far.PodAddress);
        CommandResult fromJudged = (await bed.Far.OnNodeAsync("ping", "-c", "1", "-W", "5", bed.NearPod.Address)).EnsureSuccess();

        // One router: the node at the other end.
        Assert.Contains("ttl=63", fromKernel.Output, StringComparison.Ordinal);
        Assert.Contains("ttl=63", fromJudged.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_payload_of_1400_bytes_with_DF_crosses_both_ways()
    {
        JudgementBed bed = await BedAsync();

        AssertNoLoss(await bed.NearPod.Namespace.ExecAsync("ping", "-c", "2", "-i", "0.2", "-W", "5", "-M", "do", "-s", "1400", bed.Far.PodAddress), 2);
        AssertNoLoss((await bed.Far.InPodAsync("ping", "-c", "2", "-i", "0.2", "-W", "5", "-M", "do", "-s", "1400", bed.NearPod.Address)).EnsureSuccess(), 2);
    }

    [Fact]
    public async Task A_ping_of_3000_bytes_crosses_both_ways_as_sound_fragments()
    {
        JudgementBed bed = await BedAsync();
        await using PacketCapture capture = await PacketCapture.StartAsync(bed.Segment.Namespace, "port1", "udp port 8472");

        AssertNoLoss(await bed.NearPod.Namespace.ExecAsync("ping", "-c", "1", "-W", "5", "-s", "3000", bed.Far.PodAddress), 1);
        AssertNoLoss((await bed.Far.InPodAsync("ping", "-c", "1", "-W", "5", "-s", "3000", bed.NearPod.Address)).EnsureSuccess(), 1);

        await capture.StopAsync();
        IReadOnlyList<DissectedPacket> packets = await Tshark.DissectAsync(capture.File);
        await Tshark.AssertSoundAsync(capture.File, packets);
        // Requests and replies, both ways: four messages of three fragments, each with a checksum that tshark verified after reassembly.
        Assert.Equal(12, packets.Count);
        Assert.Equal(Enumerable.Repeat("1", 4), packets.SelectMany(each => each.All("icmp.checksum.status")));
    }

    [Fact]
    public async Task Too_big_with_DF_is_the_senders_own_error_where_its_MTU_is_1450()
    {
        JudgementBed bed = await BedAsync();

        // 1,423 bytes and 28 of headers: one more than the MTU.
        CommandResult kernels = await bed.NearPod.Namespace.TryExecAsync("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1423", bed.Far.PodAddress);
        CommandResult judged = await bed.Far.InPodAsync("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1423", bed.NearPod.Address);

        Assert.Contains("message too long, mtu=1450", kernels.Output + kernels.Error, StringComparison.Ordinal);
        Assert.Contains("message too long, mtu=1450", judged.Output + judged.Error, StringComparison.Ordinal);
        Assert.Equal(kernels.ExitCode, judged.ExitCode);
    }

    [Fact]
    public async Task Too_big_with_DF_from_a_pod_of_MTU_1500_is_answered_with_the_next_hops_MTU()
    {
        Need.Tool("ping", "tcpdump", "tshark");
        // The kernel's whole overlay is 1,500 wide, so that it is the judged node, with cni0 at 1,450, that has to refuse.
        await using JudgementBed bed = await JudgementBed.CreateAsync(factory, nearMtu: 1500);
        await using PacketCapture capture = await PacketCapture.StartAsync(bed.NearPod.Namespace, "eth0", "icmp");

        CommandResult ping = await bed.NearPod.Namespace.TryExecAsync("ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1472", bed.Far.PodAddress);

        await capture.StopAsync();
        Assert.Equal(1, ping.ExitCode);
        // Linux answers from the address of the device that leads back to the sender: flannel.1 (net/ipv4/icmp.c icmp_send).
        Assert.Contains($"From 10.244.{bed.Far.SubnetIndex}.0 icmp_seq=1 Frag needed and DF set (mtu = 1450)", ping.Output, StringComparison.Ordinal);
        IReadOnlyList<DissectedPacket> errors = await Tshark.DissectAsync(capture.File, "icmp.type==3");
        await Tshark.AssertSoundAsync(capture.File, errors);
        DissectedPacket error = Assert.Single(errors);
        Assert.Equal("4", error.Outer("icmp.code"));
        Assert.Equal("1450", error.Outer("icmp.mtu"));
        // 20 IPv4, 8 ICMP and as much of the packet as fits 576 bytes (RFC 1812 section 4.3.2.3).
        Assert.Equal("576", error.Outer("ip.len"));

        // The sender's kernel has believed it: the next packet that big does not leave.
        CommandResult again = await bed.NearPod.Namespace.TryExecAsync("ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1472", bed.Far.PodAddress);
        Assert.Contains("message too long, mtu=1450", again.Output + again.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UDP_from_the_kernels_pod_is_answered_by_the_judged_pod()
    {
        JudgementBed bed = await BedAsync();

        string client = await UdpAsk.FromAsync(bed.NearPod.Namespace, bed.Far.PodAddress, JudgedPod.UdpPort, "clientip");
        string echo = await UdpAsk.FromAsync(bed.NearPod.Namespace, bed.Far.PodAddress, JudgedPod.UdpPort, "echo across");

        // No address translation between pods.
        Assert.StartsWith($"{bed.NearPod.Address}:", client, StringComparison.Ordinal);
        Assert.Equal("across", echo);
    }

    [Fact]
    public async Task UDP_from_the_judged_pod_is_answered_by_the_kernels_pod()
    {
        JudgementBed bed = await BedAsync();
        await using var server = new UdpAnswerer(bed.NearPod.Namespace, 9000);

        string client = await bed.Far.AskUdpAsync(bed.NearPod.Address, 9000, "clientip");
        string echo = await bed.Far.AskUdpAsync(bed.NearPod.Address, 9000, "echo back");

        Assert.StartsWith($"{bed.Far.PodAddress}:", client, StringComparison.Ordinal);
        Assert.Equal("back", echo);
    }

    [Fact]
    public async Task UDP_larger_than_the_MTU_crosses_both_ways()
    {
        JudgementBed bed = await BedAsync();
        await using var server = new UdpAnswerer(bed.NearPod.Namespace, 9001);
        string text = string.Concat(Enumerable.Range(0, 400).Select(i => i.ToString("x5", CultureInfo.InvariantCulture)));

        Assert.Equal(text, await UdpAsk.FromAsync(bed.NearPod.Namespace, bed.Far.PodAddress, JudgedPod.UdpPort, $"echo {text}"));
        Assert.Equal(text, await bed.Far.AskUdpAsync(bed.NearPod.Address, 9001, $"echo {text}"));
    }

    [Theory]
    [InlineData("-U")]
    [InlineData("-I")]
    public async Task Traceroute_from_the_kernels_pod_names_every_router(string probe)
    {
        Need.Tool("traceroute");
        JudgementBed bed = await BedAsync();

        CommandResult trace = await bed.NearPod.Namespace.ExecAsync("traceroute", probe, "-n", "-q", "1", "-w", "5", "-m", "5", bed.Far.PodAddress);

        string[] hops = [.. Hop().Matches(trace.Output).Select(match => match.Groups[1].Value)];
        Assert.Equal([bed.Near.Gateway, $"10.244.{bed.Far.SubnetIndex}.0", bed.Far.PodAddress], hops);
    }

    [Fact]
    public async Task A_closed_UDP_port_in_the_judged_pod_is_port_unreachable()
    {
        JudgementBed bed = await BedAsync();

        // A connected UDP socket receives ICMP 3/3 as "connection refused" (udp(7)).
        var refused = await Assert.ThrowsAsync<System.Net.Sockets.SocketException>(
            () => UdpAsk.FromAsync(bed.NearPod.Namespace, bed.Far.PodAddress, 9, "anyone"));

        Assert.Equal(System.Net.Sockets.SocketError.ConnectionRefused, refused.SocketErrorCode);
    }

    [Fact]
    public async Task An_address_that_no_pod_has_is_host_unreachable_after_ARP_gave_up()
    {
        JudgementBed bed = await BedAsync();
        string nobody = $"10.244.{bed.Far.SubnetIndex}.250";

        CommandResult ping = await bed.NearPod.Namespace.TryExecAsync("ping", "-c", "1", "-W", "10", nobody);
        CommandResult neighbours = (await bed.Far.OnNodeAsync("ip", "neigh", "show", "dev", "cni0")).EnsureSuccess();

        Assert.Contains($"From 10.244.{bed.Far.SubnetIndex}.0 icmp_seq=1 Destination Host Unreachable", ping.Output, StringComparison.Ordinal);
        Assert.Matches($"(?m)^{Regex.Escape(nobody)} +FAILED", neighbours.Output);
    }

    [Fact]
    public async Task A_neighbour_entry_ages_from_reachable_to_stale_and_is_probed_when_used_again()
    {
        await BedAsync();
        await shared.AgeingAsync();
    }

    [Theory]
    [InlineData("the bridge", "node", "ip link set cni0 down")]
    [InlineData("the tunnel device", "node", "ip link set flannel.1 down")]
    [InlineData("the bridge port's veth", "node", "ip link set PORT down")]
    [InlineData("the bridge port", "node", "bridge link set dev PORT state 0")]
    [InlineData("the pod's veth", "pod", "ip link set eth0 down")]
    public async Task With_a_device_on_the_way_set_down_traffic_stops(string what, string where, string command)
    {
        Need.Tool("ping");
        await using JudgementBed bed = await JudgementBed.CreateAsync(factory);
        AssertNoLoss(await bed.NearPod.Namespace.ExecAsync("ping", "-c", "1", "-W", "5", bed.Far.PodAddress), 1);
        CommandResult ports = (await bed.Far.OnNodeAsync("bridge", "link")).EnsureSuccess();
        string port = PortName().Match(ports.Output).Value;
        string[] words = command.Replace("PORT", port, StringComparison.Ordinal).Split(' ');

        (where == "node" ? await bed.Far.OnNodeAsync(words) : await bed.Far.InPodAsync(words)).EnsureSuccess();

        CommandResult stopped = await bed.NearPod.Namespace.TryExecAsync("ping", "-c", "3", "-i", "0.2", "-W", "1", bed.Far.PodAddress);
        Assert.True(stopped.ExitCode == 1 && stopped.Output.Contains(" 0 received", StringComparison.Ordinal), $"with {what} down:\n{stopped}");
    }

    [Fact]
    public async Task A_veth_set_up_again_carries_traffic_again()
    {
        Need.Tool("ping");
        await using JudgementBed bed = await JudgementBed.CreateAsync(factory);
        string port = PortName().Match((await bed.Far.OnNodeAsync("bridge", "link")).EnsureSuccess().Output).Value;

        (await bed.Far.OnNodeAsync("ip", "link", "set", port, "down")).EnsureSuccess();
        (await bed.Far.OnNodeAsync("ip", "link", "set", port, "up")).EnsureSuccess();

        AssertNoLoss(await bed.NearPod.Namespace.ExecAsync("ping", "-c", "1", "-W", "10", bed.Far.PodAddress), 1);
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0xb8)]
    [InlineData(0x03)]
    [InlineData(0xba)]
    public async Task The_judged_nodes_outer_header_is_the_kernels(int innerTos)
    {
        Need.Tool("ping", "tcpdump", "tshark");
        JudgementBed bed = await BedAsync();
        await using PacketCapture capture = await PacketCapture.StartAsync(bed.Segment.Namespace, "port1", "udp port 8472");

        await bed.NearPod.Namespace.ExecAsync("ping", "-c", "3", "-i", "0.2", "-W", "5", "-Q", $"0x{innerTos:x2}", bed.Far.PodAddress);

        await capture.StopAsync();
        IReadOnlyList<DissectedPacket> packets = await Tshark.DissectAsync(capture.File);
        await Tshark.AssertSoundAsync(capture.File, packets);
        DissectedPacket[] kernels = [.. packets.Where(each => each.Outer("ip.src") == bed.Near.Address)];
        DissectedPacket[] judged = [.. packets.Where(each => each.Outer("ip.src") == bed.Far.Address)];
        Assert.Equal(3, kernels.Length);
        Assert.Equal(3, judged.Length);
        // An echo reply carries the request's TOS (net/ipv4/icmp.c icmp_reply), so both directions must look alike outside.
        Assert.All(judged, packet => Assert.Equal(kernels[0].OuterHeader(), packet.OuterHeader()));
        Assert.All(judged, packet => Assert.InRange(packet.OuterSourcePort, 32768, 60999));
        Assert.Single(judged.Select(each => each.OuterSourcePort).Distinct());
    }

    private static void AssertNoLoss(CommandResult ping, int count) =>
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"{count} received, 0% packet loss"), ping.Output, StringComparison.Ordinal);

    private async Task<JudgementBed> BedAsync()
    {
        Need.Tool("ping", "tcpdump", "tshark");
        return await shared.GetAsync(factory);
    }

    [GeneratedRegex(@"(?m)^ *\d+  (\S+)")]
    private static partial Regex Hop();

    [GeneratedRegex("veth[0-9a-f]{8}")]
    private static partial Regex PortName();
}

/// <summary>The expectations held against the kernel itself. What fails here is wrong in the tests.</summary>
public sealed class KernelMeetsKernelTests(SharedBed shared) : KernelNodeJudge(shared, KernelJudgedNode.CreateAsync);

/// <summary>The expectations held against ActorNet: a kernel node as an equal.</summary>
public sealed class KernelNodeTests(SharedBed shared) : KernelNodeJudge(shared, ActorNetJudgedNode.CreateAsync);
