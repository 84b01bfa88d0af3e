using ActorNet.Kubernetes.Pods;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.Tests.Pods;

/// <summary>cni plugins/ipam/host-local/backend/allocator/{allocator,range}.go.</summary>
public sealed class HostLocalIpamTests
{
    private static readonly Ipv4Prefix Subnet = Ipv4Prefix.Parse("10.244.1.0/24");

    [Fact]
    public void The_first_pod_gets_2_and_the_last_254()
    {
        var ipam = new HostLocalIpam(Subnet);
        Assert.Equal("10.244.1.1", ipam.Gateway.ToString());
        Assert.Equal(253, ipam.Capacity);
        for (int host = 2; host <= 254; host++)
            Assert.Equal($"10.244.1.{host}", Of(ipam, $"pod-{host}"));
        PodAddressGrant full = ipam.Allocate("one-more");
        Assert.Null(full.Address);
        Assert.Contains("10.244.1.0/24: all 253 ", full.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void A_freed_address_is_used_again_only_after_the_search_came_round()
    {
        var ipam = new HostLocalIpam(Ipv4Prefix.Parse("10.244.1.0/29")); // .2 to .6
        Assert.Equal(["10.244.1.2", "10.244.1.3"], [Of(ipam, "a"), Of(ipam, "b")]);
        Assert.True(ipam.Release("a"));
        Assert.Equal(["10.244.1.4", "10.244.1.5", "10.244.1.6", "10.244.1.2"], [Of(ipam, "c"), Of(ipam, "d"), Of(ipam, "e"), Of(ipam, "f")]);
        Assert.NotNull(ipam.Allocate("g").Refusal);
        ipam.Release("f");
        Assert.Equal("10.244.1.2", Of(ipam, "g")); // The only free one is the one reserved last.
        Assert.Equal(5, ipam.Count);
    }

    [Fact]
    public void The_same_sandbox_and_interface_twice_is_refused_another_interface_is_not()
    {
        var ipam = new HostLocalIpam(Subnet);
        Of(ipam, "a");
        PodAddressGrant again = ipam.Allocate("a");
        Assert.Null(again.Address);
        Assert.Contains("a eth0 has 10.244.1.2 already", again.Refusal, StringComparison.Ordinal);
        Assert.Equal("10.244.1.3", ipam.Allocate("a", "net1").Address.ToString());
    }

    [Fact]
    public void Freeing_nothing_is_no_error() => Assert.False(new HostLocalIpam(Subnet).Release("a"));

    [Fact]
    public void The_smallest_subnet_has_room_for_one_pod()
    {
        var ipam = new HostLocalIpam(Ipv4Prefix.Parse("10.244.1.4/30"));
        Assert.Equal("10.244.1.6", Of(ipam, "a"));
        Assert.NotNull(ipam.Allocate("b").Refusal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new HostLocalIpam(Ipv4Prefix.Parse("10.244.1.4/31")));
    }

    private static string Of(HostLocalIpam ipam, string id) => ipam.Allocate(id).Address?.ToString() ?? "refused";
}
