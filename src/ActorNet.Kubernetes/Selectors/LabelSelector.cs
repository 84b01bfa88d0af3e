using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Errors;

namespace ActorNet.Kubernetes.Selectors;

/// <summary>How a label's value must compare.</summary>
public enum LabelOperator
{
    /// <summary>One of the values; the label must be there.</summary>
    In,

    /// <summary>None of the values, or the label is absent.</summary>
    NotIn,

    /// <summary>The label is there.</summary>
    Exists,

    /// <summary>The label is absent.</summary>
    DoesNotExist,
}

/// <summary>One condition on a label.</summary>
/// <param name="Key">The label.</param>
/// <param name="Operator">How it must compare.</param>
/// <param name="Values">With what.</param>
public sealed record LabelRequirement(string Key, LabelOperator Operator, IReadOnlyList<string> Values)
{
    /// <summary>True when the labels meet the condition.</summary>
    public bool Matches(JsonObject? labels)
    {
        string? value = labels?[Key] is JsonValue node && node.TryGetValue(out string? text) ? text : null;
        return Operator switch
        {
            LabelOperator.In => value is not null && Values.Contains(value),
            LabelOperator.NotIn => value is null || !Values.Contains(value),
            LabelOperator.Exists => value is not null,
            _ => value is null,
        };
    }
}

/// <summary>Conditions on labels that must all hold (apimachinery pkg/labels/selector.go).</summary>
/// <param name="Requirements">The conditions; none: everything matches.</param>
public sealed record LabelSelector(IReadOnlyList<LabelRequirement> Requirements)
{
    /// <summary>Matches everything.</summary>
    public static LabelSelector Everything { get; } = new([]);

    /// <summary>True when no condition is set.</summary>
    public bool IsEverything => Requirements.Count == 0;

    /// <summary>True when the labels meet every condition.</summary>
    /// <param name="labels">metadata.labels, or null.</param>
    public bool Matches(JsonObject? labels)
    {
        foreach (LabelRequirement requirement in Requirements)
        {
            if (!requirement.Matches(labels))
                return false;
        }

        return true;
    }

    /// <summary>Reads a metav1.LabelSelector: matchLabels and matchExpressions. Null matches nothing upstream; that is the caller's to know.</summary>
    public static LabelSelector FromDocument(JsonObject selector)
    {
        var requirements = selector.Entries("matchLabels").Select(each => new LabelRequirement(each.Key, LabelOperator.In, [each.Value])).ToList();
        foreach (JsonObject expression in selector.Objects("matchExpressions"))
        {
            if (Enum.TryParse(expression.Text("operator"), out LabelOperator op))
                requirements.Add(new LabelRequirement(expression.Text("key"), op, [.. expression.Texts("values")]));
        }

        return new LabelSelector(requirements);
    }

    /// <summary>Reads the query parameter labelSelector: "a=b,c!=d,e in (f,g),h notin (i),j,!k".</summary>
    /// <exception cref="ApiException">It is none: 400.</exception>
    public static LabelSelector Parse(string text) => new SelectorText(text).Read();

    private sealed class SelectorText(string text)
    {
        private int _at;

        public LabelSelector Read()
        {
            var requirements = new List<LabelRequirement>();
            Skip();
            while (_at < text.Length)
            {
                requirements.Add(Requirement());
                Skip();
                if (_at == text.Length)
                    break;
                Expect(',', "',' or 'end of string'");
                Skip();
                if (_at == text.Length)
                    throw Bad("identifier after ','");
            }

            return new LabelSelector(requirements);
        }

        private LabelRequirement Requirement()
        {
            if (Take('!'))
                return new LabelRequirement(Key(), LabelOperator.DoesNotExist, []);
            string key = Key();
            Skip();
            if (_at == text.Length || text[_at] == ',')
                return new LabelRequirement(key, LabelOperator.Exists, []);
            if (Take('='))
            {
                Take('=');
                return new LabelRequirement(key, LabelOperator.In, [Value()]);
            }

            if (Take('!'))
            {
                Expect('=', "'!='");
                return new LabelRequirement(key, LabelOperator.NotIn, [Value()]);
            }

            return Word() switch
            {
                "in" => new LabelRequirement(key, LabelOperator.In, Values()),
                "notin" => new LabelRequirement(key, LabelOperator.NotIn, Values()),
                _ => throw Bad("in, notin, =, ==, !=, gt, lt"),
            };
        }

        private List<string> Values()
        {
            Skip();
            Expect('(', "'('");
            var values = new List<string>();
            do
            {
                values.Add(Value());
                Skip();
            }
            while (Take(','));
            Expect(')', "',' or ')'");
            return values;
        }

        private string Key()
        {
            Skip();
            string key = Word();
            if (key.Length == 0)
                throw Bad("identifier");
            return key.Length <= 317 && ObjectNames.IsQualifiedName(key) ? key : throw Refused($"key: Invalid value: \"{key}\": {ObjectNames.QualifiedNameRule}");
        }

        private string Value()
        {
            Skip();
            string value = Word();
            return ObjectNames.IsLabelValue(value) ? value : throw Refused($"values[0]: Invalid value: \"{value}\": {ObjectNames.LabelValueRule}");
        }

        private string Word()
        {
            int start = _at;
            while (_at < text.Length && !char.IsWhiteSpace(text[_at]) && text[_at] is not ('=' or '!' or '(' or ')' or ',' or '<' or '>'))
                _at++;
            return text[start.._at];
        }

        private void Skip()
        {
            while (_at < text.Length && char.IsWhiteSpace(text[_at]))
                _at++;
        }

        private bool Take(char c)
        {
            if (_at >= text.Length || text[_at] != c)
                return false;
            _at++;
            return true;
        }

        private void Expect(char c, string expected)
        {
            if (!Take(c))
                throw Bad(expected);
        }

        private ApiException Bad(string expected) =>
            Refused($"found '{(_at < text.Length ? text[_at].ToString() : "")}', expected: {expected}");

        private static ApiException Refused(string why) => ApiErrors.BadRequest($"unable to parse requirement: {why}");
    }
}
