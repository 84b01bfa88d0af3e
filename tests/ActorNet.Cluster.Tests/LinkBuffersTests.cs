using DotNetty.Buffers;

namespace ActorNet.Cluster.Tests;

/// <summary>What control links cost a host in memory.</summary>
[Collection(ClusterCollection.Name)]
public sealed class LinkBuffersTests
{
    /// <summary>Each arena that a link's thread used would hold a block of 16 MiB for as long as the process lives.</summary>
    [Fact]
    public async Task Links_that_hosts_open_and_accept_take_nothing_from_the_pool()
    {
        await using Hosts hosts = new();
        await hosts.FormAsync(2);

        Assert.Equal(0, PooledByteBufferAllocator.Default.Metric.UsedHeapMemory + PooledByteBufferAllocator.Default.Metric.UsedDirectMemory);
    }
}
