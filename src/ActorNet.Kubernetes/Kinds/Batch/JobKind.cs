using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Batch;

/// <summary>Jobs (kubernetes pkg/registry/batch/job).</summary>
public sealed class JobKind() : KindDescriptor("batch", "v1", "Job", "jobs")
{
    private const string ControllerUid = "batch.kubernetes.io/controller-uid", JobName = "batch.kubernetes.io/job-name";

    private static readonly IReadOnlyDictionary<string, Func<JsonObject, string>> Selectable = new Dictionary<string, Func<JsonObject, string>>
    {
        ["status.successful"] = doc => (doc.Number("status.succeeded") ?? 0).ToString(CultureInfo.InvariantCulture),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<string> Categories => ["all"];

    /// <inheritdoc/>
    public override bool HasStatus => true;

    /// <inheritdoc/>
    public override bool TracksGeneration => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<JsonObject, string>> SelectableFields => Selectable;

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Text("Status", StatusOf),
        Column.Text("Completions", Completions),
        new Column("Duration", "string", "", 0, (doc, now) => Duration(doc, now)),
        Column.Age,
        .. Column.ContainersAndImages("spec.template.spec"),
        Column.Selector(),
    ];

    /// <inheritdoc/>
    public override void Default(JsonObject doc)
    {
        JsonObject spec = doc.Ensure("spec");
        if (spec["completions"] is null && spec["parallelism"] is null)
            spec["completions"] = 1;
        if (spec["parallelism"] is null)
            spec["parallelism"] = 1;
        if (spec["backoffLimit"] is null)
            spec["backoffLimit"] = 6;
        if (spec["suspend"] is null)
            spec["suspend"] = false;
        spec.Default("completionMode", "NonIndexed");
        spec.Default("podReplacementPolicy", spec["podFailurePolicy"] is null ? "TerminatingOrFailed" : "Failed");
        if (spec["manualSelector"] is null)
            spec["manualSelector"] = false;
        PodSpecDefaults.Apply(spec.Ensure("template.spec"));
    }

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject doc)
    {
        doc["status"] = new JsonObject();
        if (doc.Flag("spec.manualSelector"))
            return;
        string uid = doc.Text("metadata.uid"), name = doc.Text("metadata.name");
        JsonObject labels = doc.Ensure("spec.template.metadata.labels");
        labels[ControllerUid] = uid;
        labels["controller-uid"] = uid;
        labels[JobName] = name;
        labels["job-name"] = name;
        doc.Ensure("spec")["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { [ControllerUid] = uid } };
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        foreach (string field in new[] { "parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished" })
        {
            if (doc.Number($"spec.{field}") is long value and < 0)
                errors.Invalid($"spec.{field}", value, "must be greater than or equal to 0");
        }

        PodSpecRules.OneOf(doc.Ensure("spec"), "completionMode", "spec", errors, "Indexed", "NonIndexed");
        JsonObject pod = doc.Ensure("spec.template.spec");
        PodSpecRules.Validate(pod, "spec.template.spec", errors);
        if (pod.Text("restartPolicy") == "Always")
            errors.Required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\"");
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        foreach (string field in new[] { "selector", "template", "completionMode", "podFailurePolicy" })
        {
            if (!JsonNode.DeepEquals(doc.At($"spec.{field}"), old.At($"spec.{field}")))
                errors.Invalid($"spec.{field}", doc.At($"spec.{field}")?.ToJsonString(), "field is immutable");
        }

        bool indexed = doc.Text("spec.completionMode") == "Indexed";
        if (!indexed && doc.Number("spec.completions") != old.Number("spec.completions"))
            errors.Invalid("spec.completions", doc.Number("spec.completions"), "field is immutable");
    }

    private static string StatusOf(JsonObject doc)
    {
        bool Has(string type) => doc.Objects("status.conditions").Any(each => each.Text("type") == type && each.Text("status") == "True");
        if (Has("Complete"))
            return "Complete";
        if (Has("Failed"))
            return "Failed";
        if (doc.Text("metadata.deletionTimestamp").Length > 0)
            return "Terminating";
        if (Has("Suspended"))
            return "Suspended";
        return Has("FailureTarget") ? "FailureTarget" : Has("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
    }

    private static string Completions(JsonObject doc)
    {
        long done = doc.Number("status.succeeded") ?? 0;
        if (doc.Number("spec.completions") is long wanted)
            return $"{done}/{wanted}";
        long parallel = doc.Number("spec.parallelism") ?? 0;
        return parallel > 1 ? $"{done}/1 of {parallel}" : $"{done}/1";
    }

    private static string Duration(JsonObject doc, DateTimeOffset now)
    {
        string start = doc.Text("status.startTime"), end = doc.Text("status.completionTime");
        if (start.Length == 0)
            return "";
        DateTimeOffset until = end.Length == 0 ? now : DateTimeOffset.Parse(end, CultureInfo.InvariantCulture);
        return Age.Since(start, until);
    }
}
