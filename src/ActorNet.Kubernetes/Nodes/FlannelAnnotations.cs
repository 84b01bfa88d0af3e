using System.Globalization;
using System.Text.Json;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Nodes;

/// <summary>What a Node says about itself as a tunnel peer.</summary>
public enum FlannelNodeState
{
    /// <summary>A peer with a lease.</summary>
    Peer,

    /// <summary>No peer, and not meant to be one.</summary>
    NotPeer,

    /// <summary>Meant to be a peer, but something is missing or wrong.</summary>
    Malformed,
}

/// <summary>The answer of <see cref="FlannelAnnotations.Read"/>.</summary>
/// <param name="State">Peer, none, or malformed.</param>
/// <param name="Lease">The lease of a peer, else null.</param>
/// <param name="Reason">Why there is no lease, for people; empty for a peer.</param>
public sealed record FlannelNode(FlannelNodeState State, FlannelLease? Lease, string Reason);

/// <summary>
/// Flannel's contract on a Node (flannel pkg/subnet/kube/kube.go nodeToLease and handleAddLeaseEvent, annotations.go): whoever writes these
/// annotations is a peer, be it this program, flanneld or an administrator with a kernel device.
/// </summary>
public static class FlannelAnnotations
{
    /// <summary>"true" on every node that flannel's kube subnet manager runs for.</summary>
    public const string KubeSubnetManager = "flannel.alpha.coreos.com/kube-subnet-manager";

    /// <summary>"vxlan" here; nodes with another backend are no peers.</summary>
    public const string BackendType = "flannel.alpha.coreos.com/backend-type";

    /// <summary>JSON with VNI and VtepMAC, in this order.</summary>
    public const string BackendData = "flannel.alpha.coreos.com/backend-data";

    /// <summary>The VTEP's address. Peers read this one only.</summary>
    public const string PublicIp = "flannel.alpha.coreos.com/public-ip";

    /// <summary>An administrator's wish: the node itself publishes this address as its public-ip.</summary>
    public const string PublicIpOverwrite = "flannel.alpha.coreos.com/public-ip-overwrite";

    /// <summary>Not flannel's: where the VTEP's datagrams really go, address:port, in labs whose node addresses no machine has.</summary>
    public const string Underlay = "actornet.dev/underlay";

    private const string VxlanBackend = "vxlan";

    // A VNI and a MAC need about 50 characters; a hostile annotation may have a quarter of a megabyte.
    private const int MaxBackendDataLength = 1024;

    /// <summary>Reads a Node's lease.</summary>
    /// <param name="node">The Node; it is not changed.</param>
    public static FlannelNode Read(V1Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        string name = node.Metadata?.Name ?? "";
        if (name.Length == 0)
            return Malformed("the Node has no metadata.name");
        IDictionary<string, string> annotations = node.Metadata?.Annotations ?? new Dictionary<string, string>();
        if (Get(annotations, KubeSubnetManager) != "true")
            return NotPeer($"Node {name}: annotation {KubeSubnetManager} is not \"true\"");
        string backend = Get(annotations, BackendType);
        if (backend != VxlanBackend)
            return NotPeer($"Node {name}: annotation {BackendType} is \"{backend}\"; only \"{VxlanBackend}\" is tunnelled");
        if (ReadPodCidr(node, name, out Ipv4Prefix cidr) is { } noCidr)
            return Malformed(noCidr);
        if (!Ipv4Address.TryParse(Get(annotations, PublicIp), out Ipv4Address address) || address.IsAny || address.IsMulticast || address.IsLimitedBroadcast)
            return Malformed($"Node {name}: annotation {PublicIp} is \"{Get(annotations, PublicIp)}\"; a unicast IPv4 address was expected, as 192.168.56.11");
        if (ReadBackendData(Get(annotations, BackendData), out int vni, out MacAddress mac) is { } badData)
            return Malformed($"Node {name}: annotation {BackendData} {badData}");
        UnderlayEndpoint? underlay = null;
        if (annotations.TryGetValue(Underlay, out string? text))
        {
            if (!TryReadEndpoint(text, out UnderlayEndpoint endpoint))
                return Malformed($"Node {name}: annotation {Underlay} is \"{text}\"; address:port was expected, as 127.0.10.1:8472");
            underlay = endpoint;
        }

        return new FlannelNode(FlannelNodeState.Peer, new FlannelLease(name, cidr, address, mac, vni, underlay), "");
    }

    /// <summary>
    /// Writes a lease into a Node: the annotations, and podCIDR where the creator gave none. A <see cref="PublicIpOverwrite"/> that the Node
    /// carries is obeyed, as flanneld does for its own node.
    /// </summary>
    /// <param name="node">The Node, changed in place; never one from a cache.</param>
    /// <param name="lease">The lease.</param>
    /// <exception cref="ArgumentException">The Node has another name or another podCIDR, or an overwrite that is no address.</exception>
    public static void Write(V1Node node, FlannelLease lease)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(lease);
        node.Metadata ??= new V1ObjectMeta();
        node.Metadata.Name ??= lease.NodeName;
        if (node.Metadata.Name != lease.NodeName)
            throw new ArgumentException($"The lease of {lease.NodeName} does not belong to Node {node.Metadata.Name}.", nameof(lease));
        string cidr = lease.PodCidr.ToString();
        node.Spec ??= new V1NodeSpec();
        if (!string.IsNullOrEmpty(node.Spec.PodCIDR) && node.Spec.PodCIDR != cidr)
            throw new ArgumentException($"Node {lease.NodeName} has podCIDR {node.Spec.PodCIDR}; it never changes, so the lease for {cidr} cannot be written.", nameof(lease));
        node.Metadata.Annotations ??= new Dictionary<string, string>();
        IDictionary<string, string> annotations = node.Metadata.Annotations;
        Ipv4Address address = lease.PublicIp;
        string overwrite = Get(annotations, PublicIpOverwrite);
        if (overwrite.Length > 0 && !Ipv4Address.TryParse(overwrite, out address))
            throw new ArgumentException($"Node {lease.NodeName}: annotation {PublicIpOverwrite} is \"{overwrite}\"; an IPv4 address was expected.", nameof(node));
        node.Spec.PodCIDR = cidr;
        node.Spec.PodCIDRs ??= [cidr];
        annotations[KubeSubnetManager] = "true";
        annotations[BackendType] = VxlanBackend;
        annotations[BackendData] = string.Create(CultureInfo.InvariantCulture, $"{{\"VNI\":{lease.Vni},\"VtepMAC\":\"{lease.VtepMac}\"}}");
        annotations[PublicIp] = address.ToString();
        if (lease.UnderlayOverride is { } underlay)
            annotations[Underlay] = underlay.ToString();
        else
            annotations.Remove(Underlay);
    }

    private static bool TryReadEndpoint(string text, out UnderlayEndpoint endpoint)
    {
        endpoint = default;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0
            || !Ipv4Address.TryParse(text[..colon], out Ipv4Address address) || address.IsAny || address.IsMulticast || address.IsLimitedBroadcast
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
            return false;
        endpoint = new UnderlayEndpoint(address, port);
        return true;
    }

    private static string? ReadPodCidr(V1Node node, string name, out Ipv4Prefix cidr)
    {
        cidr = default;
        // A dual-stack Node lists one of each family; the IPv4 one counts, wherever it stands.
        string? text = node.Spec?.PodCIDRs?.FirstOrDefault(c => c is not null && !c.Contains(':', StringComparison.Ordinal)) ?? node.Spec?.PodCIDR;
        if (string.IsNullOrEmpty(text))
            return $"Node {name}: spec.podCIDR is empty; it is allocated when the Node is created, or give one";
        if (!text.Contains('/', StringComparison.Ordinal) || !Ipv4Prefix.TryParse(text, out cidr) || cidr.Length is < 8 or > 30 || cidr.Network.IsMulticast)
            return $"Node {name}: spec.podCIDR is \"{text}\"; an IPv4 prefix of 8 to 30 bits was expected, as 10.244.1.0/24";
        return null;
    }

    private static string? ReadBackendData(string json, out int vni, out MacAddress mac)
    {
        vni = FlannelLease.DefaultVni;
        mac = default;
        const string expected = "{\"VNI\":1,\"VtepMAC\":\"5e:f4:68:83:7d:01\"} was expected";
        if (json.Length is 0 or > MaxBackendDataLength)
            return json.Length == 0 ? $"is missing; {expected}" : $"has {json.Length} characters; {expected}";
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return $"is no JSON object; {expected}";
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                // Go's decoder takes field names in any case.
                if (property.Name.Equals("VNI", StringComparison.OrdinalIgnoreCase)
                    && (property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetInt32(out vni) || vni is < 1 or > 0xFF_FFFF))
                    return $"has VNI {property.Value.GetRawText()}; 1 to 16777215 was expected";
                if (property.Name.Equals("VtepMAC", StringComparison.OrdinalIgnoreCase)
                    && (property.Value.ValueKind != JsonValueKind.String || !MacAddress.TryParse(property.Value.GetString(), out mac) || !mac.IsValidUnicast))
                    return $"has VtepMAC {property.Value.GetRawText()}; a unicast MAC address was expected, as 5e:f4:68:83:7d:01";
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return $"is no JSON ({e.Message}); {expected}";
        }

        return mac.IsZero ? $"has no VtepMAC; {expected}" : null;
    }

    private static string Get(IDictionary<string, string> annotations, string key) => annotations.TryGetValue(key, out string? value) ? value ?? "" : "";

    private static FlannelNode NotPeer(string reason) => new(FlannelNodeState.NotPeer, null, reason);

    private static FlannelNode Malformed(string reason) => new(FlannelNodeState.Malformed, null, reason);
}
