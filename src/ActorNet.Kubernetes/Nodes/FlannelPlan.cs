using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.Nodes;

/// <summary>A node's lease with its place in the order of claims.</summary>
/// <param name="Lease">The lease.</param>
/// <param name="CreationOrder">Rises with the Node's creation (its creationTimestamp, say); equal numbers are ordered by name.</param>
public sealed record FlannelClaim(FlannelLease Lease, long CreationOrder = 0);

/// <summary>A lease that is not programmed.</summary>
/// <param name="NodeName">Whose it is.</param>
/// <param name="Reason">Why, naming the other node.</param>
public sealed record FlannelProblem(string NodeName, string Reason);

/// <summary>
/// What flannel does to its device for each remote node (flannel pkg/backend/vxlan/vxlan_network.go, handleSubnetEvents), as a pure step:
/// wanted leases and what is programmed in, ordered operations out. Where two nodes claim what only one can have, the first created keeps it.
/// </summary>
/// <param name="Operations">What to do, in this order.</param>
/// <param name="Programmed">What is programmed once the operations are done: the input of the next step.</param>
/// <param name="Problems">The leases left out.</param>
public sealed record FlannelPlan(IReadOnlyList<FlannelOperation> Operations, IReadOnlyList<FlannelLease> Programmed, IReadOnlyList<FlannelProblem> Problems)
{
    /// <summary>
    /// Plans the way from what is programmed to what is wanted. Nodes that went come first (neighbour, FDB, route are deleted); then each new
    /// or changed node: neighbour, FDB, route are set where they differ, and what it no longer uses is deleted. An entry that another node
    /// uses by now is never deleted. The own node is not programmed, but nothing remote may take its subnet or MAC, whoever was first.
    /// </summary>
    /// <param name="ownNode">The name of the node whose device this is.</param>
    /// <param name="claims">Every node's lease, the own one included, in any order, each node once.</param>
    /// <param name="programmed">What the previous step programmed; empty at first.</param>
    public static FlannelPlan Reconcile(string ownNode, IEnumerable<FlannelClaim> claims, IReadOnlyList<FlannelLease> programmed)
    {
        ArgumentException.ThrowIfNullOrEmpty(ownNode);
        ArgumentNullException.ThrowIfNull(claims);
        ArgumentNullException.ThrowIfNull(programmed);
        var problems = new List<FlannelProblem>();
        List<FlannelLease> winners = ChooseWinners(ownNode, claims, problems);
        var wanted = new Tables(winners);
        var present = new Tables(programmed);
        var operations = new List<FlannelOperation>();
        var names = winners.Select(w => w.NodeName).ToHashSet(StringComparer.Ordinal);
        foreach (FlannelLease gone in programmed.Where(p => !names.Contains(p.NodeName)))
            DeleteUnused(gone, wanted, present, operations);
        Dictionary<string, FlannelLease> before = programmed.ToDictionary(p => p.NodeName, StringComparer.Ordinal);
        foreach (FlannelLease lease in winners)
        {
            SetDifferences(lease, present, operations);
            if (before.TryGetValue(lease.NodeName, out FlannelLease? old))
                DeleteUnused(old, wanted, present, operations);
        }

        return new FlannelPlan(operations, winners, problems);
    }

    private static List<FlannelLease> ChooseWinners(string ownNode, IEnumerable<FlannelClaim> claims, List<FlannelProblem> problems)
    {
        FlannelLease[] ordered = [.. claims
            .OrderByDescending(c => c.Lease.NodeName == ownNode)
            .ThenBy(c => c.CreationOrder)
            .ThenBy(c => c.Lease.NodeName, StringComparer.Ordinal)
            .Select(c => c.Lease)];
        var winners = new List<FlannelLease>(ordered.Length);
        var byMac = new Dictionary<MacAddress, string>();
        var subnets = new SortedList<uint, FlannelLease>();
        foreach (FlannelLease lease in ordered)
        {
            if (FindOverlap(subnets, lease.PodCidr) is { } other)
            {
                problems.Add(new FlannelProblem(lease.NodeName, $"podCIDR {lease.PodCidr} overlaps {other.PodCidr} of node {other.NodeName}, which keeps it: give one of them another podCIDR"));
                continue;
            }

            if (!byMac.TryAdd(lease.VtepMac, lease.NodeName))
            {
                problems.Add(new FlannelProblem(lease.NodeName, $"VtepMAC {lease.VtepMac} is that of node {byMac[lease.VtepMac]}, which keeps it: give one of them another MAC"));
                continue;
            }

            subnets.Add(lease.PodCidr.Network.Value, lease);
            if (lease.NodeName != ownNode)
                winners.Add(lease);
        }

        return winners;
    }

    // The accepted subnets never overlap, so only the neighbours in the order of addresses can overlap a new one.
    private static FlannelLease? FindOverlap(SortedList<uint, FlannelLease> subnets, Ipv4Prefix subnet)
    {
        int low = 0;
        int high = subnets.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (subnets.GetKeyAtIndex(middle) <= subnet.Network.Value)
                low = middle + 1;
            else
                high = middle;
        }

        if (low > 0 && subnets.GetValueAtIndex(low - 1).PodCidr.Overlaps(subnet))
            return subnets.GetValueAtIndex(low - 1);
        return low < subnets.Count && subnets.GetValueAtIndex(low).PodCidr.Overlaps(subnet) ? subnets.GetValueAtIndex(low) : null;
    }

    private static void SetDifferences(FlannelLease lease, Tables present, List<FlannelOperation> operations)
    {
        if (!present.Neighbours.TryGetValue(lease.VtepAddress, out MacAddress mac) || mac != lease.VtepMac)
            operations.Add(new SetNeighbour(lease.VtepAddress, lease.VtepMac));
        if (!present.Fdb.TryGetValue(lease.VtepMac, out UnderlayEndpoint remote) || remote != lease.Underlay)
            operations.Add(new SetFdb(lease.VtepMac, lease.Underlay));
        if (!present.Routes.Contains(lease.PodCidr))
            operations.Add(new SetRoute(lease.PodCidr, lease.VtepAddress));
    }

    private static void DeleteUnused(FlannelLease old, Tables wanted, Tables present, List<FlannelOperation> operations)
    {
        if (!wanted.Neighbours.ContainsKey(old.VtepAddress) && present.Neighbours.Remove(old.VtepAddress))
            operations.Add(new DeleteNeighbour(old.VtepAddress));
        if (!wanted.Fdb.ContainsKey(old.VtepMac) && present.Fdb.Remove(old.VtepMac))
            operations.Add(new DeleteFdb(old.VtepMac));
        if (!wanted.Routes.Contains(old.PodCidr) && present.Routes.Remove(old.PodCidr))
            operations.Add(new DeleteRoute(old.PodCidr));
    }

    // The three tables of the device as a set of leases makes them; a route's next hop follows from its subnet.
    private sealed class Tables
    {
        public Tables(IReadOnlyList<FlannelLease> leases)
        {
            foreach (FlannelLease lease in leases)
            {
                Neighbours[lease.VtepAddress] = lease.VtepMac;
                Fdb[lease.VtepMac] = lease.Underlay;
                Routes.Add(lease.PodCidr);
            }
        }

        public Dictionary<Ipv4Address, MacAddress> Neighbours { get; } = [];

        public Dictionary<MacAddress, UnderlayEndpoint> Fdb { get; } = [];

        public HashSet<Ipv4Prefix> Routes { get; } = [];
    }
}
