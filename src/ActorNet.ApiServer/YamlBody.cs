using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ActorNet.ApiServer;

/// <summary>
/// One YAML document as JSON (sigs.k8s.io/yaml: YAML 1.1's words for booleans and null, numbers, everything else text). Depth and the number of
/// values are bounded, those of aliases counted where they are used.
/// </summary>
internal sealed class YamlBody
{
    private const int MaxValues = 200_000;

    private static readonly HashSet<string> True = ["true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"];
    private static readonly HashSet<string> False = ["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"];
    private static readonly HashSet<string> Null = ["", "~", "null", "Null", "NULL"];

    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, (JsonNode? Value, int Size)> _anchors = [];
    private int _values;

    private YamlBody(string text) => _parser = new Parser(new StringReader(text));

    /// <summary>Reads.</summary>
    /// <exception cref="DocumentException">It is no YAML, or too much.</exception>
    public static JsonNode? Read(string text)
    {
        var body = new YamlBody(text);
        try
        {
            body._parser.Consume<StreamStart>();
            if (!body._parser.TryConsume<DocumentStart>(out _))
                return null;
            JsonNode? value = body.ReadValue(0);
            body._parser.Consume<DocumentEnd>();
            return value;
        }
        catch (YamlException e)
        {
            throw new DocumentException($"yaml: line {e.Start.Line}: {e.Message}");
        }
        catch (Exception e) when (e is not DocumentException)
        {
            // The library throws whatever its parts throw for texts that are no YAML: of tags, of numbers, of its scanner's states.
            throw new DocumentException($"yaml: {e.Message}");
        }
    }

    private JsonNode? ReadValue(int depth)
    {
        if (depth > DocumentReader.MaxDepth)
            throw new DocumentException("yaml: the document nests too deep");
        Count(1);
        if (_parser.Accept<AnchorAlias>(out _))
            return Aliased(_parser.Consume<AnchorAlias>());
        int before = _values;
        if (!_parser.Accept<NodeEvent>(out _) || _parser.Current is not NodeEvent head)
            throw new DocumentException("yaml: a value is missing");
        JsonNode? value = head switch
        {
            Scalar => OfScalar(_parser.Consume<Scalar>()),
            SequenceStart => ReadList(depth),
            _ => ReadMap(depth),
        };
        if (!head.Anchor.IsEmpty)
            _anchors[head.Anchor] = (value?.DeepClone(), _values - before + 1);
        return value;
    }

    private JsonArray ReadList(int depth)
    {
        _parser.Consume<SequenceStart>();
        var list = new JsonArray();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            list.Add(ReadValue(depth + 1));
        return list;
    }

    private JsonObject ReadMap(int depth)
    {
        _parser.Consume<MappingStart>();
        var map = new JsonObject();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            Scalar key = _parser.Consume<Scalar>();
            if (map.ContainsKey(key.Value))
                throw new DocumentException($"yaml: line {key.Start.Line}: key \"{key.Value}\" already set in map");
            map[key.Value] = ReadValue(depth + 1);
        }

        return map;
    }

    private JsonNode? Aliased(AnchorAlias alias)
    {
        if (!_anchors.TryGetValue(alias.Value, out (JsonNode? Value, int Size) anchor))
            throw new DocumentException($"yaml: unknown anchor '{alias.Value}' referenced");
        Count(anchor.Size);
        return anchor.Value?.DeepClone();
    }

    private static JsonValue? OfScalar(Scalar scalar)
    {
        string text = scalar.Value;
        if (scalar.Style != ScalarStyle.Plain || (!scalar.Tag.IsEmpty && scalar.Tag.Value == "tag:yaml.org,2002:str"))
            return JsonValue.Create(text);
        if (Null.Contains(text))
            return null;
        if (True.Contains(text))
            return JsonValue.Create(true);
        if (False.Contains(text))
            return JsonValue.Create(false);
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
            return JsonValue.Create(whole);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? JsonValue.Create(number) : JsonValue.Create(text);
    }

    private void Count(int values)
    {
        _values += values;
        if (_values > MaxValues)
            throw new DocumentException($"yaml: the document has more than {MaxValues} values, those of its aliases included");
    }
}
