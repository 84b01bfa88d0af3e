using System.Collections.Frozen;
using System.Globalization;

namespace ActorNet.Kubernetes.Schema;

/// <summary>
/// The types of the Kubernetes API: JSON names, protobuf numbers and merge keys, read from <c>types.schema</c>, which says where it comes from.
/// </summary>
public sealed class ApiTypes
{
    private readonly FrozenDictionary<string, TypeSchema> _types;

    private ApiTypes(IEnumerable<TypeSchema> types)
    {
        _types = types.ToFrozenDictionary(type => type.Key, StringComparer.Ordinal);
    }

    /// <summary>The types of Kubernetes 1.32.</summary>
    public static ApiTypes Kubernetes { get; } = Load();

    /// <summary>All types.</summary>
    public IEnumerable<TypeSchema> All => _types.Values;

    /// <summary>A type by its package and name, such as "core/v1.Pod".</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public TypeSchema this[string key] => _types[key];

    private static ApiTypes Load()
    {
        using Stream stream = typeof(ApiTypes).Assembly.GetManifestResourceStream("types.schema")
            ?? throw new InvalidOperationException("the resource types.schema is not in this assembly");
        using var reader = new StreamReader(stream);
        return Read(reader.ReadToEnd());
    }

    /// <summary>Reads the text of a schema file.</summary>
    internal static ApiTypes Read(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var types = lines.Where(line => line.StartsWith("type ", StringComparison.Ordinal))
            .Select(line => new TypeSchema(line[5..].Trim()))
            .ToDictionary(type => type.Key, StringComparer.Ordinal);
        TypeSchema? current = null;
        var fields = new List<FieldSchema>();
        foreach (string line in lines.Where(line => line[0] != '#').Append("type "))
        {
            if (line.StartsWith("type ", StringComparison.Ordinal))
            {
                current?.Complete([.. fields]);
                fields.Clear();
                current = types.GetValueOrDefault(line[5..].Trim());
            }
            else
            {
                fields.Add(ReadField(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), types));
            }
        }

        foreach (TypeSchema type in types.Values)
            type.Flatten();
        return new ApiTypes(types.Values);
    }

    private static FieldSchema ReadField(string[] words, Dictionary<string, TypeSchema> types)
    {
        string? Flag(string name) => words.Skip(3).FirstOrDefault(word => word.StartsWith(name, StringComparison.Ordinal))?[name.Length..];
        return new FieldSchema(
            words[0] == "~" ? "" : words[0],
            int.Parse(words[1], CultureInfo.InvariantCulture),
            ReadType(words[2], types),
            words.Contains("*"),
            words.Contains("!"),
            Flag("key="),
            Flag("patch=")?.Split(',') ?? []);
    }

    private static FieldType ReadType(string text, Dictionary<string, TypeSchema> types)
    {
        if (text.StartsWith("[]", StringComparison.Ordinal))
            return new FieldType(FieldShape.List, ReadType(text[2..], types));
        if (text.StartsWith("{}", StringComparison.Ordinal))
            return new FieldType(FieldShape.Map, ReadType(text[2..], types));
        return text switch
        {
            "string" => new FieldType(FieldShape.String),
            "bool" => new FieldType(FieldShape.Bool),
            "int32" => new FieldType(FieldShape.Int32),
            "int64" => new FieldType(FieldShape.Int64),
            "bytes" => new FieldType(FieldShape.Bytes),
            "time" => new FieldType(FieldShape.Time),
            "microtime" => new FieldType(FieldShape.MicroTime),
            "duration" => new FieldType(FieldShape.Duration),
            "quantity" => new FieldType(FieldShape.Quantity),
            "int-or-string" => new FieldType(FieldShape.IntOrString),
            "raw" => new FieldType(FieldShape.Raw),
            _ => new FieldType(FieldShape.Struct, Struct: types[text]),
        };
    }
}
