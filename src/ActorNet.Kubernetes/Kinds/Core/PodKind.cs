using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>Pods (kubernetes pkg/registry/core/pod).</summary>
/// <param name="tolerationSeconds">How long a pod stays on a node that is not ready or unreachable when it does not say (kube-apiserver --default-not-ready-toleration-seconds).</param>
public sealed class PodKind(long tolerationSeconds) : KindDescriptor("", "v1", "Pod", "pods")
{
    private const string OnlyTheseChange =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    private static readonly IReadOnlyDictionary<string, Func<JsonObject, string>> Selectable = new Dictionary<string, Func<JsonObject, string>>
    {
        ["spec.nodeName"] = doc => doc.Text("spec.nodeName"),
        ["spec.restartPolicy"] = doc => doc.Text("spec.restartPolicy"),
        ["spec.schedulerName"] = doc => doc.Text("spec.schedulerName"),
        ["spec.serviceAccountName"] = doc => doc.Text("spec.serviceAccountName"),
        ["spec.hostNetwork"] = doc => doc.Flag("spec.hostNetwork") ? "true" : "false",
        ["status.phase"] = doc => doc.Text("status.phase"),
        ["status.podIP"] = doc => doc.Text("status.podIP"),
        ["status.podIPs"] = doc => doc.Text("status.podIP"),
        ["status.nominatedNodeName"] = doc => doc.Text("status.nominatedNodeName"),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["po"];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool HasStatus => true;

    /// <inheritdoc/>
    public override bool TracksGeneration => true;

    /// <inheritdoc/>
    public override bool ReturnsDeletedObject => true;

    /// <inheritdoc/>
    public override IReadOnlyList<Subresource> Subresources =>
    [
        new("binding", "", "v1", "Binding", ["create"]),
        new("eviction", "policy", "v1", "Eviction", ["create"]),
        new("ephemeralcontainers", "", "v1", "Pod", ["get", "patch", "update"]),
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Text("Ready", PodSummary.Ready),
        Column.Text("Status", PodSummary.Status),
        new Column("Restarts", "string", "", 0, (doc, now) => PodSummary.Restarts(doc, now)),
        Column.Age,
        Column.Field("IP", "status.podIP", "<none>", 1),
        Column.Field("Node", "spec.nodeName", "<none>", 1),
        Column.Field("Nominated Node", "status.nominatedNodeName", "<none>", 1),
        Column.Text("Readiness Gates", PodSummary.ReadinessGates, 1),
    ];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<JsonObject, string>> SelectableFields => Selectable;

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        JsonObject spec = doc.Ensure("spec");
        PodSpecDefaults.Apply(spec);
        if (spec["enableServiceLinks"] is null)
            spec["enableServiceLinks"] = true;
        doc.Ensure("status").Default("phase", "Pending");
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject doc)
    {
        JsonObject spec = doc.Ensure("spec");
        spec.Default("serviceAccountName", "default");
        spec.Default("serviceAccount", spec.Text("serviceAccountName"));
        if (spec["priority"] is null)
            spec["priority"] = 0;
        spec.Default("preemptionPolicy", "PreemptLowerPriority");
        // Admission DefaultTolerationSeconds.
        Tolerate(spec, "node.kubernetes.io/not-ready", tolerationSeconds);
        Tolerate(spec, "node.kubernetes.io/unreachable", tolerationSeconds);
        doc["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = PodSummary.QualityOfService(spec) };
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors) => PodSpecRules.Validate(doc.Ensure("spec"), "spec", errors);

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        string[] lists = ["containers", "initContainers"];
        foreach (string list in lists)
        {
            if (doc.Objects($"spec.{list}").Count() != old.Objects($"spec.{list}").Count())
            {
                errors.Forbidden($"spec.{list}", "pod updates may not add or remove containers");
                return;
            }
        }

        JsonObject allowed = doc.Ensure("spec").Copy();
        JsonObject before = old.Ensure("spec");
        foreach (string list in lists)
        {
            foreach ((JsonObject mine, JsonObject other) in allowed.Objects(list).Zip(before.Objects(list)))
                mine["image"] = other.Text("image");
        }

        KeepTolerationsAdded(allowed, before, errors);
        foreach (string field in new[] { "activeDeadlineSeconds", "ephemeralContainers", "nodeName" })
            Take(allowed, before, field, doc, old, errors);
        if (!JsonNode.DeepEquals(allowed, before))
            errors.Forbidden("spec", OnlyTheseChange);
    }

    /// <inheritdoc/>
    public override long GracePeriodSeconds(JsonObject doc, long? asked)
    {
        // A pod that no kubelet has, or that is over, has nobody to wait for (pod strategy CheckGracefulDelete).
        if (doc.Text("spec.nodeName").Length == 0 || doc.Text("status.phase") is "Succeeded" or "Failed")
            return 0;
        long grace = asked ?? doc.Number("spec.terminationGracePeriodSeconds") ?? 0;
        return grace < 0 ? 1 : grace;
    }

    private static void Take(JsonObject allowed, JsonObject before, string field, JsonObject doc, JsonObject old, FieldErrors errors)
    {
        if (field == "activeDeadlineSeconds" && old.Number("spec.activeDeadlineSeconds") is long was && (doc.Number("spec.activeDeadlineSeconds") ?? long.MaxValue) > was)
        {
            errors.Invalid("spec.activeDeadlineSeconds", doc.Number("spec.activeDeadlineSeconds"), "must be less than or equal to previous value");
            return;
        }

        // A node is bound by the subresource; ephemeral containers come by theirs: here they must stay.
        if (field != "activeDeadlineSeconds")
            return;
        if (before[field] is { } value)
            allowed[field] = value.DeepClone();
        else
            allowed.Remove(field);
    }

    private static void KeepTolerationsAdded(JsonObject allowed, JsonObject before, FieldErrors errors)
    {
        JsonObject[] now = [.. allowed.Objects("tolerations")], then = [.. before.Objects("tolerations")];
        if (then.Any(old => !now.Any(each => JsonNode.DeepEquals(each, old))))
            errors.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
        else if (before["tolerations"] is { } tolerations)
            allowed["tolerations"] = tolerations.DeepClone();
        else
            allowed.Remove("tolerations");
    }

    private static void Tolerate(JsonObject spec, string key, long seconds)
    {
        bool has = spec.Objects("tolerations").Any(each =>
            (each.Text("key") == key || each.Text("key").Length == 0) && each.Text("effect") is "NoExecute" or "");
        if (has)
            return;
        if (spec["tolerations"] is not JsonArray list)
            spec["tolerations"] = list = [];
        list.Add(new JsonObject { ["key"] = key, ["operator"] = "Exists", ["effect"] = "NoExecute", ["tolerationSeconds"] = seconds });
    }
}
