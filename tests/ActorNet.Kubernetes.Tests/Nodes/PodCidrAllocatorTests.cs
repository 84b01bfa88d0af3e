using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.Tests.Nodes;

/// <summary>Kubernetes pkg/controller/nodeipam/ipam/cidrset/cidr_set.go.</summary>
public sealed class PodCidrAllocatorTests
{
    private static readonly Ipv4Prefix Cluster = Ipv4Prefix.Parse("10.244.0.0/16");

    [Fact]
    public void The_first_node_gets_index_0_and_the_others_follow()
    {
        var allocator = new PodCidrAllocator(Cluster);
        Assert.Equal(["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"], [Of(allocator, "n1"), Of(allocator, "n2"), Of(allocator, "n3")]);
        Assert.Equal("10.244.1.0/24", Of(allocator, "n2"));
        Assert.Equal(256, allocator.Capacity);
    }

    [Fact]
    public void A_released_block_is_used_again_only_after_the_cursor_came_round()
    {
        var allocator = new PodCidrAllocator(Ipv4Prefix.Parse("10.244.0.0/22"));
        Of(allocator, "a");
        Of(allocator, "b");
        Assert.True(allocator.Release("a"));
        Assert.False(allocator.Release("a"));
        Assert.Equal("10.244.2.0/24", Of(allocator, "c"));
        Assert.Equal("10.244.3.0/24", Of(allocator, "d"));
        Assert.Equal("10.244.0.0/24", Of(allocator, "e"));
        PodCidrGrant full = allocator.Allocate("f");
        Assert.Null(full.Cidr);
        Assert.Contains("all 4 blocks of /24 in cluster CIDR 10.244.0.0/22", full.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_given_podCIDR_is_kept_and_passed_over()
    {
        var allocator = new PodCidrAllocator(Cluster);
        Assert.Equal("10.244.1.0/24", allocator.Reserve("kernel", Ipv4Prefix.Parse("10.244.1.0/24")).Cidr.ToString());
        Assert.Equal("10.244.0.0/24", Of(allocator, "n1"));
        Assert.Equal("10.244.2.0/24", Of(allocator, "n2"));
        Assert.Null(allocator.Reserve("kernel", Ipv4Prefix.Parse("10.244.1.0/24")).Refusal);
        Assert.Contains("has 10.244.1.0/24, which never changes", allocator.Reserve("kernel", Ipv4Prefix.Parse("10.244.9.0/24")).Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void An_overlap_is_refused_and_names_both_nodes()
    {
        var allocator = new PodCidrAllocator(Cluster);
        Of(allocator, "n1");
        PodCidrGrant refused = allocator.Reserve("kernel", Ipv4Prefix.Parse("10.244.0.128/25"));
        Assert.Null(refused.Cidr);
        Assert.Contains("kernel", refused.Refusal, StringComparison.Ordinal);
        Assert.Contains("node n1", refused.Refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("kernel", allocator.Nodes.Keys);
    }

    [Theory]
    [InlineData("10.245.0.0/24")]
    [InlineData("10.0.0.0/8")]
    [InlineData("192.168.0.0/24")]
    public void A_podCIDR_outside_the_cluster_is_refused(string cidr) =>
        Assert.Contains("not inside the cluster CIDR 10.244.0.0/16", new PodCidrAllocator(Cluster).Reserve("n1", Ipv4Prefix.Parse(cidr)).Refusal, StringComparison.Ordinal);

    [Fact]
    public void A_large_podCIDR_takes_several_blocks_and_small_ones_share_theirs()
    {
        var allocator = new PodCidrAllocator(Cluster);
        allocator.Reserve("large", Ipv4Prefix.Parse("10.244.0.0/23"));
        allocator.Reserve("small-1", Ipv4Prefix.Parse("10.244.2.0/25"));
        Assert.Null(allocator.Reserve("small-2", Ipv4Prefix.Parse("10.244.2.128/25")).Refusal);
        Assert.Equal("10.244.3.0/24", Of(allocator, "n1"));
        allocator.Release("small-1");
        for (int i = 4; i < 256; i++)
            Of(allocator, $"n{i}");
        Assert.NotNull(allocator.Allocate("late").Refusal); // small-2 still holds its block.
        allocator.Release("small-2");
        Assert.Equal("10.244.2.0/24", Of(allocator, "late"));
    }

    [Fact]
    public void Masks_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new PodCidrAllocator(Cluster, 15));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PodCidrAllocator(Cluster, 31));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PodCidrAllocator(Ipv4Prefix.Parse("10.0.0.0/8"), 25));
    }

    private static string Of(PodCidrAllocator allocator, string node) => allocator.Allocate(node).Cidr?.ToString() ?? "refused";
}
