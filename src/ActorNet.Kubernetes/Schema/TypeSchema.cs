namespace ActorNet.Kubernetes.Schema;

/// <summary>The fields of an object of the API.</summary>
public sealed class TypeSchema
{
    private Dictionary<string, FieldSchema> _byName = [];

    internal TypeSchema(string key)
    {
        (Key, Name, GoName) = (key, key[(key.LastIndexOf('.') + 1)..], key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..]);
    }

    /// <summary>Package and name, such as "core/v1.Pod".</summary>
    public string Key { get; }

    /// <summary>The name alone, such as "Pod".</summary>
    public string Name { get; }

    /// <summary>Package and name as Go prints them, such as "v1.Pod".</summary>
    public string GoName { get; }

    /// <summary>The name of its OpenAPI schema, such as "io.k8s.api.core.v1.Pod".</summary>
    public string OpenApiName => Key.StartsWith("meta/", StringComparison.Ordinal)
        ? "io.k8s.apimachinery.pkg.apis." + Key.Replace('/', '.')
        : "io.k8s.api." + Key.Replace('/', '.');

    /// <summary>The fields as JSON has them, those of embedded structs among them, in the order of Go's declaration.</summary>
    public IReadOnlyList<FieldSchema> Fields { get; private set; } = [];

    /// <summary>The fields as protobuf has them: an embedded struct is one field, without a name.</summary>
    public IReadOnlyDictionary<int, FieldSchema> ByNumber { get; private set; } = new Dictionary<int, FieldSchema>();

    /// <summary>A field by its name in JSON, or null.</summary>
    public FieldSchema? Field(string name) => _byName.GetValueOrDefault(name);

    internal void Complete(IReadOnlyList<FieldSchema> declared)
    {
        ByNumber = declared.ToDictionary(field => field.Number);
        Declared = declared;
    }

    /// <summary>The fields as declared; an embedded struct has an empty name.</summary>
    internal IReadOnlyList<FieldSchema> Declared { get; private set; } = [];

    internal void Flatten()
    {
        Fields = [.. Flat(this)];
        _byName = Fields.ToDictionary(field => field.Name, StringComparer.Ordinal);
    }

    private static IEnumerable<FieldSchema> Flat(TypeSchema type) =>
        type.Declared.SelectMany(field => field.Name.Length == 0 ? Flat(field.Type.Struct!) : [field]);
}
