using System.Reflection;
using System.Text.Json.Serialization;
using ActorNet.Kubernetes.Schema;
using k8s.Models;

namespace ActorNet.Kubernetes.Tests.Schema;

/// <summary>The schema's fields against the models that the official C# client generates from Kubernetes' OpenAPI document.</summary>
public sealed class ApiTypesTests
{
    private static readonly Assembly Models = typeof(V1Pod).Assembly;

    // The client's models are of a newer Kubernetes, which no longer has these.
    private static readonly string[] Gone = [];

    [Fact]
    public void Every_field_is_in_the_official_models_with_the_same_shape()
    {
        int checkedFields = 0;
        var findings = new List<string>();
        foreach (TypeSchema type in ApiTypes.Kubernetes.All)
        {
            if (ModelOf(type) is not { } model)
                continue;
            Dictionary<string, PropertyInfo> properties = model.GetProperties()
                .Where(each => each.GetCustomAttribute<JsonPropertyNameAttribute>() is not null)
                .ToDictionary(each => each.GetCustomAttribute<JsonPropertyNameAttribute>()!.Name);
            foreach (FieldSchema field in type.Fields)
            {
                checkedFields++;
                if (!properties.TryGetValue(field.Name, out PropertyInfo? property))
                    findings.Add($"{type.Key}.{field.Name} is not in {model.Name}");
                else if (!Fits(field.Type, property.PropertyType))
                    findings.Add($"{type.Key}.{field.Name} is {field.Type.Shape}, and {model.Name} has {property.PropertyType}");
            }
        }

        Assert.True(checkedFields > 1_000, $"only {checkedFields} fields were compared");
        Assert.Equal([], findings.Except(Gone));
    }

    [Fact]
    public void Numbers_are_unique_and_merge_keys_are_fields_of_the_elements()
    {
        foreach (TypeSchema type in ApiTypes.Kubernetes.All)
        {
            foreach (FieldSchema field in type.Fields.Where(field => field.MergeKey is not null))
                Assert.NotNull(field.Type.Element!.Struct!.Field(field.MergeKey!));
            Assert.Equal(type.ByNumber.Count, type.ByNumber.Keys.Distinct().Count());
        }
    }

    private static Type? ModelOf(TypeSchema type)
    {
        string package = type.Key.Split('/')[0], version = char.ToUpperInvariant(type.Key.Split('/', '.')[1][0]) + type.Key.Split('/', '.')[1][1..];
        string grouped = char.ToUpperInvariant(package[0]) + package[1..] + version.ToLowerInvariant() + type.Name;
        return Models.GetType($"k8s.Models.{grouped}") ?? Models.GetType($"k8s.Models.{version}{type.Name}");
    }

    private static bool Fits(FieldType type, Type model)
    {
        Type plain = Nullable.GetUnderlyingType(model) ?? model;
        return type.Shape switch
        {
            FieldShape.String or FieldShape.Duration => plain == typeof(string),
            FieldShape.Bool => plain == typeof(bool),
            FieldShape.Int32 => plain == typeof(int),
            FieldShape.Int64 => plain == typeof(long),
            FieldShape.Bytes => plain == typeof(byte[]),
            FieldShape.Time or FieldShape.MicroTime => plain == typeof(DateTime),
            FieldShape.Quantity => plain == typeof(ResourceQuantity),
            FieldShape.IntOrString => plain.Name is "IntOrString" or "IntstrIntOrString",
            FieldShape.List => plain.IsGenericType && plain.Name.StartsWith("IList", StringComparison.Ordinal) && Fits(type.Element!, plain.GetGenericArguments()[0]),
            FieldShape.Map => plain.IsGenericType && plain.Name.StartsWith("IDictionary", StringComparison.Ordinal) && Fits(type.Element!, plain.GetGenericArguments()[1]),
            FieldShape.Struct => plain.IsClass && plain.Name.EndsWith(type.Struct!.Name, StringComparison.Ordinal),
            _ => true,
        };
    }
}
