using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;

namespace ActorNet.Kubernetes.Kinds;

/// <summary>What a metav1.LabelSelector must be (apimachinery pkg/apis/meta/v1/validation).</summary>
internal static class SelectorRules
{
    /// <summary>Checks a selector.</summary>
    public static void Validate(JsonObject selector, string path, FieldErrors errors)
    {
        MetadataRules.Labels(selector.Object("matchLabels"), $"{path}.matchLabels", errors);
        int index = 0;
        foreach (JsonObject expression in selector.Objects("matchExpressions"))
        {
            string at = $"{path}.matchExpressions[{index++}]", op = expression.Text("operator");
            bool hasValues = expression.Texts("values").Any();
            if (op is "In" or "NotIn")
            {
                if (!hasValues)
                    errors.Required($"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'");
            }
            else if (op is "Exists" or "DoesNotExist")
            {
                if (hasValues)
                    errors.Forbidden($"{at}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
            }
            else
            {
                errors.Invalid($"{at}.operator", op, "not a valid selector operator");
            }

            if (!ObjectNames.IsQualifiedName(expression.Text("key")))
                errors.Invalid($"{at}.key", expression.Text("key"), ObjectNames.QualifiedNameRule);
        }
    }
}
