using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Kubernetes.Discovery;

/// <summary>OpenAPI v3 documents, one a group version (apiserver pkg/endpoints, k8s.io/kube-openapi).</summary>
public static class OpenApiDocument
{
    private const string Json = "application/json";

    private static readonly string[] PatchForms = ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml"];

    /// <summary>The document of a group version, or null when it is not served.</summary>
    /// <param name="catalog">The kinds.</param>
    /// <param name="group">The group; empty: core.</param>
    /// <param name="version">The version.</param>
    /// <param name="server">The server's version.</param>
    public static JsonObject? Of(KindCatalog catalog, string group, string version, ServerVersion server)
    {
        KindDescriptor[] kinds = [.. catalog.All.Where(kind => kind.Group == group && kind.Version == version)];
        if (kinds.Length == 0)
            return null;
        var schemas = new OpenApiSchemas();
        var paths = new JsonObject();
        foreach (KindDescriptor kind in kinds)
            AddPaths(paths, kind, schemas.Kind(kind.Type, kind.Group, kind.Version, kind.Kind));
        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = server.GitVersion },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas.ToDocument() },
        };
    }

    /// <summary>The path of a group version below / and below /openapi/v3/, such as "apis/apps/v1".</summary>
    public static string PathOf(string group, string version) => group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";

    private static void AddPaths(JsonObject paths, KindDescriptor kind, JsonObject reference)
    {
        string root = "/" + PathOf(kind.Group, kind.Version);
        string collection = kind.IsNamespaced ? $"{root}/namespaces/{{namespace}}/{kind.Plural}" : $"{root}/{kind.Plural}";
        JsonObject post = Operation(kind, "post", Body(reference, Json), "dryRun", "fieldManager", "fieldValidation");
        if (!kind.IsStored)
        {
            paths[collection] = new JsonObject { ["post"] = post };
            return;
        }

        paths[collection] = new JsonObject
        {
            ["get"] = Operation(kind, "list", null, "limit", "continue", "labelSelector", "fieldSelector", "resourceVersion", "resourceVersionMatch", "watch", "timeoutSeconds", "allowWatchBookmarks", "sendInitialEvents"),
            ["post"] = post,
            ["delete"] = Operation(kind, "deletecollection", null, "dryRun", "labelSelector", "fieldSelector"),
            ["parameters"] = PathParameters(kind, false),
        };
        paths[collection + "/{name}"] = new JsonObject
        {
            ["get"] = Operation(kind, "get", null),
            ["put"] = Operation(kind, "put", Body(reference, Json), "dryRun", "fieldManager", "fieldValidation"),
            ["patch"] = Operation(kind, "patch", Body(new JsonObject { ["type"] = "object" }, PatchForms), "dryRun", "fieldManager", "fieldValidation", "force"),
            ["delete"] = Operation(kind, "delete", null, "dryRun", "gracePeriodSeconds", "propagationPolicy", "orphanDependents"),
            ["parameters"] = PathParameters(kind, true),
        };
    }

    private static JsonObject Operation(KindDescriptor kind, string action, JsonObject? body, params string[] query)
    {
        var operation = new JsonObject
        {
            ["operationId"] = $"{action}{kind.Kind}",
            ["parameters"] = new JsonArray([.. query.Select(name => Parameter("query", name))]),
            ["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "OK" } },
            ["x-kubernetes-action"] = action,
            ["x-kubernetes-group-version-kind"] = OpenApiSchemas.GroupVersionKind(kind.Group, kind.Version, kind.Kind),
        };
        if (body is not null)
            operation["requestBody"] = body;
        return operation;
    }

    private static JsonObject Body(JsonObject schema, params string[] mediaTypes)
    {
        var content = new JsonObject();
        foreach (string mediaType in mediaTypes)
            content[mediaType] = new JsonObject { ["schema"] = schema.DeepClone() };
        return new JsonObject { ["content"] = content };
    }

    private static JsonArray PathParameters(KindDescriptor kind, bool withName)
    {
        var parameters = new JsonArray();
        if (withName)
            parameters.Add(Parameter("path", "name"));
        if (kind.IsNamespaced)
            parameters.Add(Parameter("path", "namespace"));
        return parameters;
    }

    private static JsonObject Parameter(string place, string name)
    {
        string type = name is "watch" or "allowWatchBookmarks" or "sendInitialEvents" or "force" or "orphanDependents" ? "boolean"
            : name is "limit" or "timeoutSeconds" or "gracePeriodSeconds" ? "integer" : "string";
        var parameter = new JsonObject { ["name"] = name, ["in"] = place, ["schema"] = new JsonObject { ["type"] = type, ["uniqueItems"] = true } };
        if (place == "path")
            parameter["required"] = true;
        return parameter;
    }
}
