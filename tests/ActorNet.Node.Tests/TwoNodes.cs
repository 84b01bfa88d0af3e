using System.Globalization;
using System.Text.RegularExpressions;
using ActorNet.Dataplane.Frames;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Node.Uplink;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Node.Tests;

/// <summary>Two whole nodes in this process, tunnelled over real loopback sockets, with a pod each: client on n1, server on n2.</summary>
internal sealed partial class TwoNodes : IAsyncDisposable
{
    private readonly List<NodeHost> _hosts = [];

    private TwoNodes()
    {
    }

    public NodeHost First => _hosts[0];

    public NodeHost Second => _hosts[1];

    public Ipv4Address Client { get; private set; }

    public Ipv4Address Server { get; private set; }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<TwoNodes> StartAsync(ulong seed = 1)
    {
        var lab = new TwoNodes();
        try
        {
            var nodes = new List<V1Node>();
            for (int i = 1; i <= 2; i++)
                nodes.Add(await lab.StartAsync(i, seed));
            foreach (NodeHost host in lab._hosts)
                host.SetNodes([.. nodes]);
            lab.Client = (await lab.First.RunPodAsync(Pod("client"), Ct)).Ip;
            lab.Server = (await lab.Second.RunPodAsync(Pod("server"), Ct)).Ip;
            await lab.ReachAsync();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command in the client's pod.</summary>
    public async Task<(int Exit, string Output)> InClientAsync(params string[] command)
    {
        NodeNamespace client = (await First.FindAsync("pod/client", Ct))!;
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        int exit = await client.RunAsync(command, TextReader.Null, output, output, Ct);
        return (exit, output.ToString());
    }

    /// <summary>The round-trip times of a ping's replies, in milliseconds.</summary>
    public static double[] Times(string output) =>
        [.. TimePattern().Matches(output).Select(m => double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))];

    public async ValueTask DisposeAsync()
    {
        foreach (NodeHost host in _hosts)
            await host.DisposeAsync();
        foreach (NodeHost host in _hosts)
        {
            PoolUsage left = host.MeasurePool();
            Assert.True(left.IsIdle, $"{host.Settings?.Name}: {left}");
        }
    }

    private async Task<V1Node> StartAsync(int number, ulong seed)
    {
        NodeHost host = NodeHost.Open(new UnderlayOptions { Address = Ipv4Address.Loopback, Port = 0 }, TimeProvider.System, seed + (ulong)number, frameThreads: null);
        _hosts.Add(host);
        var settings = new NodeSettings
        {
            Name = $"n{number}",
            NodeIp = Ipv4Address.Parse($"192.168.56.1{number}"),
            PodCidr = Ipv4Prefix.Parse($"10.244.{number - 1}.0/24"),
            ClusterCidr = Ipv4Prefix.Parse("10.244.0.0/16"),
            VtepMac = new MacAddress(0x0200_0000_0100 + (ulong)(uint)number),
        };
        await host.StartNodeAsync(settings);
        var node = new V1Node { Metadata = new V1ObjectMeta { Name = settings.Name } };
        FlannelAnnotations.Write(node, new FlannelLease(settings.Name, settings.PodCidr, settings.NodeIp, settings.VtepMac, UnderlayOverride: host.LocalEndpoint));
        return node;
    }

    // The first packets wait for flanneld and for ARP; after this, every table is filled.
    private async Task ReachAsync()
    {
        for (int attempt = 0; attempt < 60; attempt++)
        {
            if ((await InClientAsync("ping", "-c", "1", "-W", "1", Server.ToString())).Exit == 0)
                return;
        }

        Assert.Fail($"pod/client does not reach {Server}");
    }

    private static V1Pod Pod(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "shell", Image = "busybox:1.36" }] },
    };

    [GeneratedRegex(@"time=([0-9.]+) ms")]
    private static partial Regex TimePattern();
}
