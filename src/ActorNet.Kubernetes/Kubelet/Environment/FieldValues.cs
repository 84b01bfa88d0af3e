using System.Globalization;
using System.Text;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Environment;

/// <summary>What fieldRef and resourceFieldRef say (kubernetes pkg/fieldpath, pkg/api/v1/resource/helpers.go, pkg/kubelet/kubelet_pods.go).</summary>
public static class FieldValues
{
    /// <summary>A field of a pod, or null where the path names none.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="place">Where it is.</param>
    /// <param name="path">Such as metadata.labels['app'].</param>
    public static string? OfPod(V1Pod pod, PodPlace place, string path)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(path);
        if (Subscript(path, "metadata.labels") is { } label)
            return Value(pod.Metadata.Labels, label);
        if (Subscript(path, "metadata.annotations") is { } annotation)
            return Value(pod.Metadata.Annotations, annotation);
        return path switch
        {
            "metadata.name" => pod.Metadata.Name,
            "metadata.namespace" => pod.Metadata.NamespaceProperty,
            "metadata.uid" => pod.Metadata.Uid,
            "metadata.labels" => Lines(pod.Metadata.Labels),
            "metadata.annotations" => Lines(pod.Metadata.Annotations),
            "spec.nodeName" => place.NodeName,
            "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? "",
            "status.hostIP" or "status.hostIPs" => place.HostIp,
            "status.podIP" or "status.podIPs" => place.PodIp ?? "",
            _ => null,
        };
    }

    /// <summary>A resource of a container in units of a divisor, rounded up; null where the path names none.</summary>
    /// <param name="container">The container.</param>
    /// <param name="place">Where it is: what the node has stands for a limit that is not set.</param>
    /// <param name="resource">Such as limits.cpu.</param>
    /// <param name="divisor">Divisor; null or zero for 1.</param>
    public static string? OfResource(V1Container container, PodPlace place, string resource, ResourceQuantity? divisor)
    {
        ArgumentNullException.ThrowIfNull(container);
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(resource);
        int dot = resource.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0 || resource[..dot] is not ("limits" or "requests") || Capacity(place.Settings, resource[(dot + 1)..]) is not { } capacity)
            return null;
        string name = resource[(dot + 1)..];
        bool isLimit = resource[0] == 'l';
        ResourceQuantity? quantity = Find(isLimit ? container.Resources?.Limits : container.Resources?.Requests, name);
        decimal value = quantity?.ToDecimal() ?? (isLimit ? capacity : 0);
        decimal unit = divisor?.ToDecimal() is { } given && given > 0 ? given : 1;
        return Math.Ceiling(value / unit).ToString("0", CultureInfo.InvariantCulture);
    }

    private static decimal? Capacity(KubeletSettings settings, string name) => name switch
    {
        "cpu" => settings.Cpus,
        "memory" => settings.MemoryBytes,
        "ephemeral-storage" => settings.StorageBytes,
        _ => name.StartsWith("hugepages-", StringComparison.Ordinal) ? 0 : null,
    };

    private static ResourceQuantity? Find(IDictionary<string, ResourceQuantity>? list, string name) =>
        list is not null && list.TryGetValue(name, out ResourceQuantity? quantity) ? quantity : null;

    private static string? Subscript(string path, string of) =>
        path.StartsWith(of + "['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal) ? path[(of.Length + 2)..^2] : null;

    private static string Value(IDictionary<string, string>? map, string key) => map is not null && map.TryGetValue(key, out string? value) ? value : "";

    // FormatMap: one quoted value a line, sorted, with an end of line after the last too.
    private static string Lines(IDictionary<string, string>? map)
    {
        var lines = new StringBuilder();
        foreach ((string key, string value) in (map ?? new Dictionary<string, string>()).OrderBy(static e => e.Key, StringComparer.Ordinal))
            lines.Append(key).Append('=').Append(Quote(value)).Append('\n');
        return lines.ToString();
    }

    // strconv.Quote for what annotations hold.
    private static string Quote(string value)
    {
        var quoted = new StringBuilder("\"");
        foreach (char c in value)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\t' => "\\t",
                '\r' => "\\r",
                < ' ' or '\x7f' => $"\\x{(int)c:x2}",
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
