using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Schema;

namespace ActorNet.Kubernetes.Tests.Documents;

/// <summary>Documents as bodies, patches and the rules of kinds make them.</summary>
internal static class RandomDocument
{
    // No half of a surrogate pair: both readers refuse it.
    private static readonly string[] Texts = ["", "a", "x-1", "1", "100m", "0", "1.50", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456+01:00", "YWJj", "YW", "\"\\\u00e9\u2028", "\ud83d\ude00", "<&>"];
    private static readonly string[] Numbers = ["0", "-0", "1", "-7", "2147483648", "9223372036854775807", "1.0", "1e3", "0.5"];

    /// <summary>An object with some of the fields of a type, in any order.</summary>
    /// <param name="chance">Chooses.</param>
    /// <param name="type">The type.</param>
    /// <param name="depth">How deep it lies; 0: at the root.</param>
    /// <param name="wrong">Whether some values are of other types.</param>
    public static JsonObject Of(Random chance, TypeSchema type, int depth, bool wrong)
    {
        var document = new JsonObject();
        foreach (FieldSchema field in type.Fields.OrderBy(_ => chance.Next()))
        {
            if (chance.Next(depth == 0 ? 2 : 3) == 0)
                document[field.Name] = Value(chance, field.Type, depth + 1, wrong);
        }

        if (chance.Next(5) == 0)
            document["of no type"] = 1;
        return document;
    }

    private static JsonNode? Value(Random chance, FieldType type, int depth, bool wrong)
    {
        if (wrong && chance.Next(60) == 0)
            return Any(chance);
        if (chance.Next(8) == 0)
            return null;
        int count = depth > 5 ? 0 : chance.Next(3);
        switch (type.Shape)
        {
            case FieldShape.Struct:
                return depth > 5 ? [] : Of(chance, type.Struct!, depth, wrong);
            case FieldShape.Map:
                var map = new JsonObject();
                for (int i = 0; i < count; i++)
                    map[Texts[chance.Next(Texts.Length)]] = Value(chance, type.Element!, depth + 1, wrong);
                return map;
            case FieldShape.List:
                return new JsonArray([.. Enumerable.Range(0, count).Select(_ => Value(chance, type.Element!, depth + 1, wrong))]);
            case FieldShape.Raw:
                return Any(chance);
            default:
                return Scalar(chance, type.Shape, wrong);
        }
    }

    // As the rules of kinds make them, and as parsing does.
    private static JsonValue Scalar(Random chance, FieldShape shape, bool wrong)
    {
        JsonValue made = shape switch
        {
            FieldShape.Bool => JsonValue.Create(chance.Next(2) == 0),
            FieldShape.Int32 => chance.Next(2) == 0 ? JsonValue.Create(chance.Next(-1, 3)) : JsonValue.Create((long)chance.Next(-1, 3)),
            FieldShape.Int64 => chance.Next(2) == 0 ? JsonValue.Create(chance.Next(-1, 3)) : JsonValue.Create(chance.NextInt64()),
            FieldShape.IntOrString => chance.Next(2) == 0 ? JsonValue.Create(chance.Next(0, 90)) : JsonValue.Create("http"),
            FieldShape.Time or FieldShape.MicroTime => JsonValue.Create(Texts[chance.Next(7, 9)]),
            FieldShape.Quantity => JsonValue.Create(Texts[chance.Next(3, 7)]),
            FieldShape.Bytes => JsonValue.Create(chance.Next(2) == 0 ? "" : "YWJj"),
            _ => JsonValue.Create(Texts[chance.Next(Texts.Length)]),
        };
        if (wrong && chance.Next(30) == 0)
            return (JsonValue)JsonNode.Parse(Numbers[chance.Next(Numbers.Length)])!;
        if (wrong && chance.Next(30) == 0)
            return JsonValue.Create(Texts[chance.Next(Texts.Length)]);
        return chance.Next(2) == 0 ? made : (JsonValue)JsonNode.Parse(made.ToJsonString())!;
    }

    private static JsonNode? Any(Random chance) => chance.Next(7) switch
    {
        0 => JsonValue.Create(Texts[chance.Next(Texts.Length)]),
        1 => JsonNode.Parse(Numbers[chance.Next(Numbers.Length)]),
        2 => JsonValue.Create(true),
        3 => new JsonObject { ["b"] = 1, ["a"] = new JsonArray(1.5, "\u00e9", null) },
        4 => JsonNode.Parse("""{"f:data":{".":{},"f:a\u0062":{"x":1.50,"y":[ 1 , "\u2028" ]}}}"""),
        5 => new JsonArray(),
        _ => new JsonObject(),
    };
}
