using System.Globalization;
using System.Text.Json.Nodes;

namespace ActorNet.Kubernetes.Patches;

/// <summary>JSON patch, RFC 6902, over pointers of RFC 6901.</summary>
public static class JsonPatch
{
    /// <summary>The most operations of one patch: upstream's limit.</summary>
    public const int MaxOperations = 10_000;

    /// <summary>The largest index an add may copy to, in nodes, over the whole patch: copies of copies grow without bound.</summary>
    private const int MaxCopied = 3_000_000;

    /// <summary>The target with the operations applied; neither argument changes.</summary>
    /// <exception cref="PatchException">The patch is none, a path is missing or a test failed.</exception>
    public static JsonNode? Apply(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonArray operations)
            throw new PatchException("a JSON patch is a list of operations");
        if (operations.Count > MaxOperations)
            throw new PatchException($"The allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}");
        var document = new JsonObject { ["root"] = target?.DeepClone() };
        int copied = 0;
        foreach (JsonNode? each in operations)
            Run(document, each as JsonObject ?? throw new PatchException("an operation is an object"), ref copied);
        JsonNode? result = document["root"];
        document.Remove("root");
        return result;
    }

    private static void Run(JsonObject document, JsonObject operation, ref int copied)
    {
        string path = Text(operation, "path");
        switch (Text(operation, "op"))
        {
            case "add":
                Add(document, path, Value(operation));
                break;
            case "replace":
                Remove(document, path);
                Add(document, path, Value(operation));
                break;
            case "remove":
                Remove(document, path);
                break;
            case "move":
                string from = Text(operation, "from");
                if (path.StartsWith(from + "/", StringComparison.Ordinal))
                    throw new PatchException($"{from} cannot be moved into itself");
                Add(document, path, Remove(document, from));
                break;
            case "copy":
                JsonNode? copy = Find(document, Text(operation, "from"))?.DeepClone();
                copied += copy?.ToJsonString().Length ?? 4;
                if (copied > MaxCopied)
                    throw new PatchException("the patch copies too much");
                Add(document, path, copy);
                break;
            case "test":
                if (!JsonNode.DeepEquals(Find(document, path), Value(operation)))
                    throw new PatchException($"testing value {path} failed: test failed");
                break;
            default:
                throw new PatchException($"Unexpected kind: {Text(operation, "op")}");
        }
    }

    private static string Text(JsonObject operation, string name) =>
        operation[name] is JsonValue value && value.TryGetValue(out string? text) ? text : throw new PatchException($"an operation lacks \"{name}\"");

    private static JsonNode? Value(JsonObject operation) =>
        operation.TryGetPropertyValue("value", out JsonNode? value) ? value?.DeepClone() : throw new PatchException("an operation lacks \"value\"");

    private static JsonNode? Find(JsonObject document, string path)
    {
        (JsonNode parent, string last) = Parent(document, path);
        if (parent is JsonObject map)
            return map.TryGetPropertyValue(last, out JsonNode? value) ? value : throw Missing(path);
        var list = (JsonArray)parent;
        return list[Index(last, list.Count - 1, path)];
    }

    private static void Add(JsonObject document, string path, JsonNode? value)
    {
        (JsonNode parent, string last) = Parent(document, path);
        if (parent is JsonObject map)
            map[last] = value;
        else if (last == "-")
            ((JsonArray)parent).Add(value);
        else
            ((JsonArray)parent).Insert(Index(last, ((JsonArray)parent).Count, path), value);
    }

    private static JsonNode? Remove(JsonObject document, string path)
    {
        JsonNode? found = Find(document, path);
        (JsonNode parent, string last) = Parent(document, path);
        if (parent is JsonObject map)
            map.Remove(last);
        else
            ((JsonArray)parent).RemoveAt(Index(last, ((JsonArray)parent).Count - 1, path));
        return found;
    }

    private static (JsonNode Parent, string Last) Parent(JsonObject document, string path)
    {
        if (path.Length > 0 && path[0] != '/')
            throw new PatchException($"{path} is no JSON pointer: it begins without a slash");
        string[] steps = ["root", .. path.Split('/').Skip(1).Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
        JsonNode node = document;
        foreach (string step in steps[..^1])
        {
            node = node switch
            {
                JsonObject map => map[step],
                JsonArray list => list[Index(step, list.Count - 1, path)],
                _ => null,
            } ?? throw Missing(path);
        }

        return node is JsonObject or JsonArray ? (node, steps[^1]) : throw Missing(path);
    }

    private static int Index(string text, int last, string path) =>
        text.Length > 0 && (text == "0" || text[0] != '0') && text.All(char.IsAsciiDigit)
        && int.TryParse(text, CultureInfo.InvariantCulture, out int index) && index <= last
            ? index
            : throw Missing(path);

    private static PatchException Missing(string path) => new($"doc is missing path: {path}: missing value");
}
