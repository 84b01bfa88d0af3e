using System.Text.Json;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Time;
using ActorNet.Interop.Tests.Netfilter;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Packets;
using k8s;
using k8s.Models;

namespace ActorNet.Interop.Tests.Services;

/// <summary>
/// What kubelet, flanneld and kube-proxy do on a kernel node, done with what our program compiles for that Node from the API's Services and
/// EndpointSlices: loaded by the real iptables-restore. The kernel forwards by it.
/// </summary>
internal static class KernelProxy
{
    /// <summary>Loads the rules and sets what kube-proxy and kubelet's documentation ask of the node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="listed">What `kubectl get services,endpointslices -A -o json` says.</param>
    public static async Task LoadAsync(KernelNode node, string listed)
    {
        AccountingObjects.Create(node.Root, "ct_state_invalid_dropped_pkts", "localhost_nps_accepted_pkts");
        (await node.Root.TryExecAsync(["iptables-nft-restore"], TimeSpan.FromSeconds(60), Compile(node, listed))).EnsureSuccess();
        await node.Root.SetSysctlAsync("net.bridge.bridge-nf-call-iptables", "1");
        await node.Root.SetSysctlAsync("net.ipv4.conf.all.route_localnet", "1");
    }

    private static string Compile(KernelNode node, string listed)
    {
        var proxy = new ProxyState(new ProxyOptions { Node = node.Name, ClusterCidr = "10.244.0.0/16", NodeAddresses = [node.Address] });
        proxy.Apply(Read(listed));
        using FrameCache frames = new FramePool().CreateCache("rules");
        using var root = new Dataplane.Ip.NetworkNamespace(new NamespaceOptions { Name = node.Name }, new MonotonicClock(TimeProvider.System), frames);
        NetfilterState netfilter = root.EnableNetfilter();
        Assert.Equal(RestoreResult.Success, netfilter.Ensure([.. NodeRules.Kubelet.Rules, .. NodeRules.Flannel(Ipv4Prefix.Parse("10.244.0.0/16"), Ipv4Prefix.Parse(node.PodCidr)).Rules, .. NodeRules.KubeProxy]));
        Assert.Equal(RestoreResult.Success, netfilter.Restore(proxy.Next()!.Text, noFlush: true, counters: true));
        Assert.Empty(proxy.Problems);
        return netfilter.Save(DateTimeOffset.UnixEpoch);
    }

    private static ServiceChanges Read(string listed)
    {
        using JsonDocument json = JsonDocument.Parse(listed);
        JsonElement[] items = [.. json.RootElement.GetProperty("items").EnumerateArray()];
        return new ServiceChanges
        {
            IsWhole = true,
            Services = [.. Of<V1Service>("Service").Select(static s => KeyValuePair.Create($"{s.Metadata.NamespaceProperty}/{s.Metadata.Name}", (V1Service?)s))],
            Slices = [.. Of<V1EndpointSlice>("EndpointSlice").Select(static s => KeyValuePair.Create($"{s.Metadata.NamespaceProperty}/{s.Metadata.Name}", (V1EndpointSlice?)s))],
        };

        IEnumerable<T> Of<T>(string kind) => items.Where(i => i.GetProperty("kind").GetString() == kind).Select(static i => KubernetesJson.Deserialize<T>(i.GetRawText()));
    }
}
