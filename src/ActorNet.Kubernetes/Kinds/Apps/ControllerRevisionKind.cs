using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;
using ActorNet.Kubernetes.Tables;

namespace ActorNet.Kubernetes.Kinds.Apps;

/// <summary>ControllerRevisions: the templates that a DaemonSet or StatefulSet had (kubernetes pkg/registry/apps/controllerrevision).</summary>
public sealed class ControllerRevisionKind() : KindDescriptor("apps", "v1", "ControllerRevision", "controllerrevisions")
{
    /// <inheritdoc/>
    public override IReadOnlyList<Column> Columns { get; } =
    [
        Column.ObjectName,
        Column.Text("Controller", Controller),
        Column.Number("Revision", "revision"),
        Column.Age,
    ];

    /// <inheritdoc/>
    public override void Validate(JsonObject doc, FieldErrors errors)
    {
        if (doc.Number("revision") is long revision and < 0)
            errors.Invalid("revision", revision, "must be greater than or equal to 0");
        if (doc["data"] is null)
            errors.Required("data", "data is mandatory");
    }

    /// <inheritdoc/>
    public override void ValidateUpdate(JsonObject doc, JsonObject old, FieldErrors errors)
    {
        if (!JsonNode.DeepEquals(doc["data"], old["data"]))
            errors.Invalid("data", doc["data"]?.ToJsonString(), "field is immutable");
    }

    private static string Controller(JsonObject doc)
    {
        JsonObject? owner = doc.Objects("metadata.ownerReferences").FirstOrDefault(each => each.Flag("controller"));
        if (owner is null)
            return "<none>";
        string version = owner.Text("apiVersion"), kind = owner.Text("kind").ToLowerInvariant();
        int slash = version.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? $"{kind}/{owner.Text("name")}" : $"{kind}.{version[..slash]}/{owner.Text("name")}";
    }
}
