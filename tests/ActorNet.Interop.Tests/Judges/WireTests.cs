using System.Globalization;
using ActorNet.Interop.Tests.Hosts;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Interop.Tests.Wire;

namespace ActorNet.Interop.Tests.Judges;

/// <summary>
/// Two <c>actornet</c> processes in two namespaces joined by one veth pair: tshark judges every datagram between them, and what is around
/// the frames is compared with what two kernels send for the same conversation.
/// </summary>
public sealed class WireTests
{
    /// <summary>The two ways to send: segmentation offload where the system has it, and one datagram at a time.</summary>
    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task What_two_hosts_send_each_other_looks_like_what_two_kernels_send(string underlay)
    {
        Need.Tool("ping", "tcpdump", "tshark");
        IReadOnlyList<DissectedPacket> kernels = await BetweenKernelsAsync();
        IReadOnlyList<DissectedPacket> ours = await BetweenHostsAsync(underlay);

        Assert.Equal(Headers(kernels), Headers(ours));
        Assert.Equal(Sizes(kernels), Sizes(ours));
        Assert.All(ours, packet =>
        {
            Assert.True(packet.IsVxlan, $"not VXLAN: {packet}");
            Assert.False(packet.IsOuterFragment, $"an outer fragment: {packet}");
            Assert.InRange(packet.OuterSourcePort, 32768, 60999);
            Assert.NotEqual("0x0000", packet.Outer("ip.id"));
        });
        AssertSourcePortsFollowFlows(kernels);
        AssertSourcePortsFollowFlows(ours);
    }

    /// <summary>The conversation: pings small, large and larger than the MTU, and UDP on four ports.</summary>
    private static async Task ConverseAsync(
        Func<string[], Task<CommandResult>> inFirstPod, Func<int, string, Task<string>> askUdp, string secondPod)
    {
        (await inFirstPod(["ping", "-c", "3", "-i", "0.2", "-W", "5", secondPod])).EnsureSuccess();
        (await inFirstPod(["ping", "-c", "1", "-W", "5", "-s", "1400", "-M", "do", secondPod])).EnsureSuccess();
        (await inFirstPod(["ping", "-c", "2", "-i", "0.2", "-W", "5", "-s", "3000", secondPod])).EnsureSuccess();
        foreach (int length in new[] { 1, 18, 512, 1400 })
        {
            string text = new('x', length);
            Assert.Equal(text, await askUdp(JudgedPod.UdpPort, $"echo {text}"));
        }
    }

    private static async Task<IReadOnlyList<DissectedPacket>> BetweenKernelsAsync()
    {
        await using KernelPair pair = await KernelPair.CreateAsync();
        await using var server = new UdpAnswerer(pair.Second.Namespace, JudgedPod.UdpPort);
        await using PacketCapture capture = await PacketCapture.StartAsync(pair.Node2.Root, "eth0", "udp port 8472");

        // The line end that nc sends belongs to the conversation.
        await ConverseAsync(
            pair.First.Namespace.TryExecAsync,
            (port, line) => UdpAsk.FromAsync(pair.First.Namespace, pair.Second.Address, port, line + "\n"),
            pair.Second.Address);

        return await JudgeAsync(capture);
    }

    private static async Task<IReadOnlyList<DissectedPacket>> BetweenHostsAsync(string underlay)
    {
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        NetworkNamespace first = await lab.AddNamespaceAsync("h1");
        NetworkNamespace second = await lab.AddNamespaceAsync("h2");
        await lab.AddVethAsync(first, "eth0", second, "eth0");
        await first.IpAsync("addr add 192.168.56.11/24 brd + dev eth0");
        await second.IpAsync("addr add 192.168.56.12/24 brd + dev eth0");
        await using HostProcess n1 = await HostProcess.InitAsync(first, "n1", "192.168.56.11", "--underlay", underlay);
        await using HostProcess n2 = await HostProcess.JoinAsync(n1, second, "n2", "192.168.56.12", "--underlay", underlay);
        await n1.RunPodAsync(Manifests.UdpServerPod("a", JudgedPod.UdpPort));
        await n2.RunPodAsync(Manifests.UdpServerPod("b", JudgedPod.UdpPort));
        string target = await n2.PodAddressAsync("b");
        await Eventually.HoldsAsync("both nodes have a route by the tunnel", async () =>
            (await n1.ExecAsync("node/n1", "ip", "route")).Output.Contains("dev flannel.1", StringComparison.Ordinal)
            && (await n2.ExecAsync("node/n2", "ip", "route")).Output.Contains("dev flannel.1", StringComparison.Ordinal));
        await using PacketCapture capture = await PacketCapture.StartAsync(second, "eth0", "udp port 8472");

        await ConverseAsync(command => n1.TryExecAsync("pod/a", command), (port, line) => n1.AskUdpAsync("a", target, port, line), target);

        IReadOnlyList<DissectedPacket> packets = await JudgeAsync(capture);
        Assert.Equal(0, await n2.StopAsync());
        Assert.Equal(0, await n1.StopAsync());
        return packets;
    }

    private static async Task<IReadOnlyList<DissectedPacket>> JudgeAsync(PacketCapture capture)
    {
        await capture.StopAsync();
        IReadOnlyList<DissectedPacket> packets = await Tshark.DissectAsync(capture.File);
        await Tshark.AssertSoundAsync(capture.File, packets);
        return packets;
    }

    private static OuterHeader[] Headers(IEnumerable<DissectedPacket> packets) =>
        [.. packets.Select(packet => packet.OuterHeader()).Distinct().OrderBy(header => header.ToString(), StringComparer.Ordinal)];

    /// <summary>The lengths of the datagrams in the order of size: fragments cut at the same places, nothing padded, nothing twice.</summary>
    private static int[] Sizes(IEnumerable<DissectedPacket> packets) =>
        [.. packets.Select(packet => int.Parse(packet.Outer("ip.len"), CultureInfo.InvariantCulture)).Order()];

    /// <summary>One source port for each inner flow and direction, and not the same one for all (include/net/udp.h udp_flow_src_port).</summary>
    private static void AssertSourcePortsFollowFlows(IReadOnlyList<DissectedPacket> packets)
    {
        // Unfragmented inner UDP: the outer header's ports come first, then the inner ones.
        var flows = packets.Where(packet => packet.All("udp.srcport").Count == 2)
            .ToLookup(packet => (packet.Inner("ip.src"), packet.Inner("udp.srcport"), packet.Inner("udp.dstport")), packet => packet.OuterSourcePort);
        Assert.Equal(8, flows.Count);
        Assert.All(flows, flow => Assert.Single(flow.Distinct()));
        Assert.True(flows.Select(flow => flow.First()).Distinct().Count() > 1, "eight flows share one outer source port");
    }
}
