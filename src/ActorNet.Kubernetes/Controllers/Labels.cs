using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Selectors;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers;

/// <summary>Labels and selectors of models.</summary>
internal static class Labels
{
    /// <summary>A label's value, or empty.</summary>
    public static string Get(IKubernetesObject<V1ObjectMeta> model, string name) => model.Metadata.Labels is { } labels && labels.TryGetValue(name, out string? value) ? value : "";

    /// <summary>True when every entry of a Service's selector is among the labels; an empty selector selects nothing.</summary>
    public static bool Select(IDictionary<string, string>? selector, V1Pod pod) =>
        selector is { Count: > 0 } && selector.All(each => pod.Metadata.Labels is { } labels && labels.TryGetValue(each.Key, out string? value) && value == each.Value);

    /// <summary>The conditions of a workload's selector; null for one that selects nothing.</summary>
    public static LabelSelector? SelectorOf(V1LabelSelector? selector)
    {
        if (selector is null || (selector.MatchLabels is not { Count: > 0 } && selector.MatchExpressions is not { Count: > 0 }))
            return null;
        var requirements = (selector.MatchLabels ?? new Dictionary<string, string>()).Select(each => new LabelRequirement(each.Key, LabelOperator.In, [each.Value])).ToList();
        foreach (V1LabelSelectorRequirement each in selector.MatchExpressions ?? [])
        {
            if (Enum.TryParse(each.OperatorProperty, out LabelOperator op))
                requirements.Add(new LabelRequirement(each.Key, op, [.. each.Values ?? []]));
        }

        return new LabelSelector(requirements);
    }

    /// <summary>True when labels meet a selector; one that is null selects nothing.</summary>
    public static bool Meet(LabelSelector? selector, IDictionary<string, string>? labels)
    {
        if (selector is null)
            return false;
        var document = new JsonObject();
        foreach ((string key, string value) in labels ?? new Dictionary<string, string>())
            document[key] = value;
        return selector.Matches(document);
    }
}
