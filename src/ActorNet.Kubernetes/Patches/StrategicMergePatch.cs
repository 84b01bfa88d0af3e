using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Patches;

/// <summary>
/// Strategic merge patch: a merge patch that finds list elements by their merge key (apimachinery pkg/util/strategicpatch). Directives:
/// $patch replace, delete and merge, $deleteFromPrimitiveList/LIST, $setElementOrder/LIST and $retainKeys.
/// </summary>
public static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string DeleteFrom = "$deleteFromPrimitiveList/";
    private const string Order = "$setElementOrder/";
    private const string Retain = "$retainKeys";

    /// <summary>The target with the patch applied; neither argument changes.</summary>
    /// <param name="target">The object.</param>
    /// <param name="patch">The patch.</param>
    /// <param name="type">The object's type.</param>
    /// <exception cref="PatchException">A directive is wrong or an element lacks its merge key.</exception>
    public static JsonObject Apply(JsonObject target, JsonObject patch, TypeSchema type) => Merge(target, patch, type);

    private static JsonObject Merge(JsonObject target, JsonObject patch, TypeSchema? type)
    {
        switch (DirectiveOf(patch))
        {
            case "replace":
                return Plain(patch);
            case "delete":
                return [];
        }

        JsonObject result = target.Copy();
        RetainKeys(result, patch);
        foreach ((string name, JsonNode? value) in patch)
        {
            if (name.StartsWith(DeleteFrom, StringComparison.Ordinal))
                DeleteValues(result, name[DeleteFrom.Length..], value);
        }

        foreach ((string name, JsonNode? value) in patch)
        {
            if (name is Directive or Retain || name.StartsWith(DeleteFrom, StringComparison.Ordinal) || name.StartsWith(Order, StringComparison.Ordinal))
                continue;
            MergeField(result, name, value, FieldOf(type, name), OrderOf(patch, name));
        }

        foreach ((string name, JsonNode? value) in patch)
        {
            string list = name.StartsWith(Order, StringComparison.Ordinal) ? name[Order.Length..] : "";
            if (list.Length > 0 && !patch.ContainsKey(list) && result[list] is JsonArray alone)
                result[list] = value is JsonArray order ? Sort(alone, alone, order, FieldOf(type, list)?.MergeKey) : alone.DeepClone();
        }

        return result;
    }

    private static void MergeField(JsonObject result, string name, JsonNode? value, FieldSchema? field, JsonArray? order)
    {
        switch (value)
        {
            case null:
                result.Remove(name);
                break;
            case JsonObject patch:
                TypeSchema? type = field?.Type.Struct ?? field?.Type.Element?.Struct;
                result[name] = result[name] is JsonObject old ? Merge(old, patch, type) : Plain(patch);
                break;
            case JsonArray patch when field is { IsMerged: true } && field.Type.Shape == FieldShape.List:
                JsonArray before = result[name] as JsonArray ?? [];
                JsonArray merged = result[name] is null ? Plain(patch) : field.MergeKey is null ? MergeValues(before, patch) : MergeElements(before, patch, field);
                // The patch's own order first, then the one that it names for the whole list.
                merged = Sort(merged, before, patch, field.MergeKey);
                result[name] = order is null ? merged : Sort(merged, before, order, field.MergeKey);
                break;
            default:
                result[name] = value.DeepClone();
                break;
        }
    }

    // Elements of the patch change or join those of the list; the new ones stand behind.
    private static JsonArray MergeElements(JsonArray before, JsonArray patch, FieldSchema field)
    {
        string key = field.MergeKey!;
        JsonObject[] changes = [.. patch.Select(each => each as JsonObject ?? throw new PatchException($"{field.Name} has an element that is no object"))];
        if (changes.Any(each => DirectiveOf(each) == "replace"))
            return [.. changes.Where(each => DirectiveOf(each).Length == 0).Select(JsonNode? (each) => Plain(each))];
        var result = new List<JsonObject>(before.OfType<JsonObject>().Select(each => each.Copy()));
        foreach (JsonObject change in changes)
        {
            JsonNode value = change[key] ?? throw new PatchException($"map: {change.ToJsonString()} does not contain declared merge key: {key}");
            int at = result.FindIndex(each => JsonNode.DeepEquals(each[key], value));
            if (DirectiveOf(change) == "delete")
                result.RemoveAll(each => JsonNode.DeepEquals(each[key], value));
            else if (at >= 0)
                result[at] = Merge(result[at], change, field.Type.Element!.Struct);
            else
                result.Add(Plain(change));
        }

        return [.. result];
    }

    private static JsonArray MergeValues(JsonArray before, JsonArray patch)
    {
        var result = new List<JsonNode?>();
        foreach (JsonNode? each in before.Concat(patch))
        {
            if (!result.Exists(known => JsonNode.DeepEquals(known, each)))
                result.Add(each?.DeepClone());
        }

        return [.. result];
    }

    private static void DeleteValues(JsonObject result, string name, JsonNode? values)
    {
        if (result[name] is not JsonArray list || values is not JsonArray gone)
            return;
        result[name] = new JsonArray([.. list.Where(each => !gone.Any(value => JsonNode.DeepEquals(each, value))).Select(each => each?.DeepClone())]);
    }

    /// <summary>
    /// Puts a merged list in an order: the elements that the order names as it names them, the others as they stood in the live list, each
    /// before the first named one that it stood before there (strategicpatch.go, normalizeElementOrder and mergeSortedSlice).
    /// </summary>
    private static JsonArray Sort(JsonArray merged, JsonArray live, JsonArray order, string? key)
    {
        int Rank(JsonNode? element) => Position(order, element, key);
        int Place(JsonNode? element) => Position(live, element, key);
        JsonNode?[] named = [.. merged.Where(each => Rank(each) >= 0).OrderBy(Rank)];
        JsonNode?[] others = [.. merged.Where(each => Rank(each) < 0).OrderBy(Place)];
        var result = new JsonArray();
        int i = 0, j = 0;
        while (i < named.Length || j < others.Length)
        {
            bool takeOther = i == named.Length || (j < others.Length && Place(others[j]) >= 0 && Place(others[j]) < Place(named[i]));
            result.Add((takeOther ? others[j++] : named[i++])?.DeepClone());
        }

        return result;
    }

    private static int Position(JsonArray list, JsonNode? element, string? key)
    {
        JsonNode? id = Id(element, key);
        for (int i = 0; i < list.Count; i++)
        {
            if (JsonNode.DeepEquals(Id(list[i], key), id))
                return i;
        }

        return -1;
    }

    private static JsonNode? Id(JsonNode? element, string? key) => key is null ? element : (element as JsonObject)?[key];

    private static JsonArray? OrderOf(JsonObject patch, string name) => patch[Order + name] as JsonArray;

    private static void RetainKeys(JsonObject result, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(Retain, out JsonNode? value))
            return;
        string[] kept = value is JsonArray list && list.All(each => each is JsonValue text && text.TryGetValue(out string? _))
            ? [.. list.Select(each => each!.GetValue<string>())]
            : throw new PatchException("invalid patch: retainKeys directive must be a list of strings");
        foreach (string name in result.Select(each => each.Key).Except(kept).ToArray())
            result.Remove(name);
    }

    private static string DirectiveOf(JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(Directive, out JsonNode? value))
            return "";
        string? text = value is JsonValue found && found.TryGetValue(out string? said) ? said : null;
        return text switch
        {
            "replace" or "delete" => text,
            "merge" => "",
            _ => throw new PatchException($"Unknown patch type found: {value?.ToJsonString() ?? "null"}"),
        };
    }

    private static FieldSchema? FieldOf(TypeSchema? type, string name) => type?.Field(name);

    // What is new takes the patch as it stands; directives are no fields and nulls no values (upstream's are lost when the object is read).
    private static JsonObject Plain(JsonObject patch)
    {
        var result = new JsonObject();
        foreach ((string name, JsonNode? value) in patch)
        {
            if (!name.StartsWith('$') && value is not null)
                result[name] = Plain(value);
        }

        return result;
    }

    private static JsonArray Plain(JsonArray patch) => [.. patch.Select(each => each is null ? null : Plain(each))];

    private static JsonNode Plain(JsonNode patch) => patch switch
    {
        JsonObject map => Plain(map),
        JsonArray list => Plain(list),
        _ => patch.DeepClone(),
    };
}
