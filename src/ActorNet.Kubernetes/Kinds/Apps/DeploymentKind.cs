using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Apps;

/// <summary>Deployments (kubernetes pkg/registry/apps/deployment).</summary>
public sealed class DeploymentKind() : WorkloadKind("Deployment", "deployments")
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["deploy"];

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Text("Ready", doc => $"{doc.Number("status.readyReplicas") ?? 0}/{doc.Number("spec.replicas") ?? 0}"),
        Column.Count("Up-to-date", doc => (int)(doc.Number("status.updatedReplicas") ?? 0)),
        Column.Count("Available", doc => (int)(doc.Number("status.availableReplicas") ?? 0)),
        Column.Age,
        .. Column.ContainersAndImages("spec.template.spec"),
        Column.Selector(),
    ];

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        base.Default(doc);
        JsonObject spec = doc.Ensure("spec");
        DefaultRollingUpdate(spec.Ensure("strategy"), maxUnavailable: "25%", maxSurge: "25%");
        if (spec["revisionHistoryLimit"] is null)
            spec["revisionHistoryLimit"] = 10;
        if (spec["progressDeadlineSeconds"] is null)
            spec["progressDeadlineSeconds"] = 600;
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        base.Validate(doc, errors);
        PodSpecRules.OneOf(doc.Ensure("spec.strategy"), "type", "spec.strategy", errors, "Recreate", "RollingUpdate");
        if (doc.Text("spec.strategy.type") == "Recreate" && doc.Object("spec.strategy.rollingUpdate") is not null)
            errors.Forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
        bool noSurge = IsZero(doc.At("spec.strategy.rollingUpdate.maxSurge")), noneUnavailable = IsZero(doc.At("spec.strategy.rollingUpdate.maxUnavailable"));
        if (noSurge && noneUnavailable)
            errors.Invalid("spec.strategy.rollingUpdate.maxUnavailable", doc.At("spec.strategy.rollingUpdate.maxUnavailable"), "may not be 0 when `maxSurge` is 0");
        if (doc.Number("spec.progressDeadlineSeconds") is long deadline && deadline <= (doc.Number("spec.minReadySeconds") ?? 0))
            errors.Invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
    }

    private static bool IsZero(JsonNode? value) => value?.ToString() is "0" or "0%";
}
