namespace ActorNet.Interop.Tests.Netns;

/// <summary>Two kernel nodes on one segment, 192.168.56.11 and .12, with a pod each and each other's lease: the reference for ours.</summary>
/// <param name="Lab">The laboratory that holds all of it; disposed with the pair.</param>
/// <param name="Segment">The segment between the nodes.</param>
/// <param name="Node1">The node with 10.244.1.0/24.</param>
/// <param name="Node2">The node with 10.244.2.0/24.</param>
/// <param name="First">The pod on <paramref name="Node1"/>.</param>
/// <param name="Second">The pod on <paramref name="Node2"/>.</param>
public sealed record KernelPair(
    NetnsLab Lab, UnderlaySegment Segment, KernelNode Node1, KernelNode Node2, KernelPod First, KernelPod Second) : IAsyncDisposable
{
    /// <summary>Makes the pair; skips the test when the machine cannot have one.</summary>
    public static async Task<KernelPair> CreateAsync()
    {
        NetnsLab lab = await NetnsLab.CreateAsync();
        try
        {
            UnderlaySegment segment = await UnderlaySegment.CreateAsync(lab);
            KernelNode node1 = await KernelNode.CreateAsync(lab, segment, new KernelNodeOptions("k1", "192.168.56.11", 1));
            KernelNode node2 = await KernelNode.CreateAsync(lab, segment, new KernelNodeOptions("k2", "192.168.56.12", 2));
            KernelPod first = await node1.AddPodAsync("a");
            KernelPod second = await node2.AddPodAsync("b");
            await node1.AddLeaseAsync(node2);
            await node2.AddLeaseAsync(node1);
            return new KernelPair(lab, segment, node1, node2, first, second);
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Lab.DisposeAsync();
}
