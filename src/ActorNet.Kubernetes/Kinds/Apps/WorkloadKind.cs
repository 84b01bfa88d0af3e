using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Selectors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Apps;

/// <summary>What the kinds with a selector and a pod template have in common.</summary>
public abstract class WorkloadKind : KindDescriptor
{
    /// <summary>Names the kind, in group apps.</summary>
    protected WorkloadKind(string kind, string plural)
        : base("apps", "v1", kind, plural)
    {
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool HasStatus => true;

    /// <inheritdoc/>
    public override bool TracksGeneration => true;

    /// <summary>True when replicas can be set through the scale subresource.</summary>
    protected virtual bool HasScale => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Subresource> Subresources => HasScale ? [new("scale", "autoscaling", "v1", "Scale", ["get", "patch", "update"])] : [];

    /// <inheritdoc/>
    public override Func<JsonObject, string>? ScaleSelector =>
        HasScale ? doc => Column.SelectorText(doc.Object("spec.selector")) is var text && text == "<none>" ? "" : text : null;

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        JsonObject spec = doc.Ensure("spec");
        if (HasScale && spec["replicas"] is null)
            spec["replicas"] = 1;
        PodSpecDefaults.Apply(spec.Ensure("template.spec"));
    }

    /// <summary>Fills in how pods are replaced: a rolling update, with these bounds where none are given.</summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="maxUnavailable">Pods that may be missing: a number or a percentage.</param>
    /// <param name="maxSurge">Pods that may be there besides: a number or a percentage.</param>
    protected static void DefaultRollingUpdate(JsonObject strategy, JsonNode maxUnavailable, JsonNode maxSurge)
    {
        ArgumentNullException.ThrowIfNull(strategy);
        strategy.Default("type", "RollingUpdate");
        if (strategy.Text("type") != "RollingUpdate")
            return;
        JsonObject rolling = strategy.Ensure("rollingUpdate");
        rolling.Default("maxUnavailable", maxUnavailable);
        rolling.Default("maxSurge", maxSurge);
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        if (HasScale && doc.Number("spec.replicas") is long replicas and < 0)
            errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        if (doc.Number("spec.minReadySeconds") is long ready and < 0)
            errors.Invalid("spec.minReadySeconds", ready, "must be greater than or equal to 0");
        if (doc.Number("spec.revisionHistoryLimit") is long limit and < 0)
            errors.Invalid("spec.revisionHistoryLimit", limit, "must be greater than or equal to 0");
        SelectorAndTemplate(doc, errors);
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(doc.At("spec.selector"), old.At("spec.selector")))
            errors.Invalid("spec.selector", new GoSyntax.LabelSelector(doc.Object("spec.selector")), "field is immutable");
    }

    private void SelectorAndTemplate(JsonObject doc, FieldErrors errors)
    {
        JsonObject? selector = doc.Object("spec.selector");
        JsonObject? labels = doc.Object("spec.template.metadata.labels");
        if (selector is null)
            errors.Required("spec.selector");
        else if (selector.Count == 0)
            errors.Invalid("spec.selector", new GoSyntax.LabelSelector(selector), $"empty selector is invalid for {Singular}");
        else
            SelectorRules.Validate(selector, "spec.selector", errors);
        MetadataRules.Labels(labels, "spec.template.labels", errors);
        if (selector is not null && !LabelSelector.FromDocument(selector).Matches(labels))
            errors.Invalid("spec.template.metadata.labels", new GoSyntax.Map(labels), "`selector` does not match template `labels`");
        JsonObject spec = doc.Ensure("spec.template.spec");
        PodSpecRules.Validate(spec, "spec.template.spec", errors);
        if (spec.Text("restartPolicy") is var policy && policy is not ("" or "Always"))
            errors.NotSupported("spec.template.spec.restartPolicy", policy, "Always");
        if (spec["activeDeadlineSeconds"] is not null)
            errors.Forbidden("spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported");
    }
}
