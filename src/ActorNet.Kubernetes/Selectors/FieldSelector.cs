using System.Text;
using ActorNet.Kubernetes.Errors;

namespace ActorNet.Kubernetes.Selectors;

/// <summary>One condition on a field.</summary>
/// <param name="Field">The path, such as "spec.nodeName".</param>
/// <param name="Value">The value.</param>
/// <param name="IsEqual">True: must be equal; false: must differ.</param>
public sealed record FieldRequirement(string Field, string Value, bool IsEqual);

/// <summary>Conditions on fields that must all hold (apimachinery pkg/fields/selector.go).</summary>
/// <param name="Requirements">The conditions; none: everything matches.</param>
public sealed record FieldSelector(IReadOnlyList<FieldRequirement> Requirements)
{
    /// <summary>Matches everything.</summary>
    public static FieldSelector Everything { get; } = new([]);

    /// <summary>True when no condition is set.</summary>
    public bool IsEverything => Requirements.Count == 0;

    /// <summary>True when every condition holds.</summary>
    /// <param name="valueOf">Gives a field's value as text.</param>
    public bool Matches(Func<string, string> valueOf)
    {
        foreach (FieldRequirement requirement in Requirements)
        {
            if (valueOf(requirement.Field) == requirement.Value != requirement.IsEqual)
                return false;
        }

        return true;
    }

    /// <summary>The value that a field must have, or null when it is not fixed.</summary>
    public string? Exact(string field) => Requirements.FirstOrDefault(each => each.IsEqual && each.Field == field)?.Value;

    /// <summary>Reads the query parameter fieldSelector: "a=b,c!=d"; a backslash escapes comma, equals sign and backslash.</summary>
    /// <exception cref="ApiException">It is none: 400.</exception>
    public static FieldSelector Parse(string text)
    {
        var requirements = new List<FieldRequirement>();
        foreach (string term in Split(text))
        {
            if (term.Length > 0)
                requirements.Add(Term(term));
        }

        return new FieldSelector(requirements);
    }

    private static FieldRequirement Term(string term)
    {
        for (int i = 0; i < term.Length; i++)
        {
            string rest = term[i..];
            if (term[i] == '\\')
                i++;
            else if (rest.StartsWith("!=", StringComparison.Ordinal))
                return new FieldRequirement(term[..i], Unescape(term[(i + 2)..]), false);
            else if (rest.StartsWith("==", StringComparison.Ordinal))
                return new FieldRequirement(term[..i], Unescape(term[(i + 2)..]), true);
            else if (term[i] == '=')
                return new FieldRequirement(term[..i], Unescape(term[(i + 1)..]), true);
        }

        throw ApiErrors.BadRequest($"invalid selector: '{term}'; can't understand '{term}'");
    }

    private static List<string> Split(string text)
    {
        var terms = new List<string>();
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\')
                i++;
            else if (text[i] == ',')
            {
                terms.Add(text[start..i]);
                start = i + 1;
            }
        }

        terms.Add(text[start..]);
        return terms;
    }

    private static string Unescape(string text)
    {
        var value = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 1 < text.Length)
                i++;
            value.Append(text[i]);
        }

        return value.ToString();
    }
}
