using System.Globalization;
using System.Text.RegularExpressions;
using ActorNet.Interop.Tests.Hosts;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Judges;

/// <summary>One <c>actornet</c> process in a namespace of its own on the segment, with one pod.</summary>
public sealed partial class ActorNetJudgedNode : IJudgedNode
{
    private const string PodName = "a";
    private readonly HostProcess _host;

    private ActorNetJudgedNode(HostProcess host) => _host = host;

    /// <inheritdoc/>
    public int SubnetIndex { get; private set; }

    /// <inheritdoc/>
    public string VtepMac { get; private set; } = "";

    /// <inheritdoc/>
    public string Address => _host.Address;

    /// <inheritdoc/>
    public string PodAddress { get; private set; } = "";

    /// <inheritdoc/>
    public TimeSpan BaseReachableTime => TimeSpan.FromSeconds(30);

    /// <summary>Starts the host and its pod.</summary>
    public static async Task<IJudgedNode> CreateAsync(NetnsLab lab, UnderlaySegment segment)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(segment);
        NetworkNamespace ns = await lab.AddNamespaceAsync("judged");
        await segment.AttachAsync(ns, "192.168.56.11");
        var node = new ActorNetJudgedNode(await HostProcess.InitAsync(ns, "judged", "192.168.56.11"));
        try
        {
            await node._host.RunPodAsync(Manifests.UdpServerPod(PodName, JudgedPod.UdpPort));
            await node.LearnAddressesAsync();
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
        return node;
    }

    /// <inheritdoc/>
    public Task<CommandResult> OnNodeAsync(params string[] command) => _host.TryExecAsync($"node/{_host.Name}", command);

    /// <inheritdoc/>
    public Task<CommandResult> InPodAsync(params string[] command) => _host.TryExecAsync($"pod/{PodName}", command);

    /// <inheritdoc/>
    public Task<string> AskUdpAsync(string address, int port, string line) => _host.AskUdpAsync(PodName, address, port, line);

    /// <inheritdoc/>
    public async Task AddPeerAsync(KernelNode peer)
    {
        ArgumentNullException.ThrowIfNull(peer);
        await _host.ApplyNodeAsync(Manifests.Node(peer));
        await Eventually.HoldsAsync($"{_host.Name} has a route to {peer.PodCidr}",
            async () => (await OnNodeAsync("ip", "route")).Output.Contains(peer.PodCidr, StringComparison.Ordinal));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _host.DisposeAsync();

    private async Task LearnAddressesAsync()
    {
        string vtep = (await _host.ExecAsync($"node/{_host.Name}", "ip", "addr", "show", "dev", "flannel.1")).Output;
        Match subnet = VtepAddress().Match(vtep);
        Match mac = LinkAddress().Match(vtep);
        Assert.True(subnet.Success && mac.Success, $"no address of flannel.1 in:\n{vtep}");
        SubnetIndex = int.Parse(subnet.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        VtepMac = mac.Groups[1].Value;
        PodAddress = await _host.PodAddressAsync(PodName);
    }

    [GeneratedRegex(@"inet 10\.244\.(\d+)\.0/32")]
    private static partial Regex VtepAddress();

    [GeneratedRegex("link/ether ([0-9a-f:]{17})")]
    private static partial Regex LinkAddress();
}
