using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Kinds.Network;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Tests.Schema;

public sealed class FieldWordsTests
{
    [Fact]
    public void Every_text_is_of_a_field_that_is_there_and_a_sentence()
    {
        foreach (string each in FieldWords.All)
        {
            string[] parts = each.Split(' ');
            TypeSchema type = ApiTypes.Kubernetes[parts[0]];
            string? text = parts[1] == "." ? FieldWords.Of(type) : FieldWords.Of(type, type.Field(parts[1]) ?? throw new Xunit.Sdk.XunitException($"{each} is no field"));
            Assert.EndsWith(".", text, StringComparison.Ordinal);
        }
    }

    /// <summary>kubectl explain --recursive shows every field that can be reached from a kind.</summary>
    [Fact]
    public void Every_type_and_field_of_every_kind_has_a_text()
    {
        var missing = new List<string>();
        var seen = new HashSet<TypeSchema>();
        var waiting = new Queue<TypeSchema>(KindCatalog.Default(ServiceRanges.Default).All.Select(static kind => kind.Type));
        while (waiting.TryDequeue(out TypeSchema? type))
        {
            if (!seen.Add(type))
                continue;
            if (FieldWords.Of(type) is null)
                missing.Add(type.Key);
            foreach (FieldSchema field in type.Fields)
            {
                if (field.Name != "~" && FieldWords.Of(type, field) is null)
                    missing.Add($"{type.Key} {field.Name}");
                FieldType? inner = field.Type;
                while (inner?.Element is { } element)
                    inner = element;
                if (inner?.Struct is { } next)
                    waiting.Enqueue(next);
            }
        }

        Assert.Empty(missing);
        Assert.True(seen.Count > 200, $"only {seen.Count} types");
    }
}
