using System.Text;
using System.Text.RegularExpressions;

namespace ActorNet.Workloads.Tools;

/// <summary>POSIX regular expressions for .NET's engine, which runs without backtracking where it can, so that no pattern takes exponential time.</summary>
internal static class PosixRegex
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(1);

    /// <summary>Makes the expression, or null when it is none.</summary>
    public static Regex? TryMake(string expression, bool ignoresCase)
    {
        RegexOptions options = RegexOptions.CultureInvariant | (ignoresCase ? RegexOptions.IgnoreCase : RegexOptions.None);
        try
        {
            return new Regex(expression, options | RegexOptions.NonBacktracking, Bound);
        }
        catch (NotSupportedException)
        {
            // References to groups, and what stands around a word.
            return new Regex(expression, options, Bound);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Translates an expression.</summary>
    /// <param name="pattern">Expression, one character per byte.</param>
    /// <param name="isExtended">Whether it is an ERE (-E) and not a BRE.</param>
    public static string Translate(string pattern, bool isExtended)
    {
        var result = new StringBuilder();
        for (int i = 0; i < pattern.Length; i++)
        {
            char c = pattern[i];
            if (c == '[' && TryBracket(pattern, ref i, result))
                continue;
            if (c == '\\' && i + 1 < pattern.Length)
                TranslateEscape(pattern[++i], isExtended, result);
            else if (!isExtended && c is '(' or ')' or '{' or '}' or '+' or '?' or '|')
                result.Append('\\').Append(c);
            else if (c == '*' && (result.Length == 0 || result.ToString() is "^" || (!isExtended && EndsWithOpenGroup(result))))
                result.Append(@"\*");
            else if (!isExtended && c == '^' && i > 0 && !EndsWithOpenGroup(result))
                result.Append(@"\^");
            else if (!isExtended && c == '$' && i + 1 < pattern.Length && !pattern.AsSpan(i + 1).StartsWith(@"\)"))
                result.Append(@"\$");
            else
                result.Append(c);
        }

        return result.ToString();
    }

    private static bool EndsWithOpenGroup(StringBuilder result) => result.Length > 0 && result[^1] == '(' && (result.Length == 1 || result[^2] != '\\');

    private static void TranslateEscape(char c, bool isExtended, StringBuilder result)
    {
        if (!isExtended && c is '(' or ')' or '{' or '}' or '+' or '?' or '|')
            result.Append(c);
        else if (c is '<' or '>')
            result.Append(@"\b");
        else if (c is 'b' or 'B' or 'w' or 'W' or 's' or 'S' || char.IsAsciiDigit(c))
            result.Append('\\').Append(c);
        else
            result.Append(Regex.Escape(c.ToString()));
    }

    private static bool TryBracket(string pattern, ref int at, StringBuilder result)
    {
        int i = at + 1;
        var set = new StringBuilder("[");
        if (i < pattern.Length && pattern[i] == '^')
        {
            set.Append('^');
            i++;
        }

        for (bool first = true; i < pattern.Length; first = false)
        {
            if (pattern[i] == ']' && !first)
            {
                result.Append(set).Append(']');
                at = i;
                return true;
            }

            int end = pattern.AsSpan(i).StartsWith("[:") ? pattern.IndexOf(":]", i, StringComparison.Ordinal) : -1;
            if (end > 0 && Class(pattern[(i + 2)..end]) is { } named)
            {
                set.Append(named);
                i = end + 2;
                continue;
            }

            if (pattern[i] is '[' or ']' or '\\' or '^')
                set.Append('\\');
            set.Append(pattern[i++]);
        }

        return false;
    }

    private static string? Class(string name) => name switch
    {
        "alpha" => "A-Za-z",
        "digit" => "0-9",
        "alnum" => "A-Za-z0-9",
        "upper" => "A-Z",
        "lower" => "a-z",
        "space" => @" \t-\r",
        "blank" => @" \t",
        "punct" => @"!-/:-@\[-`{-~",
        "xdigit" => "0-9A-Fa-f",
        _ => null,
    };
}
