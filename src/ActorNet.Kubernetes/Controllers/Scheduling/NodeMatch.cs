using System.Globalization;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Scheduling;

/// <summary>Whether a pod wants a node and bears its taints (k8s.io/component-helpers scheduling/corev1: nodeaffinity, helpers.go).</summary>
internal static class NodeMatch
{
    /// <summary>True when the node meets the pod's nodeSelector and required node affinity.</summary>
    public static bool IsWanted(V1PodSpec pod, V1Node node)
    {
        foreach ((string key, string value) in pod.NodeSelector ?? new Dictionary<string, string>())
        {
            if (LabelOf(node, key) != value)
                return false;
        }

        return pod.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms is not { } terms
            || terms.Any(term => Meets(term, node));
    }

    /// <summary>True when a node meets one term; an empty term is met by none.</summary>
    public static bool Meets(V1NodeSelectorTerm term, V1Node node)
    {
        IList<V1NodeSelectorRequirement> labels = term.MatchExpressions ?? [], fields = term.MatchFields ?? [];
        if (labels.Count == 0 && fields.Count == 0)
            return false;
        return labels.All(each => Holds(each, LabelOf(node, each.Key))) && fields.All(each => Holds(each, each.Key == "metadata.name" ? node.Metadata.Name : null));
    }

    /// <summary>The first taint with one of these effects that the tolerations do not cover; null: none.</summary>
    public static V1Taint? Untolerated(V1Node node, IList<V1Toleration>? tolerations, params ReadOnlySpan<string> effects)
    {
        foreach (V1Taint taint in node.Spec?.Taints ?? [])
        {
            if (effects.Contains(taint.Effect) && tolerations?.Any(each => Tolerates(each, taint)) != true)
                return taint;
        }

        return null;
    }

    /// <summary>True when a toleration covers a taint (v1.Toleration.ToleratesTaint).</summary>
    public static bool Tolerates(V1Toleration toleration, V1Taint taint)
    {
        if (!string.IsNullOrEmpty(toleration.Effect) && toleration.Effect != taint.Effect)
            return false;
        if (!string.IsNullOrEmpty(toleration.Key) && toleration.Key != taint.Key)
            return false;
        return toleration.OperatorProperty == "Exists" || (toleration.OperatorProperty is null or "" or "Equal" && (toleration.Value ?? "") == (taint.Value ?? ""));
    }

    private static string? LabelOf(V1Node node, string key) => node.Metadata.Labels is { } labels && labels.TryGetValue(key, out string? value) ? value : null;

    private static bool Holds(V1NodeSelectorRequirement requirement, string? value) => requirement.OperatorProperty switch
    {
        "In" => value is not null && requirement.Values.Contains(value),
        "NotIn" => value is null || !requirement.Values.Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Number(value) is { } number && Number(requirement.Values.FirstOrDefault()) is { } limit && number > limit,
        "Lt" => Number(value) is { } number && Number(requirement.Values.FirstOrDefault()) is { } limit && number < limit,
        _ => false,
    };

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : null;
}
