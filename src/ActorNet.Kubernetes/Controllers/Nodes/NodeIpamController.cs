using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Nodes;

/// <summary>
/// Gives each Node its podCIDR (kubernetes pkg/controller/nodeipam/ipam/range_allocator.go). One that the Node's creator gave is kept; one
/// that is no prefix inside the cluster CIDR or overlaps another Node's is left as it is, since it never changes, and told in an event.
/// </summary>
/// <param name="caches">What it sees.</param>
/// <param name="clusterCidr">Where all pods are.</param>
/// <param name="nodeMask">The prefix length of a Node's podCIDR.</param>
public sealed class NodeIpamController(ClusterCaches caches, Ipv4Prefix clusterCidr, int nodeMask) : Controller
{
    private readonly KindDescriptor _kind = caches.Kinds.Of<V1Node>();
    private readonly PodCidrAllocator _allocator = new(clusterCidr, nodeMask);

    // What was told of a Node, so that it is told once.
    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Name => "cidrAllocator";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.Nodes.Changed += change =>
        {
            if (change.Before?.Metadata.Uid != change.After?.Metadata.Uid || change.Before?.Spec?.PodCIDR != change.After?.Spec?.PodCIDR)
                queue.Add(change.Latest.Metadata.Name);
            // A block that became free may be what another Node waits for.
            if (change.After is not null)
                return;
            foreach (V1Node waiting in caches.Nodes.Snapshot.All.Where(node => string.IsNullOrEmpty(node.Spec?.PodCIDR)))
                queue.Add(waiting.Metadata.Name);
        };
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        ReserveGiven();
        if (caches.Nodes.Snapshot.Find("", key) is not { } node)
        {
            _told.Remove(key);
            return Step.Nothing;
        }

        if (node.Spec?.PodCIDR is { Length: > 0 } given)
            return Ipv4Prefix.TryParse(given, out Ipv4Prefix cidr) ? Told(node, _allocator.Reserve(key, cidr).Refusal) : Step.Nothing;
        PodCidrGrant grant = _allocator.Allocate(key);
        if (grant.Cidr is not { } free)
            return Told(node, $"Node {key} status is now: CIDRNotAvailable");
        var spec = new JsonObject { ["podCIDR"] = free.ToString(), ["podCIDRs"] = new JsonArray(free.ToString()) };
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = node.Metadata.Uid }, ["spec"] = spec };
        return new Step([new PatchWrite(_kind, "", key, PatchForm.Strategic, patch) { Tolerates = [404] }]);
    }

    // What Nodes have comes before what others are given; what a Node no longer has is free.
    private void ReserveGiven()
    {
        foreach (string gone in _allocator.Nodes.Keys.Where(name => IsStale(name, _allocator.Nodes[name])).ToArray())
            _allocator.Release(gone);
        foreach (V1Node node in caches.Nodes.Snapshot.All)
        {
            if (node.Spec?.PodCIDR is { Length: > 0 } given && Ipv4Prefix.TryParse(given, out Ipv4Prefix cidr))
                _allocator.Reserve(node.Metadata.Name, cidr);
        }
    }

    private bool IsStale(string name, Ipv4Prefix held)
    {
        V1Node? node = caches.Nodes.Snapshot.Find("", name);
        return node is null || (node.Spec?.PodCIDR is { Length: > 0 } given && given != held.ToString());
    }

    private Step Told(V1Node node, string? refusal)
    {
        if (refusal is null || (_told.TryGetValue(node.Metadata.Name, out string? before) && before == refusal))
            return Step.Nothing;
        _told[node.Metadata.Name] = refusal;
        return new Step([]) { Events = [EventWrite.Of(node, _kind, "Normal", "CIDRNotAvailable", refusal)] };
    }
}
