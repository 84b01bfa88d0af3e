using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Packets;
using CsCheck;

namespace ActorNet.Dataplane.Tests.Ip;

/// <summary>Routes: longest prefix match against a naive search, and `ip route`'s rules and errors (linux net/ipv4/fib_semantics.c, fib_trie.c).</summary>
public sealed class RouteLookupTests
{
    private static readonly Gen<(uint Address, int Length, uint Metric)[]> Routes =
        Gen.Select(Gen.UInt[0, 0xFFFF], Gen.Int[0, 32], Gen.UInt[0, 3])
            .Select(static (bits, length, metric) => (0x0A00_0000 | (bits << 6), length, metric)).Array[0, 60];

    [Fact]
    public void The_longest_prefix_with_the_smallest_metric_wins_as_in_a_naive_search()
    {
        Gen.Select(Routes, Gen.UInt[0, 0x3F_FFFF].Array[30], Gen.Int[0, 60]).Sample((routes, probes, removals) =>
        {
            var table = new RouteTable();
            var list = new List<RouteEntry>();
            foreach ((uint address, int length, uint metric) in routes)
            {
                var entry = new RouteEntry(new Route { Destination = new Ipv4Prefix(new Ipv4Address(address), length), Metric = metric, Scope = RouteScope.Global }, null, default);
                bool fresh = !list.Any(e => e.Route.Destination == entry.Route.Destination && e.Route.Metric == metric);
                Assert.Equal(fresh, table.TryAdd(entry, exclusive: true));
                if (fresh)
                    list.Add(entry);
            }

            foreach (RouteEntry gone in list.Take(removals / 2).ToList())
            {
                table.Remove(gone);
                list.Remove(gone);
            }

            Assert.Equal(list.Count, table.Count);
            foreach (uint probe in probes)
            {
                var address = new Ipv4Address(0x0A00_0000 | probe);
                RouteEntry? expected = list.Where(e => e.Route.Destination.Contains(address))
                    .OrderByDescending(static e => e.Route.Destination.Length).ThenBy(static e => e.Route.Metric).FirstOrDefault();
                Assert.Same(expected, table.Lookup(address));
            }
        }, iter: 500);
    }

    [Fact]
    public void Ten_thousand_routes_are_found_and_listed_in_the_kernels_order()
    {
        using var bench = new NamespaceBench();
        for (int i = 9_999; i >= 0; i--)
            Assert.Equal(RouteError.None, bench.Namespace.AddRoute(Via($"11.{i / 256}.{i % 256}.0/24", "10.0.1.9")));
        for (int i = 0; i < 10_000; i += 37)
        {
            var inside = new Ipv4Address(0x0B00_0005 + ((uint)i << 8));
            Assert.Equal(new Ipv4Prefix(inside, 24), bench.Namespace.Routing.Lookup(inside)!.Route.Destination);
        }

        IReadOnlyList<Route> listed = bench.Namespace.Routes;
        Assert.Equal(10_002, listed.Count);
        Assert.Equal(listed.OrderBy(static r => r.Destination.Network).ToList(), listed);
    }

    [Fact]
    public void Listing_follows_the_kernel_default_first_then_by_address_the_longer_prefix_first_then_by_metric()
    {
        using var bench = new NamespaceBench();
        Add(bench, Via("10.0.2.0/24", "10.0.1.9") with { Metric = 5 });
        Add(bench, Via("10.0.2.0/24", "10.0.1.8"));
        Add(bench, Via("10.0.0.0/8", "10.0.1.9"));
        Add(bench, Via("0.0.0.0/0", "10.0.0.254"));
        Assert.Equal(
            ["0.0.0.0/0 0", "10.0.0.0/24 0", "10.0.0.0/8 0", "10.0.1.0/24 0", "10.0.2.0/24 0", "10.0.2.0/24 5"],
            bench.Namespace.Routes.Select(static r => $"{r.Destination} {r.Metric}"));
        Route connected = bench.Namespace.Routes[1];
        Assert.Equal((RouteProtocol.Kernel, RouteScope.Link, NamespaceBench.Ip("10.0.0.1"), "eth0"), (connected.Protocol, connected.Scope!.Value, connected.Source!.Value, connected.Device));
    }

    [Theory]
    // Each row: what was tried and what Linux answers.
    [InlineData("10.9.0.0/16", "172.16.0.1", null, false, RouteError.GatewayUnreachable)]
    [InlineData("10.9.0.0/16", "10.0.0.1", null, false, RouteError.InvalidGateway)]
    [InlineData("10.9.0.0/16", "10.0.0.255", null, false, RouteError.InvalidGateway)]
    [InlineData("10.9.0.0/16", "10.0.0.9", "eth1", false, RouteError.GatewayUnreachable)]
    [InlineData("10.9.0.0/16", "10.9.0.0", "eth1", true, RouteError.None)]
    [InlineData("10.9.0.0/16", "10.0.0.1", "eth1", true, RouteError.InvalidGateway)]
    [InlineData("10.9.0.0/16", "10.0.0.9", "eth7", false, RouteError.NoDevice)]
    [InlineData("10.9.0.0/16", "10.0.0.9", null, true, RouteError.NoDevice)]
    [InlineData("10.9.0.0/16", null, "eth1", false, RouteError.None)]
    [InlineData("10.9.0.0/16", "10.0.0.9", null, false, RouteError.None)]
    public void Adding_a_route_answers_as_fib_check_nh_does(string prefix, string? gateway, string? device, bool onLink, RouteError expected)
    {
        using var bench = new NamespaceBench();
        var route = new Route { Destination = Ipv4Prefix.Parse(prefix), Gateway = gateway is null ? null : Ipv4Address.Parse(gateway), Device = device, OnLink = onLink };
        Assert.Equal(expected, bench.Namespace.AddRoute(route));
    }

    [Fact]
    public void Add_refuses_what_is_there_replace_takes_its_place_and_delete_needs_it_to_be_there()
    {
        using var bench = new NamespaceBench();
        Add(bench, Via("10.9.0.0/16", "10.0.0.9"));
        Assert.Equal(RouteError.Exists, bench.Namespace.AddRoute(Via("10.9.0.0/16", "10.0.0.8")));
        Assert.Equal(RouteError.None, bench.Namespace.ReplaceRoute(Via("10.9.0.0/16", "10.0.0.8")));
        Assert.Equal(NamespaceBench.Ip("10.0.0.8"), Assert.Single(bench.Namespace.Routes, static r => r.Destination.Length == 16).Gateway);
        Assert.Equal(RouteError.NotFound, bench.Namespace.DeleteRoute(Via("10.9.0.0/16", "10.0.0.9")));
        Assert.Equal(RouteError.None, bench.Namespace.DeleteRoute(new Route { Destination = Ipv4Prefix.Parse("10.9.0.0/16") }));
        Assert.Equal(RouteError.NotFound, bench.Namespace.DeleteRoute(new Route { Destination = Ipv4Prefix.Parse("10.9.0.0/16") }));
        Assert.Equal(RouteError.InvalidSource, bench.Namespace.AddRoute(Via("10.9.0.0/16", "10.0.0.9") with { Source = NamespaceBench.Ip("9.9.9.9") }));
    }

    [Fact]
    public void Down_takes_every_route_of_the_device_up_brings_only_the_connected_ones_back_and_addresses_stay_ours()
    {
        using var bench = new NamespaceBench();
        Add(bench, Via("10.9.0.0/16", "10.0.1.9"));
        bench.Eth1.SetUp(false);
        bench.Namespace.DeviceChanged(bench.Eth1);
        Assert.Equal(["10.0.0.0/24"], bench.Namespace.Routes.Select(static r => r.Destination.ToString()));
        Assert.True(bench.Namespace.IsLocal(NamespaceBench.Ip("10.0.1.1")));
        Assert.Equal(RouteError.DeviceDown, bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.9.0.0/16"), Device = "eth1" }));
        bench.Eth1.SetUp(true);
        bench.Namespace.DeviceChanged(bench.Eth1);
        Assert.Equal(["10.0.0.0/24", "10.0.1.0/24"], bench.Namespace.Routes.Select(static r => r.Destination.ToString()));
        bench.Eth1.SetCarrier(false);
        bench.Namespace.DeviceChanged(bench.Eth1);
        Assert.True(bench.Namespace.Routes[1].LinkDown);
    }

    [Fact]
    public void Addresses_make_the_local_table_that_ip_route_show_table_local_prints()
    {
        using var bench = new NamespaceBench();
        // Linux 6.x for lo 127.0.0.1/8, 10.0.0.1/24 and 10.0.1.1/24, read with `ip route show table local`.
        Assert.Equal(
            [
                "Local 10.0.0.1 eth0 10.0.0.1", "Broadcast 10.0.0.255 eth0 10.0.0.1", "Local 10.0.1.1 eth1 10.0.1.1", "Broadcast 10.0.1.255 eth1 10.0.1.1",
                "Local 127.0.0.0/8 lo 127.0.0.1", "Local 127.0.0.1 lo 127.0.0.1", "Broadcast 127.255.255.255 lo 127.0.0.1",
            ],
            bench.Namespace.LocalRoutes.Select(static r => $"{r.Type} {(r.Destination.Length == 32 ? r.Destination.Network : r.Destination)} {r.Device} {r.Source}"));
    }

    [Fact]
    public void A_second_address_of_a_prefix_is_secondary_and_goes_with_its_primary_and_a_slash_32_has_no_connected_route()
    {
        using var bench = new NamespaceBench();
        Assert.Equal(AddressError.None, bench.Namespace.AddAddress(bench.In0, InterfaceAddress.Parse("10.0.0.2/24")));
        Assert.Equal(AddressError.Exists, bench.Namespace.AddAddress(bench.In0, InterfaceAddress.Parse("10.0.0.2/24")));
        Assert.Equal(AddressError.None, bench.Namespace.AddAddress(bench.In0, InterfaceAddress.Parse("10.244.0.0/32")));
        Assert.Equal([("10.0.0.1", false), ("10.244.0.0", false), ("10.0.0.2", true)], bench.In0.Addresses.Select(static a => (a.Address.ToString(), a.Secondary)));
        Assert.Equal(2, bench.Namespace.Routes.Count);
        Assert.True(bench.Namespace.IsLocal(NamespaceBench.Ip("10.244.0.0")));
        Assert.Equal(AddressError.None, bench.Namespace.RemoveAddress(bench.In0, NamespaceBench.Ip("10.0.0.1"), 24));
        Assert.Equal(["10.244.0.0"], bench.In0.Addresses.Select(static a => a.Address.ToString()));
        Assert.False(bench.Namespace.IsLocal(NamespaceBench.Ip("10.0.0.2")));
        Assert.Equal(["10.0.1.0/24"], bench.Namespace.Routes.Select(static r => r.Destination.ToString()));
    }

    private static Route Via(string prefix, string gateway) => new() { Destination = Ipv4Prefix.Parse(prefix), Gateway = Ipv4Address.Parse(gateway) };

    private static void Add(NamespaceBench bench, Route route) => Assert.Equal(RouteError.None, bench.Namespace.AddRoute(route));
}
