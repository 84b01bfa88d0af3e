using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;

namespace ActorNet.Kubernetes.Kinds;

/// <summary>Values as upstream's messages show them: in Go's syntax (fmt's verb %#v).</summary>
internal static class GoSyntax
{
    /// <summary>A map[string]string.</summary>
    /// <param name="Value">The map, or null.</param>
    public sealed record Map(JsonObject? Value)
    {
        /// <inheritdoc/>
        public override string ToString() => Value is null
            ? "map[string]string(nil)"
            : $"map[string]string{{{string.Join(", ", Value.OrderBy(each => each.Key, StringComparer.Ordinal).Select(each => $"\"{each.Key}\":\"{each.Value}\""))}}}";
    }

    /// <summary>A []string.</summary>
    /// <param name="Value">The texts.</param>
    public sealed record Strings(IReadOnlyList<string> Value)
    {
        /// <inheritdoc/>
        public override string ToString() => $"[]string{{{string.Join(", ", Value.Select(each => $"\"{each}\""))}}}";
    }

    /// <summary>A metav1.LabelSelector.</summary>
    /// <param name="Value">The selector, or null.</param>
    public sealed record LabelSelector(JsonObject? Value)
    {
        /// <inheritdoc/>
        public override string ToString()
        {
            if (Value is null)
                return "null";
            string[] expressions = [.. Value.Objects("matchExpressions").Select(Expression)];
            string list = expressions.Length == 0 ? "[]v1.LabelSelectorRequirement(nil)" : $"[]v1.LabelSelectorRequirement{{{string.Join(", ", expressions)}}}";
            return $"v1.LabelSelector{{MatchLabels:{new Map(Value.Object("matchLabels"))}, MatchExpressions:{list}}}";
        }

        private static string Expression(JsonObject each)
        {
            string[] values = [.. each.Texts("values").Select(value => $"\"{value}\"")];
            string list = values.Length == 0 ? "[]string(nil)" : $"[]string{{{string.Join(", ", values)}}}";
            return $"v1.LabelSelectorRequirement{{Key:\"{each.Text("key")}\", Operator:\"{each.Text("operator")}\", Values:{list}}}";
        }
    }
}
