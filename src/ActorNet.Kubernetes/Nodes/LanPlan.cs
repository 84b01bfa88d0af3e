using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Nodes;

/// <summary>Who is on the emulated LAN with a node: made from the Nodes, never learned from frames, so that no frame can move an address to another host.</summary>
/// <param name="Peers">The other nodes, by name.</param>
/// <param name="Problems">What could not be, a sentence each.</param>
public sealed record LanPlan(IReadOnlyList<LanPeer> Peers, IReadOnlyList<string> Problems)
{
    /// <summary>Other nodes on one segment at most: as many remotes as a frame for all is sent to.</summary>
    public const int MaxPeers = Dataplane.Tunnels.VxlanFdb.MaxDefaults - 1;

    /// <summary>Makes it.</summary>
    /// <param name="self">The own node.</param>
    /// <param name="own">The own place, or null when the node has no segment.</param>
    /// <param name="nodes">All Nodes of the cluster.</param>
    public static LanPlan Of(string self, LanPeer? own, IEnumerable<V1Node> nodes)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        var peers = new List<LanPeer>();
        var problems = new List<string>();
        if (own is null)
            return new LanPlan(peers, problems);
        var macs = new Dictionary<MacAddress, string> { [own.Mac] = self };
        // Of two that claim one MAC the older Node keeps it, as with subnets.
        foreach (V1Node node in nodes.OrderBy(n => n.Metadata?.CreationTimestamp).ThenBy(n => n.Metadata?.Name, StringComparer.Ordinal))
        {
            LanPeer? peer = node.Metadata?.Name == self ? null : LanPeer.Read(node, out string? problem) ?? Note(problem);
            if (peer is null)
                continue;
            if (Refusal(own, peer, macs) is { } refusal)
                problems.Add($"Node {peer.NodeName}: {refusal}");
            else if (peers.Count == MaxPeers)
                problems.Add($"Node {peer.NodeName}: the LAN has {MaxPeers + 1} nodes, as many as it can");
            else
                peers.Add(peer);
        }

        peers.Sort((a, b) => string.CompareOrdinal(a.NodeName, b.NodeName));
        return new LanPlan(peers, problems);

        LanPeer? Note(string? problem)
        {
            if (problem is not null)
                problems.Add(problem);
            return null;
        }
    }

    private static string? Refusal(LanPeer own, LanPeer peer, Dictionary<MacAddress, string> macs)
    {
        if (own.Endpoint.Address.IsLoopback != peer.Endpoint.Address.IsLoopback)
        {
            return own.Endpoint.Address.IsLoopback
                ? $"its place on the LAN is {peer.Endpoint}, and this lab is closed: its underlay is loopback, which no other machine reaches. Start the hosts with --address on a real interface"
                : $"its place on the LAN is {peer.Endpoint}, a loopback address of another machine. Start it with --address on a real interface";
        }

        if (peer.Endpoint == own.Endpoint)
            return $"its place on the LAN is {peer.Endpoint}, which is this node's own";
        return macs.TryAdd(peer.Mac, peer.NodeName) ? null : $"its eth0 has MAC {peer.Mac}, which is {macs[peer.Mac]}'s. Give the host a state directory of its own";
    }
}
