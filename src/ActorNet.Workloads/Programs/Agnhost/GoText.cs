using System.Globalization;
using System.Text;

namespace ActorNet.Workloads.Programs.Agnhost;

/// <summary>Texts as Go's standard library makes and reads them.</summary>
internal static class GoText
{
    /// <summary>%q: in double quotes, with what is not printable escaped (strconv.Quote).</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                < ' ' or 0x7F => quoted.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                _ => quoted.Append(rune.ToString()),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>A JSON string (encoding/json: beside what must be, the signs of HTML are escaped).</summary>
    public static string Json(string text)
    {
        var json = new StringBuilder("\"");
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029' => json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        return json.Append('"').ToString();
    }

    /// <summary>A JSON list of strings.</summary>
    public static string Json(IEnumerable<string> texts) => $"[{string.Join(',', texts.Select(Json))}]";

    /// <summary>A map as encoding/json writes it: sorted by key.</summary>
    /// <param name="members">Keys, and values that are JSON already.</param>
    public static string JsonObject(IEnumerable<KeyValuePair<string, string>> members) =>
        $"{{{string.Join(',', members.OrderBy(static m => m.Key, StringComparer.Ordinal).Select(static m => $"{Json(m.Key)}:{m.Value}"))}}}";

    /// <summary>The form that net/http keeps a header's name in: User-Agent.</summary>
    public static string CanonicalHeader(string name)
    {
        char[] letters = name.ToLowerInvariant().ToCharArray();
        for (int i = 0; i < letters.Length; i++)
        {
            if (i == 0 || letters[i - 1] == '-')
                letters[i] = char.ToUpperInvariant(letters[i]);
        }

        return new string(letters);
    }
}
