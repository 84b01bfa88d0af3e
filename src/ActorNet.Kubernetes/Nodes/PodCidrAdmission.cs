using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.Nodes;

/// <summary>
/// Gives every Node its podCIDR on its way into the store, and keeps the one that its creator gave. Upstream's node IPAM controller does it a
/// moment later and does not mind overlaps; here a Node whose podCIDR overlaps another's is refused, since both would be tunnel peers.
/// </summary>
/// <param name="store">Where the Nodes are.</param>
/// <param name="allocator">What is handed out next; nobody else uses it.</param>
public sealed class PodCidrAdmission(IObjectStore store, PodCidrAllocator allocator) : IAdmission, IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <inheritdoc/>
    public async ValueTask<IDisposable?> AdmitAsync(KindDescriptor kind, JsonObject document, JsonObject? old, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(kind);
        if (kind is not { Kind: "Node", Group: "" } || old?.Text("spec.podCIDR").Length > 0)
            return null;
        await _one.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await SynchronizeAsync(kind, cancel).ConfigureAwait(false);
            Give(kind, document);
            return new Turn(_one);
        }
        catch
        {
            _one.Release();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    // The store knows which Nodes there are; the allocator only remembers where it was.
    private async Task SynchronizeAsync(KindDescriptor kind, CancellationToken cancel)
    {
        RangeResult stored = await store.RangeAsync(new RangeRequest(StoreKeys.Range(kind, "")), cancel).ConfigureAwait(false);
        var nodes = stored.Objects.Select(each => new ApiObject(kind, each.Value, each.ModRevision)).ToDictionary(node => node.Name, StringComparer.Ordinal);
        foreach (string gone in allocator.Nodes.Keys.Where(name => !nodes.ContainsKey(name)).ToArray())
            allocator.Release(gone);
        foreach ((string name, ApiObject node) in nodes)
        {
            if (Ipv4Prefix.TryParse(node.Document.Text("spec.podCIDR"), out Ipv4Prefix cidr))
                allocator.Reserve(name, cidr);
        }
    }

    private void Give(KindDescriptor kind, JsonObject document)
    {
        string name = document.Text("metadata.name"), asked = document.Text("spec.podCIDR");
        if (asked.Length > 0 && !Ipv4Prefix.TryParse(asked, out _))
            throw ApiErrors.Forbidden(kind.Resource, name, $"spec.podCIDR '{asked}' is no IPv4 subnet, as 10.244.1.0/24");
        PodCidrGrant grant = asked.Length > 0 ? allocator.Reserve(name, Ipv4Prefix.Parse(asked)) : allocator.Allocate(name);
        if (grant.Cidr is not { } cidr)
            throw ApiErrors.Forbidden(kind.Resource, name, grant.Refusal!);
        document.Ensure("spec")["podCIDR"] = cidr.ToString();
        document.Ensure("spec")["podCIDRs"] = new JsonArray(cidr.ToString());
    }

    private sealed class Turn(SemaphoreSlim one) : IDisposable
    {
        public void Dispose() => one.Release();
    }
}
