using System.Globalization;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Nodes;

/// <summary>A node's place on the emulated LAN between nodes.</summary>
/// <param name="NodeName">The Node's name.</param>
/// <param name="Mac">MAC of the node's eth0.</param>
/// <param name="Endpoint">Where the segment's datagrams for the node really go.</param>
/// <param name="Address">The node's InternalIP, or null when the Node names none yet.</param>
public sealed record LanPeer(string NodeName, MacAddress Mac, UnderlayEndpoint Endpoint, Ipv4Address? Address)
{
    /// <summary>The annotation by which a Node says where its eth0 is plugged in: MAC@address:port, as 02:1c:42:00:00:08@127.0.10.1:8473.</summary>
    public const string Annotation = "actornet.dev/lan";

    /// <summary>The annotation's value.</summary>
    public override string ToString() => $"{Mac}@{Endpoint}";

    /// <summary>Writes the place into a Node.</summary>
    /// <param name="node">The Node, changed in place; never one from a cache.</param>
    /// <param name="mac">MAC of its eth0.</param>
    /// <param name="endpoint">Where its datagrams go.</param>
    public static void Write(V1Node node, MacAddress mac, UnderlayEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(node);
        node.Metadata ??= new V1ObjectMeta();
        node.Metadata.Annotations ??= new Dictionary<string, string>();
        node.Metadata.Annotations[Annotation] = $"{mac}@{endpoint}";
    }

    /// <summary>Reads a Node's place.</summary>
    /// <param name="node">The Node; it is not changed.</param>
    /// <param name="problem">What is wrong with the annotation, or null.</param>
    /// <returns>The place, or null when the Node has none: it is no host of ours, or what it says cannot be.</returns>
    public static LanPeer? Read(V1Node node, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(node);
        problem = null;
        if (node.Metadata?.Annotations is not { } annotations || !annotations.TryGetValue(Annotation, out string? text) || node.Metadata.Name is not { Length: > 0 } name)
            return null;
        int at = text?.IndexOf('@', StringComparison.Ordinal) ?? -1;
        int colon = text?.LastIndexOf(':') ?? -1;
        if (at > 0 && colon > at
            && MacAddress.TryParse(text![..at], out MacAddress mac) && mac.IsValidUnicast
            && Ipv4Address.TryParse(text[(at + 1)..colon], out Ipv4Address address) && !address.IsAny && !address.IsMulticast && !address.IsLimitedBroadcast
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0)
            return new LanPeer(name, mac, new UnderlayEndpoint(address, port), InternalIp(node));
        problem = $"Node {name}: annotation {Annotation} is \"{Shown(text)}\"; MAC@address:port was expected, as 02:1c:42:00:00:08@127.0.10.1:8473";
        return null;
    }

    private static Ipv4Address? InternalIp(V1Node node) =>
        node.Status?.Addresses?.FirstOrDefault(a => a.Type == "InternalIP")?.Address is { } text && Ipv4Address.TryParse(text, out Ipv4Address address) ? address : null;

    private static string Shown(string? text) => text is { Length: > 100 } ? text[..100] + "..." : text ?? "";
}
