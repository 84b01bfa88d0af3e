using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Apps;

/// <summary>DaemonSets (kubernetes pkg/registry/apps/daemonset).</summary>
public sealed class DaemonSetKind() : WorkloadKind("DaemonSet", "daemonsets")
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ds"];

    /// <inheritdoc/>
    protected override bool HasScale => false;

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Number("Desired", "status.desiredNumberScheduled"),
        Column.Number("Current", "status.currentNumberScheduled"),
        Column.Number("Ready", "status.numberReady"),
        Column.Number("Up-to-date", "status.updatedNumberScheduled"),
        Column.Number("Available", "status.numberAvailable"),
        Column.Text("Node Selector", doc => Column.MapText(doc, "spec.template.spec.nodeSelector")),
        Column.Age,
        .. Column.ContainersAndImages("spec.template.spec"),
        Column.Selector(),
    ];

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        base.Default(doc);
        JsonObject spec = doc.Ensure("spec");
        DefaultRollingUpdate(spec.Ensure("updateStrategy"), maxUnavailable: 1, maxSurge: 0);
        if (spec["revisionHistoryLimit"] is null)
            spec["revisionHistoryLimit"] = 10;
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        base.Validate(doc, errors);
        PodSpecRules.OneOf(doc.Ensure("spec.updateStrategy"), "type", "spec.updateStrategy", errors, "OnDelete", "RollingUpdate");
    }
}
