using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>Events of core/v1 (kubernetes pkg/registry/core/event).</summary>
public sealed class EventKind() : KindDescriptor("", "v1", "Event", "events")
{
    private static readonly string[] ObjectFields = ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"];

    private static readonly IReadOnlyDictionary<string, Func<JsonObject, string>> Selectable =
        ObjectFields.ToDictionary(field => $"involvedObject.{field}", field => (Func<JsonObject, string>)(doc => doc.Text($"involvedObject.{field}")))
            .Concat(
            [
                KeyValuePair.Create<string, Func<JsonObject, string>>("reason", doc => doc.Text("reason")),
                KeyValuePair.Create<string, Func<JsonObject, string>>("reportingComponent", doc => doc.Text("reportingComponent")),
                KeyValuePair.Create<string, Func<JsonObject, string>>("source", Source),
                KeyValuePair.Create<string, Func<JsonObject, string>>("type", doc => doc.Text("type")),
            ]).ToDictionary();

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => ["ev"];

    /// <inheritdoc/>
    public override bool AllowsCreateOnUpdate => true;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<JsonObject, string>> SelectableFields => Selectable;

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        new Column("Last Seen", "string", "", 0, (doc, now) => Age.Since(LastSeen(doc), now)),
        Column.Field("Type", "type"),
        Column.Field("Reason", "reason"),
        Column.Text("Object", doc => $"{doc.Text("involvedObject.kind").ToLowerInvariant()}/{doc.Text("involvedObject.name")}"),
        Column.Field("Subobject", "involvedObject.fieldPath", "", 1),
        Column.Text("Source", doc => string.Join(", ", new[] { Source(doc), doc.Text("source.host") }.Where(each => each.Length > 0)), 1),
        Column.Text("Message", doc => doc.Text("message").Trim()),
        new Column("First Seen", "string", "", 1, (doc, now) => Age.Since(FirstSeen(doc), now)),
        new Column("Count", "string", "", 1, (doc, _) => (doc.Number("series.count") ?? doc.Number("count") ?? 1).ToString(System.Globalization.CultureInfo.InvariantCulture)),
        Column.ObjectName with { Format = "name", Priority = 1 },
    ];

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors) => EventRules.Validate(doc, "reportingComponent", errors);

    private static string Source(JsonObject doc) => doc.Text("source.component") is { Length: > 0 } source ? source : doc.Text("reportingComponent");

    private static string LastSeen(JsonObject doc) =>
        First(doc, "series.lastObservedTime", "lastTimestamp", "eventTime", "firstTimestamp");

    private static string FirstSeen(JsonObject doc) => First(doc, "firstTimestamp", "eventTime");

    private static string First(JsonObject doc, params string[] paths) => paths.Select(path => doc.Text(path)).FirstOrDefault(text => text.Length > 0) ?? "";
}
