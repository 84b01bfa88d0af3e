using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Discovery;

/// <summary>The types of the API as OpenAPI v3 schemas, with the extensions by which kubectl calculates patches.</summary>
internal sealed class OpenApiSchemas
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";
    private const string Quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    private const string IntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

    private readonly SortedDictionary<string, JsonNode> _schemas = new(StringComparer.Ordinal);

    /// <summary>A reference to a type's schema; the schema and all it refers to are added.</summary>
    public JsonObject Reference(TypeSchema type)
    {
        if (_schemas.TryAdd(type.OpenApiName, new JsonObject()))
            _schemas[type.OpenApiName] = Schema(type);
        return Reference(type.OpenApiName);
    }

    /// <summary>A kind's schema: its type's with kind and apiVersion, under the kind's name.</summary>
    public JsonObject Kind(TypeSchema type, string group, string version, string kind)
    {
        Reference(type);
        var schema = (JsonObject)_schemas[type.OpenApiName];
        var properties = (JsonObject)schema["properties"]!;
        properties["apiVersion"] = Text("Group and version of this object.");
        properties["kind"] = Text("The kind of this object.");
        schema["x-kubernetes-group-version-kind"] = new JsonArray(GroupVersionKind(group, version, kind));
        return Reference(type.OpenApiName);
    }

    /// <summary>The schemas that were referred to.</summary>
    public JsonObject ToDocument()
    {
        var document = new JsonObject();
        foreach ((string name, JsonNode schema) in _schemas)
            document[name] = schema;
        return document;
    }

    /// <summary>A kind's full name, as x-kubernetes-group-version-kind has it.</summary>
    public static JsonObject GroupVersionKind(string group, string version, string kind) => new() { ["group"] = group, ["version"] = version, ["kind"] = kind };

    private JsonObject Schema(TypeSchema type)
    {
        var properties = new JsonObject();
        foreach (FieldSchema field in type.Fields)
            properties[field.Name] = Property(type, field);
        var schema = new JsonObject { ["description"] = FieldWords.Of(type) ?? $"{type.Name} of {type.Key[..type.Key.LastIndexOf('.')]}.", ["type"] = "object", ["properties"] = properties };
        string[] required = [.. type.Fields.Where(field => field.IsAlwaysWritten).Select(field => field.Name)];
        if (required.Length > 0)
            schema["required"] = new JsonArray([.. required.Select(name => JsonValue.Create(name))]);
        return schema;
    }

    private JsonObject Property(TypeSchema type, FieldSchema field)
    {
        JsonObject schema = Of(field.Type);
        string? words = FieldWords.Of(type, field);
        bool isBare = field.IsPointer && field.Strategies.Count == 0;
        // A reference stands alone in OpenAPI 3.0: what is said beside it needs allOf.
        if (schema.ContainsKey("$ref") && (!isBare || words is not null))
            schema = new JsonObject { ["allOf"] = new JsonArray(schema), ["default"] = field.Type.Shape == FieldShape.Struct && !isBare ? new JsonObject() : null };
        if (schema["default"] is null)
            schema.Remove("default");
        if (words is not null)
            schema["description"] = words;
        if (field.Strategies.Count > 0)
            schema["x-kubernetes-patch-strategy"] = string.Join(',', field.Strategies);
        if (field.MergeKey is not null)
        {
            schema["x-kubernetes-patch-merge-key"] = field.MergeKey;
            schema["x-kubernetes-list-type"] = "map";
            schema["x-kubernetes-list-map-keys"] = new JsonArray([.. ListKeys.Of(field).Select(key => JsonValue.Create(key))]);
        }
        else if (field.Type.Shape == FieldShape.List)
        {
            schema["x-kubernetes-list-type"] = field.IsMerged ? "set" : "atomic";
        }

        return schema;
    }

    private JsonObject Of(FieldType type) => type.Shape switch
    {
        FieldShape.String or FieldShape.Duration => new JsonObject { ["type"] = "string" },
        FieldShape.Bool => new JsonObject { ["type"] = "boolean" },
        FieldShape.Int32 => new JsonObject { ["type"] = "integer", ["format"] = "int32" },
        FieldShape.Int64 => new JsonObject { ["type"] = "integer", ["format"] = "int64" },
        FieldShape.Bytes => new JsonObject { ["type"] = "string", ["format"] = "byte" },
        FieldShape.Time => Named(Meta + "Time", new JsonObject { ["type"] = "string", ["format"] = "date-time" }),
        FieldShape.MicroTime => Named(Meta + "MicroTime", new JsonObject { ["type"] = "string", ["format"] = "date-time" }),
        FieldShape.Quantity => Named(Quantity, new JsonObject { ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "string" }, new JsonObject { ["type"] = "number" }) }),
        FieldShape.IntOrString => Named(IntOrString, new JsonObject { ["format"] = "int-or-string", ["oneOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" }) }),
        FieldShape.List => new JsonObject { ["type"] = "array", ["items"] = Of(type.Element!) },
        FieldShape.Map => new JsonObject { ["type"] = "object", ["additionalProperties"] = Of(type.Element!) },
        FieldShape.Struct => Reference(type.Struct!),
        _ => Named(Meta + "FieldsV1", new JsonObject { ["type"] = "object" }),
    };

    private JsonObject Named(string name, JsonObject schema)
    {
        _schemas.TryAdd(name, schema);
        return Reference(name);
    }

    private static JsonObject Text(string description) => new() { ["description"] = description, ["type"] = "string" };

    private static JsonObject Reference(string name) => new() { ["$ref"] = $"#/components/schemas/{name}" };
}
