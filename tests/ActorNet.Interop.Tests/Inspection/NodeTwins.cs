using System.Globalization;
using System.Text.RegularExpressions;
using ActorNet.Interop.Tests.Hosts;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Inspection;

/// <summary>
/// One node of a running host and the same node made of kernel devices, each on a segment of its own with a kernel node as its peer. The twin
/// is made from the contract, not from what ours prints: the steps of flannel and of the CNI bridge plugin. It takes over only names and
/// addresses that were drawn by chance. Then both see the same traffic. Made once, by the first test that asks.
/// </summary>
public sealed partial class NodeTwins : IAsyncDisposable
{
    private const string NodeName = "n1";
    private const string Address = "192.168.56.11";
    private const string Gateway = "192.168.56.1";
    private static readonly KernelNodeOptions Peer = new("peer", "192.168.56.19", 9);
    private static readonly string[] PodNames = ["a", "b"];
    private NetnsLab? _lab;
    private HostProcess? _host;
    private KernelNode? _twin;

    /// <summary>Runs a command with our tool in our node or pod.</summary>
    /// <param name="place"><c>node</c>, or a pod's name.</param>
    /// <param name="command">The command and its arguments.</param>
    public async Task<CommandResult> OursAsync(string place, string[] command)
    {
        await MakeAsync();
        return await _host!.TryExecAsync(place == "node" ? $"node/{NodeName}" : $"pod/{place}", command);
    }

    /// <summary>Runs a command with the real tool in the twin's namespace.</summary>
    /// <param name="place"><c>node</c>, or a pod's name.</param>
    /// <param name="command">The command and its arguments.</param>
    public async Task<CommandResult> TwinsAsync(string place, string[] command)
    {
        await MakeAsync();
        NetworkNamespace ns = place == "node" ? _twin!.Root : _twin!.Pods.Single(pod => pod.Name == place).Namespace;
        return await ns.TryExecAsync(command);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        if (_lab is not null)
            await _lab.DisposeAsync();
    }

    private async Task MakeAsync()
    {
        Need.Namespaces();
        Need.Tool("brctl", "arp", "ifconfig", "route", "ping");
        if (_twin is not null)
            return;
        _lab ??= await NetnsLab.CreateAsync();
        await StartOursAsync(_lab);
        KernelNode twin = await MakeTwinAsync(_lab);
        foreach (Func<string, string[], Task<CommandResult>> run in new[] { RunOnOurs, RunOnTwin })
            await TalkAsync(run, twin);
        _twin = twin;

        Task<CommandResult> RunOnOurs(string pod, string[] command) => _host!.TryExecAsync($"pod/{pod}", command);
        Task<CommandResult> RunOnTwin(string pod, string[] command) =>
            twin.Pods.Single(each => each.Name == pod).Namespace.TryExecAsync(command);
    }

    private async Task StartOursAsync(NetnsLab lab)
    {
        UnderlaySegment segment = await UnderlaySegment.CreateAsync(lab);
        KernelNode peer = await KernelNode.CreateAsync(lab, segment, Peer);
        await peer.AddPodAsync("p");
        NetworkNamespace ns = await lab.AddNamespaceAsync("ours");
        await segment.AttachAsync(ns, Address);
        _host = await HostProcess.InitAsync(ns, NodeName, Address);
        foreach (string pod in PodNames)
            await _host.RunPodAsync(Manifests.UdpServerPod(pod, 8081));
        await _host.ApplyNodeAsync(Manifests.Node(peer));
        await Eventually.HoldsAsync($"{NodeName} has a route to {peer.PodCidr}",
            async () => (await _host.ExecAsync($"node/{NodeName}", "ip", "route")).Output.Contains(peer.PodCidr, StringComparison.Ordinal));
        string tunnel = (await _host.ExecAsync($"node/{NodeName}", "ip", "addr", "show", "dev", "flannel.1")).Output;
        await peer.AddLeaseAsync(SubnetOf(tunnel), MacOf(tunnel), Address);
    }

    private async Task<KernelNode> MakeTwinAsync(NetnsLab lab)
    {
        UnderlaySegment segment = await UnderlaySegment.CreateAsync(lab);
        KernelNode peer = await KernelNode.CreateAsync(lab, segment, Peer);
        await peer.AddPodAsync("p");
        string tunnel = await LinkAsync("node/" + NodeName, "flannel.1");
        KernelNode twin = await KernelNode.CreateAsync(lab, segment, new KernelNodeOptions("twin", Address, SubnetOf(tunnel))
        {
            VtepMac = MacOf(tunnel),
            BridgeMac = MacOf(await LinkAsync("node/" + NodeName, "cni0")),
            UnderlayMac = MacOf(await LinkAsync("node/" + NodeName, "eth0")),
        });
        string ports = (await _host!.ExecAsync("node/" + NodeName, "brctl", "show", "cni0")).Output;
        // In the order of their making, which is that of their indexes: brctl lists by name.
        string links = (await _host.ExecAsync("node/" + NodeName, "ip", "link")).Output;
        string[] hostDevices = [.. PortName().Matches(ports).Select(match => match.Value).OrderBy(name => links.IndexOf(name, StringComparison.Ordinal))];
        foreach ((string pod, string hostDevice) in PodNames.Zip(hostDevices))
            await twin.AddPodAsync(pod, pair: new PodPair(MacOf(await LinkAsync("pod/" + pod, "eth0")), hostDevice, MacOf(await LinkAsync("node/" + NodeName, hostDevice))));
        await twin.AddLeaseAsync(peer);
        await peer.AddLeaseAsync(twin);
        // Ours is plugged into the emulated segment between nodes: its frames travel in VXLAN themselves, and its gateway is the segment's first address.
        (await twin.Root.TryExecAsync(["ip", "link", "set", "eth0", "mtu", "1450"])).EnsureSuccess();
        (await twin.Root.TryExecAsync(["ip", "route", "add", "default", "via", Gateway, "dev", "eth0"])).EnsureSuccess();
        return twin;
    }

    // Neighbours resolved and failed, addresses learned at both ports, packets through the tunnel.
    private static async Task TalkAsync(Func<string, string[], Task<CommandResult>> run, KernelNode twin)
    {
        string subnet = twin.VtepAddress[..twin.VtepAddress.LastIndexOf('.')];
        (await run("a", ["ping", "-c", "2", "-i", "0.2", "-W", "5", $"{subnet}.3"])).EnsureSuccess();
        (await run("a", ["ping", "-c", "2", "-i", "0.2", "-W", "5", "10.244.9.2"])).EnsureSuccess();
        (await run("b", ["ping", "-c", "2", "-i", "0.2", "-W", "5", $"{subnet}.1"])).EnsureSuccess();
        Assert.Equal(1, (await run("b", ["ping", "-c", "1", "-W", "5", $"{subnet}.250"])).ExitCode);
    }

    private async Task<string> LinkAsync(string target, string device) => (await _host!.ExecAsync(target, "ip", "addr", "show", "dev", device)).Output;

    private static string MacOf(string link) => LinkAddress().Match(link) is { Success: true } match
        ? match.Groups[1].Value
        : throw new FormatException($"no MAC address in:\n{link}");

    private static int SubnetOf(string tunnel) => TunnelAddress().Match(tunnel) is { Success: true } match
        ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)
        : throw new FormatException($"no address of flannel.1 in:\n{tunnel}");

    [GeneratedRegex("link/ether ([0-9a-f:]{17})")]
    private static partial Regex LinkAddress();

    [GeneratedRegex(@"inet 10\.244\.(\d+)\.0/32")]
    private static partial Regex TunnelAddress();

    [GeneratedRegex("veth[0-9a-f]{8}")]
    private static partial Regex PortName();
}
