using System.Globalization;

namespace ActorNet.Workloads.Curl;

/// <summary>URLs with sets and ranges: {a,b}, [1-3], [01-10:2], [a-e] (curl src/tool_urlglob.c). The last one turns fastest.</summary>
internal static class CurlGlob
{
    // GLOB_PATTERN_NUM's place: what one URL may become.
    private const int MaxUrls = 100_000;

    /// <summary>The URLs that one stands for.</summary>
    /// <param name="text">Text.</param>
    /// <exception cref="CurlFailure">3: a bracket is not closed, or what it holds is no range.</exception>
    public static IEnumerable<string> Expand(string text)
    {
        var parts = new List<IReadOnlyList<string>>();
        int from = 0;
        long count = 1;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is '}' or ']')
                throw Bad(text, i + 1, "unmatched close brace/bracket in URL");
            if (text[i] is not ('{' or '['))
                continue;
            int end = text.IndexOf(text[i] == '{' ? '}' : ']', i);
            // An address of IPv6 is no range.
            if (text[i] == '[' && end > 0 && text[i..end].Count(static c => c == ':') > 1)
            {
                i = end;
                continue;
            }

            parts.Add([text[from..i]]);
            parts.Add(text[i] == '{' ? Set(text, i, end) : Range(text, i, end));
            count *= parts[^1].Count;
            if (count > MaxUrls)
                throw Bad(text, i, "range overflow in URL");
            from = end + 1;
            i = end;
        }

        parts.Add([text[from..]]);
        return parts.Aggregate((IEnumerable<string>)[""], static (heads, part) => heads.SelectMany(head => part.Select(tail => head + tail)));
    }

    private static string[] Set(string text, int start, int end) => text.IndexOfAny(['{', '['], start + 1, (end < 0 ? text.Length : end) - start - 1) is var nested and >= 0
        ? throw Bad(text, nested + 1, "nested brace in URL")
        : end < 0 ? throw Bad(text, start + 1, "unmatched brace in URL")
        : end == start + 1 ? throw Bad(text, end, "empty string within braces in URL") : text[(start + 1)..end].Split(',');

    private static List<string> Range(string text, int start, int end)
    {
        string[] stepped = end < 0 ? [] : text[(start + 1)..end].Split(':');
        string[] ends = stepped.Length is 1 or 2 ? stepped[0].Split('-') : [];
        int step = 1;
        if (ends.Length != 2 || (stepped.Length == 2 && (!int.TryParse(stepped[1], NumberStyles.None, CultureInfo.InvariantCulture, out step) || step == 0)))
            throw Bad(text, start + 2, "bad range in URL");
        var values = new List<string>();
        if (ends[0].Length == 1 && ends[1].Length == 1 && char.IsAsciiLetter(ends[0][0]) && ends[1][0] >= ends[0][0])
        {
            for (int c = ends[0][0]; c <= ends[1][0]; c += step)
                values.Add(((char)c).ToString());
            return values;
        }

        if (!long.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out long first)
            || !long.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out long last) || last < first || (last - first) / step >= MaxUrls)
        {
            throw Bad(text, start + 2, "bad range in URL");
        }

        int width = ends[0].Length > 1 && ends[0][0] == '0' ? ends[0].Length : 0;
        for (long n = first; n <= last; n += step)
            values.Add(n.ToString(CultureInfo.InvariantCulture).PadLeft(width, '0'));
        return values;
    }

    private static CurlFailure Bad(string text, int at, string why) =>
        new(CurlCode.UrlMalformat, string.Create(CultureInfo.InvariantCulture, $"{why} position {at}:\n{text}\n{new string(' ', Math.Max(0, at - 1))}^"));
}
