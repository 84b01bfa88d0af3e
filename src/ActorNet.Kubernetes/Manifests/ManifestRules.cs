using ActorNet.Kubernetes.Nodes;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Manifests;

/// <summary>What a Pod manifest must have (Kubernetes pkg/apis/core/validation), and what is not emulated yet.</summary>
internal static class PodRules
{
    private const string DefaultNamespace = "default";

    public static string SubjectOf(V1Pod pod) => $"Pod {pod.Metadata?.NamespaceProperty ?? DefaultNamespace}/{pod.Metadata?.Name}";

    /// <summary>Checks a pod and fills its namespace in.</summary>
    public static void Check(V1Pod pod, ManifestDocument document, List<ManifestProblem> problems)
    {
        if (string.IsNullOrEmpty(pod.Metadata?.Name))
        {
            problems.Add(document.Problem("Pod", "metadata.name is missing", "a name", "Add metadata.name; generateName needs the API server."));
            return;
        }

        pod.Metadata.NamespaceProperty ??= DefaultNamespace;
        string subject = SubjectOf(pod);
        void Add(string found, string expected, string remedy) => problems.Add(document.Problem(subject, found, expected, remedy));
        if (!DnsNames.IsSubdomain(pod.Metadata.Name))
            Add($"metadata.name is '{pod.Metadata.Name}'", DnsNames.SubdomainRule, "Rename the pod.");
        if (!DnsNames.IsLabel(pod.Metadata.NamespaceProperty))
            Add($"metadata.namespace is '{pod.Metadata.NamespaceProperty}'", DnsNames.LabelRule, "Rename the namespace.");
        if (pod.Spec?.Containers is not { Count: > 0 } containers)
        {
            Add("spec.containers is missing or empty", "at least one container", "Add a container with name and image.");
            return;
        }

        var names = new HashSet<string>(StringComparer.Ordinal);
        CheckContainers(pod.Spec.InitContainers ?? [], "spec.initContainers", names, Add);
        CheckContainers(containers, "spec.containers", names, Add);
    }

    private static void CheckContainers(IList<V1Container> containers, string list, HashSet<string> names, Action<string, string, string> add)
    {
        for (int i = 0; i < containers.Count; i++)
        {
            V1Container? container = containers[i];
            string path = $"{list}[{i}]";
            if (container is null || string.IsNullOrEmpty(container.Name))
                add($"{path}.name is missing", "a name", "Name the container.");
            else if (!DnsNames.IsLabel(container.Name))
                add($"{path}.name is '{container.Name}'", DnsNames.LabelRule, "Rename the container.");
            else if (!names.Add(container.Name))
                add($"{path}.name '{container.Name}' stands twice", "a name of its own for each container", "Rename one of the two.");
            if (container is not null && string.IsNullOrEmpty(container.Image))
                add($"{path}.image is missing", "an image", "Name an image, as busybox: it selects the built-in workload.");
        }
    }
}

/// <summary>What a Node manifest must have.</summary>
internal static class NodeRules
{
    public static string SubjectOf(V1Node node) => $"Node {node.Metadata?.Name}";

    public static void Check(V1Node node, ManifestDocument document, List<ManifestProblem> problems)
    {
        if (string.IsNullOrEmpty(node.Metadata?.Name))
        {
            problems.Add(document.Problem("Node", "metadata.name is missing", "a name", "Add metadata.name."));
            return;
        }

        string subject = SubjectOf(node);
        void Add(string found, string expected, string remedy) => problems.Add(document.Problem(subject, found, expected, remedy));
        if (!DnsNames.IsSubdomain(node.Metadata.Name))
            Add($"metadata.name is '{node.Metadata.Name}'", DnsNames.SubdomainRule, "Rename the node.");
        string? cidr = node.Spec?.PodCIDR;
        if (cidr is not null && (!cidr.Contains('/', StringComparison.Ordinal) || !Ipv4Prefix.TryParse(cidr, out _)))
            Add($"spec.podCIDR is '{cidr}'", "an IPv4 prefix, as 10.244.9.0/24", "Mend it, or leave it out to have one allocated.");
        if (cidr is not null && node.Spec?.PodCIDRs is { Count: > 0 } all && all[0] != cidr)
            Add($"spec.podCIDRs begins with '{all[0]}' and spec.podCIDR is '{cidr}'", "the same", "Leave podCIDRs out.");
        // Without a podCIDR the lease is not complete yet: the rest is judged when one is allocated.
        if (!string.IsNullOrEmpty(cidr) && FlannelAnnotations.Read(node) is { State: FlannelNodeState.Malformed } malformed)
            Add(malformed.Reason, "flannel's annotations of a vxlan node", "Mend the annotation, or remove all of flannel's.");
    }
}

/// <summary>Names of objects (Kubernetes apimachinery pkg/util/validation: RFC 1123 labels and subdomains).</summary>
internal static class DnsNames
{
    public const string LabelRule = "lower-case letters, digits and '-', at most 63, beginning and ending with a letter or digit,";

    public const string SubdomainRule = "lower-case letters, digits, '-' and '.', at most 253, each part beginning and ending with a letter or digit,";

    public static bool IsLabel(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 63 || text[0] == '-' || text[^1] == '-')
            return false;
        foreach (char c in text)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
                return false;
        }

        return true;
    }

    // A subdomain's parts have no limit of their own in Kubernetes, only the whole.
    public static bool IsSubdomain(string text) =>
        text.Length <= 253 && text.Split('.').All(part => part.Length > 0 && part[0] != '-' && part[^1] != '-' && part.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'));
}
