using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Core;

/// <summary>Events in the form of events.k8s.io/v1: the same objects as those of core/v1, with other names of fields (kubernetes pkg/apis/events/v1/conversion.go).</summary>
public sealed class EventsV1Kind() : KindDescriptor("events.k8s.io", "v1", "Event", "events")
{
    private static readonly EventKind Core = new();

    // This form's name, and core's.
    private static readonly (string Here, string Core)[] Fields =
    [
        ("regarding", "involvedObject"), ("note", "message"), ("reportingController", "reportingComponent"), ("deprecatedSource", "source"),
        ("deprecatedFirstTimestamp", "firstTimestamp"), ("deprecatedLastTimestamp", "lastTimestamp"), ("deprecatedCount", "count"),
    ];

    private static readonly IReadOnlyDictionary<string, Func<JsonObject, string>> Selectable =
        new[] { "kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath" }.Select(field => $"regarding.{field}")
            .Concat(["reason", "reportingController", "type"]).ToDictionary(path => path, path => (Func<JsonObject, string>)(doc => doc.Text(path)));

    /// <inheritdoc/>
    public override KindDescriptor KeptAs => Core;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ShortNames => Core.ShortNames;

    /// <inheritdoc/>
    public override bool AllowsCreateOnUpdate => Core.AllowsCreateOnUpdate;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Func<JsonObject, string>> SelectableFields => Selectable;

    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } = [.. Core.Columns.Select(column => column with { Cell = (doc, now) => column.Cell(Renamed(doc.Copy(), toCore: true), now) })];

    /// <inheritdoc/>
    public override JsonObject ToKept(JsonObject doc) => Renamed(doc, toCore: true);

    /// <inheritdoc/>
    public override JsonObject FromKept(JsonObject kept) => Renamed(kept, toCore: false);

    /// <inheritdoc/>
    public override void PrepareForCreate(JsonObject doc)
    {
        // Checked here, because what was made in the other form may be changed in this one.
        var errors = new FieldErrors();
        EventRules.ValidateNew(Renamed(doc.Copy(), toCore: true), errors);
        if (!errors.IsEmpty)
            throw ApiErrors.Invalid(Group, Kind, doc.Text("metadata.name"), errors);
    }

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors) => EventRules.Validate(Renamed(doc.Copy(), toCore: true), "reportingController", errors);

    private static JsonObject Renamed(JsonObject doc, bool toCore)
    {
        foreach ((string here, string core) in Fields)
        {
            (string from, string to) = toCore ? (here, core) : (core, here);
            if (!doc.Remove(from, out JsonNode? value))
                continue;
            doc[to] = value;
        }

        return doc;
    }
}
