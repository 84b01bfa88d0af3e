using System.Globalization;
using System.Text;
using System.Text.Json;
using ActorNet.Packets;
using k8s;
using k8s.Models;

namespace ActorNet.Cluster.Nodes;

/// <summary>A v1.Node read from JSON with what the registry looks at.</summary>
internal sealed class NodeDocument
{
    /// <summary>Which host runs the node; no other may register it.</summary>
    internal const string HostAnnotation = "actornet.io/host";

    private const int MaximumName = 253;

    private readonly V1Node _node;

    private NodeDocument(V1Node node, Ipv4Prefix? subnet)
    {
        _node = node;
        Subnet = subnet;
    }

    public string Name => _node.Metadata.Name;

    public Ipv4Prefix? Subnet { get; private set; }

    public string Host => _node.Metadata.Annotations is { } all && all.TryGetValue(HostAnnotation, out string? host) ? host : "";

    /// <summary>The revision the JSON carries, 0 when it carries none.</summary>
    public long ResourceVersion =>
        long.TryParse(_node.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out long revision) ? revision : 0;

    /// <summary>Reads JSON that anybody may have sent.</summary>
    public static NodeDocument? TryRead(byte[] json, out string reason)
    {
        V1Node? node;
        try
        {
            node = KubernetesJson.Deserialize<V1Node>(Encoding.UTF8.GetString(json));
        }
        catch (Exception exception) when (exception is JsonException or FormatException or ArgumentException or InvalidOperationException or NotSupportedException or OverflowException)
        {
            reason = $"The object is no v1.Node: {exception.Message}";
            return null;
        }
        reason = Defect(node, out Ipv4Prefix? subnet);
        return reason.Length == 0 ? new NodeDocument(node!, subnet) : null;
    }

    public void SetHost(string host)
    {
        if (host.Length == 0)
            return;
        _node.Metadata.Annotations ??= new Dictionary<string, string>();
        _node.Metadata.Annotations[HostAnnotation] = host;
    }

    public void SetSubnet(Ipv4Prefix subnet)
    {
        Subnet = subnet;
        _node.Spec ??= new V1NodeSpec();
        _node.Spec.PodCIDR = subnet.ToString();
        _node.Spec.PodCIDRs = [subnet.ToString()];
    }

    /// <summary>The JSON with a revision, or without any for comparing contents.</summary>
    public byte[] Write(long? revision)
    {
        _node.Metadata.ResourceVersion = revision?.ToString(CultureInfo.InvariantCulture);
        return Encoding.UTF8.GetBytes(KubernetesJson.Serialize(_node));
    }

    private static string Defect(V1Node? node, out Ipv4Prefix? subnet)
    {
        subnet = null;
        if (node is null)
            return "The object is null.";
        if (node.Kind is not (null or "" or "Node") || node.ApiVersion is not (null or "" or "v1"))
            return $"The object is a {node.ApiVersion} {node.Kind}, not a v1 Node.";
        string? name = node.Metadata?.Name;
        if (string.IsNullOrEmpty(name) || name.Length > MaximumName || !name.All(c => c is '-' or '.' or (>= 'a' and <= 'z') or (>= '0' and <= '9')))
            return $"metadata.name '{name}' is no DNS subdomain (RFC 1123).";
        if (string.IsNullOrEmpty(node.Spec?.PodCIDR))
            return "";
        if (!Ipv4Prefix.TryParse(node.Spec.PodCIDR, out Ipv4Prefix parsed) || !node.Spec.PodCIDR.Contains('/', StringComparison.Ordinal))
            return $"spec.podCIDR '{node.Spec.PodCIDR}' of node '{name}' is no IPv4 subnet, as 10.244.1.0/24.";
        subnet = parsed;
        return "";
    }
}
