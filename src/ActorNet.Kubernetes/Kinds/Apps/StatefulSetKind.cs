using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Apps;

/// <summary>StatefulSets (kubernetes pkg/registry/apps/statefulset).</summary>
public sealed class StatefulSetKind() : WorkloadKind("StatefulSet", "statefulsets")
{
    private const string OnlyTheseChange =
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

    private static readonly string[] Changeable =
        ["replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds", "revisionHistoryLimit"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["sts"];

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Text("Ready", doc => $"{doc.Number("status.readyReplicas") ?? 0}/{doc.Number("spec.replicas") ?? 0}"),
        Column.Age,
        .. Column.ContainersAndImages("spec.template.spec"),
    ];

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        base.Default(doc);
        JsonObject spec = doc.Ensure("spec"), strategy = spec.Ensure("updateStrategy"), retention = spec.Ensure("persistentVolumeClaimRetentionPolicy");
        spec.Default("podManagementPolicy", "OrderedReady");
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate" && strategy.Ensure("rollingUpdate")["partition"] is null)
            strategy.Ensure("rollingUpdate")["partition"] = 0;
        retention.Default("whenDeleted", "Retain");
        retention.Default("whenScaled", "Retain");
        if (spec["revisionHistoryLimit"] is null)
            spec["revisionHistoryLimit"] = 10;
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        base.Validate(doc, errors);
        PodSpecRules.OneOf(doc.Ensure("spec.updateStrategy"), "type", "spec.updateStrategy", errors, "OnDelete", "RollingUpdate");
        if (doc.Text("spec.podManagementPolicy") is var policy && policy is not ("OrderedReady" or "Parallel"))
            errors.Invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'");
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        JsonObject now = doc.Ensure("spec").Copy(), then = old.Ensure("spec").Copy();
        foreach (string field in Changeable)
        {
            now.Remove(field);
            then.Remove(field);
        }

        if (!JsonNode.DeepEquals(now, then))
            errors.Forbidden("spec", OnlyTheseChange);
    }
}
