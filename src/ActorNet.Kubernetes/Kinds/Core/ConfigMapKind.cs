using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>ConfigMaps (kubernetes pkg/registry/core/configmap).</summary>
public sealed class ConfigMapKind() : KindDescriptor("", "v1", "ConfigMap", "configmaps")
{
    /// <summary>The most bytes of all values together.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["cm"];

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
        [Column.ObjectName, Column.Count("Data", doc => doc.Entries("data").Count() + doc.Entries("binaryData").Count()), Column.Age];

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        long bytes = 0;
        foreach ((string key, string value) in doc.Entries("data"))
        {
            DataRules.Key(key, $"data[{key}]", errors);
            if (doc.Object("binaryData")?[key] is not null)
                errors.Invalid($"data[{key}]", key, "duplicate of key present in binaryData");
            bytes += Encoding.UTF8.GetByteCount(value);
        }

        foreach ((string key, string value) in doc.Entries("binaryData"))
        {
            DataRules.Key(key, $"binaryData[{key}]", errors);
            bytes += value.Length / 4 * 3;
        }

        if (bytes > MaxBytes)
            errors.TooLong("", MaxBytes);
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors) =>
        DataRules.Frozen(doc, old, ["data", "binaryData"], errors);
}

/// <summary>What ConfigMaps and Secrets have in common.</summary>
internal static class DataRules
{
    /// <summary>Checks a key.</summary>
    public static void Key(string key, string path, FieldErrors errors)
    {
        if (!ObjectNames.IsConfigKey(key))
            errors.Invalid(path, key, ObjectNames.ConfigKeyRule);
    }

    /// <summary>Refuses changes of an immutable object.</summary>
    public static void Frozen(JsonObject doc, JsonObject old, string[] fields, FieldErrors errors)
    {
        if (!old.Flag("immutable"))
            return;
        if (!doc.Flag("immutable"))
            errors.Forbidden("immutable", "field is immutable when `immutable` is set");
        foreach (string field in fields.Where(field => !JsonNode.DeepEquals(doc[field], old[field])))
            errors.Forbidden(field, "field is immutable when `immutable` is set");
    }
}
