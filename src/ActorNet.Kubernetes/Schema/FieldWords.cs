using System.Collections.Frozen;

namespace ActorNet.Kubernetes.Schema;

/// <summary>What types and fields mean, for people: the texts of <c>fields.words</c>.</summary>
internal static class FieldWords
{
    private static readonly FrozenDictionary<string, string> Words = Load();

    /// <summary>A type's text, or null.</summary>
    public static string? Of(TypeSchema type) => Words.GetValueOrDefault($"{type.Key} .");

    /// <summary>A field's text, or null. Fields of an embedded struct are those of the type that shows them.</summary>
    public static string? Of(TypeSchema type, FieldSchema field) => Words.GetValueOrDefault($"{type.Key} {field.Name}");

    /// <summary>Every type and field that has a text, as "TYPE FIELD"; the field of a type itself is ".".</summary>
    public static IEnumerable<string> All => Words.Keys;

    private static FrozenDictionary<string, string> Load()
    {
        using Stream stream = typeof(FieldWords).Assembly.GetManifestResourceStream("fields.words")
            ?? throw new InvalidOperationException("the resource fields.words is not in this assembly");
        using var reader = new StreamReader(stream);
        var words = new Dictionary<string, string>(StringComparer.Ordinal);
        string type = "";
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith("  ", StringComparison.Ordinal) && line.IndexOf(' ', 2) is var gap and > 0)
                words.Add($"{type} {line[2..gap]}", line[(gap + 1)..]);
            else if (line.Length > 0 && line[0] != '#')
                type = line;
        }

        return words.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
