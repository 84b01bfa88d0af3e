using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>Namespaces (kubernetes pkg/registry/core/namespace).</summary>
public sealed class NamespaceKind() : KindDescriptor("", "v1", "Namespace", "namespaces")
{
    private static readonly IReadOnlyDictionary<string, Func<JsonObject, string>> Selectable =
        new Dictionary<string, Func<JsonObject, string>> { ["status.phase"] = doc => doc.Text("status.phase") };

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ns"];

    /// <inheritdoc/>
    public override bool IsNamespaced => false;

    /// <inheritdoc/>
    public override bool HasStatus => true;

    /// <inheritdoc/>
    public override NameRule Names => NameRule.Label;

    /// <inheritdoc/>
    public override IReadOnlyList<Subresource> Subresources => [new("finalize", "", "v1", "Namespace", ["update"])];

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } = [Column.ObjectName, Column.Field("Status", "status.phase"), Column.Age];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<JsonObject, string>> SelectableFields => Selectable;

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        if (doc.Text("metadata.name") is { Length: > 0 } name)
            doc.Ensure("metadata.labels")["kubernetes.io/metadata.name"] = name;
        doc.Ensure("status").Default("phase", "Active");
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject doc)
    {
        doc["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") };
        doc["status"] = new JsonObject { ["phase"] = "Active" };
    }

    /// <inheritdoc/>
    public override void PrepareForUpdate(JsonObject doc, JsonObject old) => doc["spec"] = old["spec"]?.DeepClone();

    /// <inheritdoc/>
    public override void PrepareForDelete(JsonObject doc) => doc.Ensure("status")["phase"] = "Terminating";

    /// <inheritdoc/>
    public override bool IsKept(JsonObject doc) => doc.Texts("spec.finalizers").Any();
}
