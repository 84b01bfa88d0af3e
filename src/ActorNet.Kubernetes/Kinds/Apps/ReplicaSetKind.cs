using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Apps;

/// <summary>ReplicaSets (kubernetes pkg/registry/apps/replicaset).</summary>
public sealed class ReplicaSetKind() : WorkloadKind("ReplicaSet", "replicasets")
{
    private static readonly IReadOnlyDictionary<string, Func<JsonObject, string>> Selectable = new Dictionary<string, Func<JsonObject, string>>
    {
        ["status.replicas"] = doc => (doc.Number("status.replicas") ?? 0).ToString(CultureInfo.InvariantCulture),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["rs"];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<JsonObject, string>> SelectableFields => Selectable;

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Number("Desired", "spec.replicas"),
        Column.Number("Current", "status.replicas"),
        Column.Number("Ready", "status.readyReplicas"),
        Column.Age,
        .. Column.ContainersAndImages("spec.template.spec"),
        Column.Selector(),
    ];
}
