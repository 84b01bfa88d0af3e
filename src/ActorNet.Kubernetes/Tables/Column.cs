using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;

namespace ActorNet.Kubernetes.Tables;

/// <summary>A column of a kind's table (meta/v1 TableColumnDefinition); the columns are those of kubernetes pkg/printers/internalversion.</summary>
/// <param name="Name">The heading.</param>
/// <param name="Type">"string" or "integer".</param>
/// <param name="Format">"name" for the first column, else empty.</param>
/// <param name="Priority">0: always shown; 1: in wide output only.</param>
/// <param name="Cell">The cell of an object at a moment.</param>
public sealed record Column(string Name, string Type, string Format, int Priority, Func<JsonObject, DateTimeOffset, JsonNode?> Cell)
{
    /// <summary>The object's name.</summary>
    public static Column ObjectName { get; } = new("Name", "string", "name", 0, (doc, _) => doc.Text("metadata.name"));

    /// <summary>How long ago it was created.</summary>
    public static Column Age { get; } = new("Age", "string", "", 0, (doc, now) => Tables.Age.Since(doc.Text("metadata.creationTimestamp"), now));

    /// <summary>A column of text.</summary>
    public static Column Text(string name, Func<JsonObject, string> cell, int priority = 0) => new(name, "string", "", priority, (doc, _) => cell(doc));

    /// <summary>A column with a field's text, or a word when it is empty.</summary>
    public static Column Field(string name, string path, string empty = "", int priority = 0) =>
        Text(name, doc => doc.Text(path) is { Length: > 0 } text ? text : empty, priority);

    /// <summary>A column with a field's number.</summary>
    public static Column Number(string name, string path) => new(name, "integer", "", 0, (doc, _) => doc.Number(path) ?? 0);

    /// <summary>A number of entries.</summary>
    public static Column Count(string name, Func<JsonObject, int> count) => new(name, "string", "", 0, (doc, _) => count(doc).ToString(CultureInfo.InvariantCulture));

    /// <summary>The columns of workloads that name containers, images and the selector.</summary>
    public static IEnumerable<Column> ContainersAndImages(string spec)
    {
        yield return Text("Containers", doc => string.Join(',', doc.Objects($"{spec}.containers").Select(each => each.Text("name"))), 1);
        yield return Text("Images", doc => string.Join(',', doc.Objects($"{spec}.containers").Select(each => each.Text("image"))), 1);
    }

    /// <summary>The column with a workload's selector.</summary>
    public static Column Selector(string path = "spec.selector") => Text("Selector", doc => SelectorText(doc.Object(path)), 1);

    /// <summary>A metav1.LabelSelector as kubectl writes it.</summary>
    public static string SelectorText(JsonObject? selector)
    {
        if (selector is null)
            return "<none>";
        IEnumerable<string> labels = selector.Entries("matchLabels").OrderBy(each => each.Key, StringComparer.Ordinal).Select(each => $"{each.Key}={each.Value}");
        IEnumerable<string> expressions = selector.Objects("matchExpressions").Select(Expression);
        string text = string.Join(',', labels.Concat(expressions));
        return text.Length == 0 ? "<none>" : text;
    }

    /// <summary>A map as kubectl writes it.</summary>
    public static string MapText(JsonObject doc, string path)
    {
        string text = string.Join(',', doc.Entries(path).OrderBy(each => each.Key, StringComparer.Ordinal).Select(each => $"{each.Key}={each.Value}"));
        return text.Length == 0 ? "<none>" : text;
    }

    private static string Expression(JsonObject expression)
    {
        string key = expression.Text("key"), values = string.Join(',', expression.Texts("values"));
        return expression.Text("operator") switch
        {
            "In" => $"{key} in ({values})",
            "NotIn" => $"{key} notin ({values})",
            "Exists" => key,
            _ => $"!{key}",
        };
    }
}
