using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorNet.Kubernetes.Kubelet;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Node.Uplink;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>Two nodes in one process that tunnel to each other through real sockets on loopback.</summary>
internal sealed class NodePair : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Ipv4Prefix ClusterCidr = Ipv4Prefix.Parse("10.244.0.0/16");

    private NodePair(NodeHost left, NodeHost right)
    {
        Left = left;
        Right = right;
    }

    public NodeHost Left { get; }

    public NodeHost Right { get; }

    public V1Node[] Nodes { get; private set; } = [];

    public static async Task<NodePair> StartAsync(Func<UnderlayOptions, UnderlayOptions>? right = null, Func<NodeSettings, NodeSettings>? change = null)
    {
        UnderlayOptions first = new() { Address = Ipv4Address.Parse("127.0.10.1"), Port = 0 };
        UnderlayOptions second = new() { Address = Ipv4Address.Parse("127.0.10.2"), Port = 0 };
        var pair = new NodePair(NodeHost.Open(first, TimeProvider.System, 1, 1, first), NodeHost.Open(right is null ? second : right(second), TimeProvider.System, 2, 1, second));
        pair.Nodes = [await MakeAsync(pair.Left, 1, change), await MakeAsync(pair.Right, 2, change)];
        pair.Left.SetNodes([.. pair.Nodes]);
        pair.Right.SetNodes([.. pair.Nodes]);
        return pair;
    }

    public static async Task<string> RunPodAsync(NodeHost node, string name, V1ContainerPort? port = null)
    {
        var pod = new V1Pod
        {
            Metadata = new V1ObjectMeta { Name = name },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "c", Image = "pause", Ports = port is null ? null : [port] }] },
        };
        return (await node.RunPodAsync(pod, TestContext.Current.CancellationToken)).Ip.ToString();
    }

    public static async Task<NodeNamespace> FindAsync(NodeHost node, string target) =>
        await node.FindAsync(target, TestContext.Current.CancellationToken) ?? throw new InvalidOperationException($"{target} is not there");

    /// <summary>Runs a command that must succeed.</summary>
    public static async Task<string> ExecAsync(NodeHost node, string target, string command)
    {
        (int exit, string output) = await TryExecAsync(node, target, command);
        Assert.True(exit == 0, $"{target}: {command}: exit code {exit}\n{output}");
        return output;
    }

    public static async Task<(int Exit, string Output)> TryExecAsync(NodeHost node, string target, string command)
    {
        var output = new StringWriter(CultureInfo.InvariantCulture);
        int exit = await (await FindAsync(node, target)).RunAsync(command.Split(' '), TextReader.Null, output, output, TestContext.Current.CancellationToken);
        return (exit, output.ToString());
    }

    /// <summary>Pings and returns how many requests went and how many answers came.</summary>
    public static async Task<(int Sent, int Answered)> PingAsync(NodeHost node, string target, string address, int count)
    {
        (_, string output) = await TryExecAsync(node, target, $"ping -c {count} -i 0.01 -W 1 {address}");
        Match summary = Regex.Match(output, @"(\d+) packets transmitted, (\d+) received");
        Assert.True(summary.Success, output);
        return (int.Parse(summary.Groups[1].Value, CultureInfo.InvariantCulture), int.Parse(summary.Groups[2].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>Waits until both ways work: routes are programmed and neighbours resolved.</summary>
    public Task ConnectAsync(string pod, string address) => UntilAsync(async () => (await PingAsync(Left, pod, address, 1)).Answered == 1, () => $"{pod} reaches {address}");

    public static async Task UntilAsync(Func<Task<bool>> state, Func<string> what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await state())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < Patience, $"not within {Patience.TotalSeconds} s: {what()}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits until nothing moves: no counter changes any more and every buffer is back on both nodes.</summary>
    public Task RestAsync() => StillAsync(() => Left.MeasurePool().IsIdle && Right.MeasurePool().IsIdle);

    /// <summary>Waits until nothing moves, though sockets may hold what nobody has read.</summary>
    public Task MovedAsync() => StillAsync(() => Left.MeasurePool().VectorsOut == 0 && Right.MeasurePool().VectorsOut == 0);

    private async Task StillAsync(Func<bool> idle)
    {
        string last = "";
        await UntilAsync(
            async () =>
            {
                string now = $"{await TextAsync(Left)} | {await TextAsync(Right)}";
                bool still = now == last && idle();
                last = now;
                return still;
            },
            () => $"{Left.MeasurePool()} | {Right.MeasurePool()} | {last}");
    }

    /// <summary>All drops of both nodes by reason; errors that were not sent are no frames.</summary>
    public async Task<Dictionary<string, long>> DropsAsync()
    {
        var all = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (NodeHost node in new[] { Left, Right })
        {
            foreach ((string place, long count) in await node.DropsAsync(TestContext.Current.CancellationToken))
            {
                if (!place.EndsWith(" RateLimited", StringComparison.Ordinal))
                    all[$"{node.Settings!.Name}: {place}"] = count;
            }
        }

        return all;
    }

    /// <summary>
    /// Datagrams that one end handed to the kernel and the other never got from it: what a full socket buffer refused, exactly, once nothing is under way.
    /// The kernel's own count (<see cref="ToldByKernel"/>) knows of an aggregate as one, and is told with the next datagram that comes.
    /// </summary>
    public long LostInKernel() =>
        Left.UplinkCounters.DatagramsSent - Right.UplinkCounters.DatagramsReceived + Right.UplinkCounters.DatagramsSent - Left.UplinkCounters.DatagramsReceived;

    /// <summary>Of these drops, those that are the kernel's own count.</summary>
    public static long ToldByKernel(Dictionary<string, long> drops) => drops.Where(static d => d.Key.EndsWith("uplink SocketBufferFull", StringComparison.Ordinal)).Sum(static d => d.Value);

    /// <summary>
    /// Packets that the machine's processors had no place for before any socket was asked (/proc/net/softnet_stat, linux net/core/net-procfs.c softnet_seq_show,
    /// the second number): on a full machine also loopback loses some so, and nobody is told of these but here.
    /// </summary>
    public static long BacklogDrops() => !File.Exists("/proc/net/softnet_stat") ? 0
        : File.ReadLines("/proc/net/softnet_stat").Sum(static line => long.Parse(line.Split(' ')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    public async ValueTask DisposeAsync()
    {
        await Left.DisposeAsync();
        await Right.DisposeAsync();
        Assert.True(Left.MeasurePool().IsIdle, $"{Left.MeasurePool()}");
        Assert.True(Right.MeasurePool().IsIdle, $"{Right.MeasurePool()}");
    }

    private static async Task<V1Node> MakeAsync(NodeHost host, int number, Func<NodeSettings, NodeSettings>? change)
    {
        var settings = new NodeSettings
        {
            Name = $"n{number}",
            NodeIp = Ipv4Address.Parse($"192.168.56.{10 + number}"),
            PodCidr = Ipv4Prefix.Parse($"10.244.{number}.0/24"),
            ClusterCidr = ClusterCidr,
            VtepMac = MacAddress.Parse($"02:00:00:00:01:0{number}"),
            // As many as a /24 has addresses for, and more.
            Kubelet = new KubeletSettings { MaxPods = 300 },
        };
        await host.StartNodeAsync(change is null ? settings : change(settings));
        var node = new V1Node
        {
            Metadata = new V1ObjectMeta { Name = settings.Name },
            Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "InternalIP", Address = settings.NodeIp.ToString() }] },
        };
        LanPeer.Write(node, host.LanMacOf(settings.Name), host.LanEndpoint!.Value);
        FlannelAnnotations.Write(node, new FlannelLease(settings.Name, settings.PodCidr, settings.NodeIp, settings.VtepMac, UnderlayOverride: host.LocalEndpoint));
        return node;
    }

    private static async Task<string> TextAsync(NodeHost node)
    {
        UplinkCounters uplink = node.UplinkCounters;
        IReadOnlyDictionary<string, long> drops = await node.DropsAsync(TestContext.Current.CancellationToken);
        return $"{uplink.DatagramsSent} {uplink.DatagramsReceived} {node.LanCounters?.DatagramsSent} {node.LanCounters?.DatagramsReceived} {string.Join(", ", drops.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => $"{d.Key} {d.Value}"))}";
    }
}
