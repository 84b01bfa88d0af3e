using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace ActorNet.Cli.Bench;

/// <summary>
/// Two nodes and a pod on each, made of the kernel's own devices as flannel and the bridge plugin set them up: pod veth (MTU 1450), cni0,
/// flannel.1 (VNI 1, port 8472, nolearning), permanent neighbour and FDB entries, an onlink route, and a veth pair for the underlay. All in
/// network namespaces with names of this process, which disposal removes.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class KernelTopology : IAsyncDisposable
{
    /// <summary>The address of the pod that receives.</summary>
    public const string ReceiverAddress = "10.244.2.2";

    private const string Prefix = "actornet-bench-";

    private readonly string[] _nodes;
    private readonly string[] _pods;

    private KernelTopology()
    {
        string id = $"{Prefix}{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}";
        _nodes = [$"{id}-n1", $"{id}-n2"];
        _pods = [$"{id}-p1", $"{id}-p2"];
    }

    /// <summary>The namespace of the pod that sends.</summary>
    public string SenderNamespace => _pods[0];

    /// <summary>The namespace of the pod that receives.</summary>
    public string ReceiverNamespace => _pods[1];

    /// <summary>Makes the namespaces and devices; on failure what was made is removed.</summary>
    /// <exception cref="ToolException">A command failed: a kernel without vxlan, a right that is missing.</exception>
    public static async Task<KernelTopology> CreateAsync(CancellationToken ct)
    {
        await RemoveLeftBehindAsync(ct).ConfigureAwait(false);
        var topology = new KernelTopology();
        try
        {
            await topology.BuildAsync(ct).ConfigureAwait(false);
            return topology;
        }
        catch
        {
            await topology.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Removes the namespaces; every device in them goes with them.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (string name in (string[])[.. _pods, .. _nodes])
            await RemoveAsync(name).ConfigureAwait(false);
    }

    /// <summary>Removes namespaces of benchmarks whose process is gone: one that was killed could not clean up.</summary>
    private static async Task RemoveLeftBehindAsync(CancellationToken ct)
    {
        string list = await Tool.RunAsync("ip", ["netns", "list"], null, ct).ConfigureAwait(false);
        foreach (string line in list.Split('\n'))
        {
            string name = line.Split(' ')[0];
            if (!name.StartsWith(Prefix, StringComparison.Ordinal))
                continue;
            string owner = name[Prefix.Length..].Split('-')[0];
            if (int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && !Directory.Exists($"/proc/{pid}"))
                await RemoveAsync(name).ConfigureAwait(false);
        }
    }

    private static async Task RemoveAsync(string name)
    {
        try
        {
            await Tool.RunAsync("ip", ["netns", "del", name], null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ToolException)
        {
            // It was never made, or somebody removed it first.
        }
    }

    private static Task<string> IpAsync(string ns, string batch, CancellationToken ct) => Tool.RunAsync("ip", ["-n", ns, "-batch", "-"], batch, ct);

    private async Task BuildAsync(CancellationToken ct)
    {
        foreach (string name in (string[])[.. _nodes, .. _pods])
            await Tool.RunAsync("ip", ["netns", "add", name], null, ct).ConfigureAwait(false);
        await IpAsync(_nodes[0], $"link add eth0 type veth peer name eth0 netns {_nodes[1]}\n", ct).ConfigureAwait(false);
        for (int i = 0; i < 2; i++)
        {
            await BuildNodeAsync(i, ct).ConfigureAwait(false);
            await IpAsync(_pods[i], $"""
                link set lo up
                link set eth0 up mtu 1450
                addr add 10.244.{i + 1}.2/24 dev eth0
                route add default via 10.244.{i + 1}.1

                """, ct).ConfigureAwait(false);
        }
    }

    private async Task BuildNodeAsync(int index, CancellationToken ct)
    {
        int own = index + 1;
        int other = 2 - index;
        await IpAsync(_nodes[index], $"""
            link set lo up
            link set eth0 up mtu 1500
            addr add 192.168.56.{own}/24 dev eth0
            link add cni0 type bridge
            link set cni0 up mtu 1450
            addr add 10.244.{own}.1/24 dev cni0
            link add vethpod type veth peer name eth0 netns {_pods[index]}
            link set vethpod up mtu 1450 master cni0
            link add flannel.1 address 5e:f4:00:00:00:0{own} type vxlan id 1 local 192.168.56.{own} dev eth0 dstport 8472 nolearning
            link set flannel.1 up mtu 1450
            addr add 10.244.{own}.0/32 dev flannel.1
            neigh add 10.244.{other}.0 lladdr 5e:f4:00:00:00:0{other} dev flannel.1 nud permanent
            route add 10.244.{other}.0/24 via 10.244.{other}.0 dev flannel.1 onlink

            """, ct).ConfigureAwait(false);
        await Tool.RunAsync("bridge", ["-n", _nodes[index], "fdb", "append", $"5e:f4:00:00:00:0{other}", "dev", "flannel.1", "dst", $"192.168.56.{other}", "self", "permanent"], null, ct).ConfigureAwait(false);
        await Tool.RunAsync("ip", ["netns", "exec", _nodes[index], "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"], null, ct).ConfigureAwait(false);
    }
}
