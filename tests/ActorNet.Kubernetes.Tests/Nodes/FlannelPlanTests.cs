using ActorNet.Dataplane.Frames;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;
using CsCheck;

namespace ActorNet.Kubernetes.Tests.Nodes;

/// <summary>flannel pkg/backend/vxlan/vxlan_network.go handleSubnetEvents: neighbour, FDB and route of each remote node.</summary>
public sealed class FlannelPlanTests
{
    private static readonly FlannelLease N1 = Lease("n1", 1);
    private static readonly FlannelLease N2 = Lease("n2", 2);
    private static readonly FlannelLease N3 = Lease("n3", 3);

    [Fact]
    public void A_remote_node_gets_neighbour_FDB_and_route_in_this_order_and_the_own_node_nothing()
    {
        FlannelPlan plan = Plan([], N1, N2);
        Assert.Equal(
            [
                new SetNeighbour(Ipv4Address.Parse("10.244.2.0"), N2.VtepMac),
                new SetFdb(N2.VtepMac, new UnderlayEndpoint(Ipv4Address.Parse("192.168.56.12"), 8472)),
                new SetRoute(Ipv4Prefix.Parse("10.244.2.0/24"), Ipv4Address.Parse("10.244.2.0")),
            ],
            plan.Operations);
        Assert.Equal([N2], plan.Programmed);
        Assert.Empty(plan.Problems);
        Assert.Empty(Plan(plan.Programmed, N1, N2).Operations);
    }

    [Fact]
    public void A_node_that_goes_loses_the_three()
    {
        FlannelPlan plan = Plan([N2, N3], N1, N3);
        Assert.Equal([new DeleteNeighbour(N2.VtepAddress), new DeleteFdb(N2.VtepMac), new DeleteRoute(N2.PodCidr)], plan.Operations);
        Assert.Equal([N3], plan.Programmed);
    }

    [Fact]
    public void A_new_MAC_replaces_neighbour_and_FDB_and_a_new_public_ip_the_FDB()
    {
        FlannelLease mac = N2 with { VtepMac = MacAddress.Parse("5e:f4:68:83:7d:99") };
        Assert.Equal([new SetNeighbour(N2.VtepAddress, mac.VtepMac), new SetFdb(mac.VtepMac, N2.Underlay), new DeleteFdb(N2.VtepMac)], Plan([N2], N1, mac).Operations);
        FlannelLease moved = N2 with { PublicIp = Ipv4Address.Parse("192.168.56.99") };
        Assert.Equal([new SetFdb(N2.VtepMac, moved.Underlay)], Plan([N2], N1, moved).Operations);
    }

    [Fact]
    public void A_name_that_comes_back_with_another_subnet_moves_all()
    {
        FlannelLease moved = N2 with { PodCidr = Ipv4Prefix.Parse("10.244.7.0/24") };
        Assert.Equal(
            [
                new SetNeighbour(moved.VtepAddress, N2.VtepMac), new SetRoute(moved.PodCidr, moved.VtepAddress),
                new DeleteNeighbour(N2.VtepAddress), new DeleteRoute(N2.PodCidr),
            ],
            Plan([N2], N1, moved).Operations);
    }

    [Fact]
    public void Of_two_nodes_with_overlapping_subnets_the_first_created_wins()
    {
        FlannelLease late = N3 with { PodCidr = Ipv4Prefix.Parse("10.244.2.128/25") };
        FlannelPlan plan = FlannelPlan.Reconcile("n1", [new(late, 30), new(N2, 20), new(N1, 10)], []);
        Assert.Equal([N2], plan.Programmed);
        FlannelProblem problem = Assert.Single(plan.Problems);
        Assert.Equal("n3", problem.NodeName);
        Assert.Contains("overlaps 10.244.2.0/24 of node n2", problem.Reason, StringComparison.Ordinal);

        FlannelPlan other = FlannelPlan.Reconcile("n1", [new(N2, 30), new(late, 20), new(N1, 10)], plan.Programmed);
        Assert.Equal([late], other.Programmed);
        Assert.Equal([N2], FlannelPlan.Reconcile("n1", [new(late), new(N2)], []).Programmed); // By name when created together.
    }

    [Fact]
    public void The_winner_gone_the_other_takes_its_place()
    {
        FlannelLease late = N3 with { PodCidr = N2.PodCidr };
        FlannelPlan plan = Plan([N2], N1, late);
        Assert.Equal([new DeleteFdb(N2.VtepMac), new SetNeighbour(N2.VtepAddress, N3.VtepMac), new SetFdb(N3.VtepMac, N3.Underlay)], plan.Operations);
    }

    [Fact]
    public void Nothing_remote_takes_the_own_subnet_or_MAC_even_if_it_was_first()
    {
        FlannelLease thief = N2 with { PodCidr = Ipv4Prefix.Parse("10.244.0.0/16") };
        FlannelPlan plan = FlannelPlan.Reconcile("n1", [new(thief, 1), new(N1, 2), new(N3 with { VtepMac = N1.VtepMac }, 0)], []);
        Assert.Empty(plan.Programmed);
        Assert.Equal(["n2", "n3"], plan.Problems.Select(p => p.NodeName).Order());
    }

    /// <summary>Whatever came before, executing the operations leaves exactly the tables of a fresh start.</summary>
    [Fact]
    public void Any_history_ends_in_the_tables_of_a_fresh_start()
    {
        Gen<FlannelClaim[]> step = Gen.Select(Gen.Int[1, 6], Gen.Int[1, 6], Gen.Int[1, 6], Gen.Int[24, 26], Gen.Int[0, 3]).Array[0, 8]
            .Select(claims => claims.DistinctBy(c => c.Item1).Select(c => new FlannelClaim(
                new FlannelLease($"n{c.Item1}", new Ipv4Prefix(new Ipv4Address(0x0AF4_0000u + ((uint)c.Item2 << 8)), c.Item4), new Ipv4Address(0xC0A8_380A + (uint)c.Item3), new MacAddress(0x5E00_0000_0000 + (ulong)c.Item3)),
                c.Item5)).ToArray());
        step.Array[1, 6].Sample(steps =>
        {
            var device = new Dictionary<object, object>();
            IReadOnlyList<FlannelLease> programmed = [];
            foreach (FlannelClaim[] claims in steps)
            {
                FlannelPlan plan = FlannelPlan.Reconcile("n1", claims, programmed);
                Execute(device, plan.Operations);
                programmed = plan.Programmed;
            }

            var fresh = new Dictionary<object, object>();
            Execute(fresh, FlannelPlan.Reconcile("n1", steps[^1], []).Operations);
            return device.Count == fresh.Count && fresh.All(e => device.TryGetValue(e.Key, out object? value) && value.Equals(e.Value));
        });
    }

    private static void Execute(Dictionary<object, object> device, IReadOnlyList<FlannelOperation> operations)
    {
        foreach (FlannelOperation operation in operations)
        {
            switch (operation)
            {
                case SetNeighbour set: device[set.Address] = set.Mac; break;
                case SetFdb set: device[set.Mac] = set.Remote; break;
                case SetRoute set: device[set.Subnet] = set.Via; break;
                case DeleteNeighbour delete: Assert.True(device.Remove(delete.Address)); break;
                case DeleteFdb delete: Assert.True(device.Remove(delete.Mac)); break;
                case DeleteRoute delete: Assert.True(device.Remove(delete.Subnet)); break;
                default: Assert.Fail($"unknown {operation}"); break;
            }
        }
    }

    private static FlannelPlan Plan(IReadOnlyList<FlannelLease> programmed, params FlannelLease[] leases) =>
        FlannelPlan.Reconcile("n1", leases.Select(l => new FlannelClaim(l)), programmed);

    private static FlannelLease Lease(string name, int number) =>
        new(name, new Ipv4Prefix(new Ipv4Address(0x0AF4_0000u + ((uint)number << 8)), 24), new Ipv4Address(0xC0A8_380A + (uint)number), new MacAddress(0x5EF4_6883_7D00 + (ulong)number));
}
