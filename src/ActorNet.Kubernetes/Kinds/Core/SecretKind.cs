using System.Text;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>Secrets (kubernetes pkg/registry/core/secret).</summary>
public sealed class SecretKind() : KindDescriptor("", "v1", "Secret", "secrets")
{
    private static readonly IReadOnlyDictionary<string, Func<JsonObject, string>> Selectable =
        new Dictionary<string, Func<JsonObject, string>> { ["type"] = doc => doc.Text("type") };

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
        [Column.ObjectName, Column.Field("Type", "type"), Column.Count("Data", doc => doc.Entries("data").Count()), Column.Age];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<JsonObject, string>> SelectableFields => Selectable;

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        doc.Default("type", "Opaque");
        // stringData is written only; it goes over data.
        foreach ((string key, string value) in doc.Entries("stringData").ToArray())
            doc.Ensure("data")[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
        doc.Remove("stringData");
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        long bytes = 0;
        foreach ((string key, string value) in doc.Entries("data"))
        {
            DataRules.Key(key, $"data[{key}]", errors);
            bytes += value.Length / 4 * 3;
        }

        if (bytes > ConfigMapKind.MaxBytes)
            errors.TooLong("data", ConfigMapKind.MaxBytes);
        foreach (string key in RequiredKeys(doc.Text("type")))
        {
            if (doc.Object("data")?[key] is null)
                errors.Required($"data[{key}]");
        }
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        if (doc.Text("type") != old.Text("type"))
            errors.Invalid("type", doc.Text("type"), "field is immutable");
        DataRules.Frozen(doc, old, ["data"], errors);
    }

    private static string[] RequiredKeys(string type) => type switch
    {
        "kubernetes.io/tls" => ["tls.crt", "tls.key"],
        "kubernetes.io/dockercfg" => [".dockercfg"],
        "kubernetes.io/dockerconfigjson" => [".dockerconfigjson"],
        "kubernetes.io/ssh-auth" => ["ssh-privatekey"],
        _ => [],
    };
}
