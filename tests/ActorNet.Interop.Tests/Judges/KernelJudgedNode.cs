using System.Net;
using System.Net.Sockets;
using System.Text;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Judges;

/// <summary>The Linux kernel in the place of ActorNet.</summary>
public sealed class KernelJudgedNode : IJudgedNode
{
    private readonly KernelNode _node;
    private readonly KernelPod _pod;
    private readonly UdpAnswerer _server;

    private KernelJudgedNode(KernelNode node, KernelPod pod)
    {
        _node = node;
        _pod = pod;
        _server = new UdpAnswerer(pod.Namespace, JudgedPod.UdpPort);
    }

    /// <inheritdoc/>
    public int SubnetIndex => 1;

    /// <inheritdoc/>
    public string VtepMac => _node.VtepMac;

    /// <inheritdoc/>
    public string Address => _node.Address;

    /// <inheritdoc/>
    public string PodAddress => _pod.Address;

    /// <summary>
    /// Shorter than the kernel's default, so that its half of the ageing test is quick. Half of it must exceed delay_first_probe_time (5 s):
    /// an entry whose reachable time ends within that of its last use goes to DELAY instead of STALE (net/core/neighbour.c neigh_timer_handler).
    /// </summary>
    public TimeSpan BaseReachableTime => TimeSpan.FromSeconds(12);

    /// <summary>Makes the node with its pod.</summary>
    public static async Task<IJudgedNode> CreateAsync(NetnsLab lab, UnderlaySegment segment)
    {
        KernelNode node = await KernelNode.CreateAsync(lab, segment, new KernelNodeOptions("judged", "192.168.56.11", 1));
        KernelPod pod = await node.AddPodAsync("a");
        var judged = new KernelJudgedNode(node, pod);
        await pod.Namespace.SetSysctlAsync("net.ipv4.neigh.eth0.base_reachable_time_ms", "12000");
        return judged;
    }

    /// <inheritdoc/>
    public Task<CommandResult> OnNodeAsync(params string[] command) => _node.Root.TryExecAsync(command);

    /// <inheritdoc/>
    public Task<CommandResult> InPodAsync(params string[] command) => _pod.Namespace.TryExecAsync(command);

    /// <inheritdoc/>
    public Task<string> AskUdpAsync(string address, int port, string line) => UdpAsk.FromAsync(_pod.Namespace, address, port, line);

    /// <inheritdoc/>
    public Task AddPeerAsync(KernelNode peer) => _node.AddLeaseAsync(peer);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();
}

/// <summary>One question over UDP from a kernel namespace.</summary>
public static class UdpAsk
{
    /// <summary>Sends a line and returns the answer.</summary>
    public static async Task<string> FromAsync(NetworkNamespace ns, string address, int port, string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        using Socket socket = NamespaceSocket.OpenUdp(ns);
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await socket.ConnectAsync(IPAddress.Parse(address), port, bound.Token);
        await socket.SendAsync(Encoding.UTF8.GetBytes(line), bound.Token);
        byte[] buffer = new byte[65_536];
        int length = await socket.ReceiveAsync(buffer, bound.Token);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
