using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Tables;

/// <summary>What a table's rows carry of their objects (meta/v1 IncludeObjectPolicy).</summary>
public enum IncludeObject
{
    /// <summary>The metadata: the default.</summary>
    Metadata,

    /// <summary>Nothing.</summary>
    None,

    /// <summary>The whole object.</summary>
    Object,
}

/// <summary>Objects as meta/v1 Table and PartialObjectMetadata.</summary>
public static class TableDocument
{
    /// <summary>A table.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="objects">The rows.</param>
    /// <param name="metadata">The metadata of the list.</param>
    /// <param name="now">The time, for ages.</param>
    /// <param name="include">What rows carry.</param>
    /// <param name="withColumns">False: the column definitions were sent before.</param>
    public static JsonObject Of(KindDescriptor kind, IEnumerable<ApiObject> objects, JsonObject metadata, DateTimeOffset now, IncludeObject include, bool withColumns = true) => new()
    {
        ["kind"] = "Table",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = metadata,
        ["columnDefinitions"] = withColumns ? new JsonArray([.. kind.Columns.Select(Definition)]) : null,
        ["rows"] = new JsonArray([.. objects.Select(each => Row(each, now, include))]),
    };

    /// <summary>An object's metadata alone.</summary>
    public static JsonObject Partial(ApiObject each) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = each.Document["metadata"]?.DeepClone(),
    };

    private static JsonObject Definition(Column column) => new JsonObject
    {
        ["name"] = column.Name,
        ["type"] = column.Type,
        ["format"] = column.Format,
        ["description"] = "",
        ["priority"] = column.Priority,
    };

    private static JsonObject Row(ApiObject each, DateTimeOffset now, IncludeObject include)
    {
        var row = new JsonObject { ["cells"] = new JsonArray([.. each.Kind.Columns.Select(column => column.Cell(each.Document, now))]) };
        if (include == IncludeObject.Metadata)
            row["object"] = Partial(each);
        else if (include == IncludeObject.Object)
            row["object"] = each.Document.DeepClone();
        return row;
    }
}
