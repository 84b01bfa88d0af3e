using System.Globalization;
using System.Text;

namespace ActorNet.Workloads.Shell.Syntax;

/// <summary>Backslash sequences of $'...', printf's format and %b, and echo -e.</summary>
internal static class EscapedText
{
    /// <summary>Replaces every sequence.</summary>
    /// <param name="text">Text.</param>
    public static string Decode(string text) => Decode(text, octalZero: false, out _);

    /// <summary>Replaces every sequence until "\c".</summary>
    /// <param name="text">Text.</param>
    /// <param name="octalZero">Whether octal numbers are written \0ddd, as in %b and echo -e, and not \ddd.</param>
    /// <param name="ended">Whether "\c" ended all output.</param>
    public static string Decode(string text, bool octalZero, out bool ended)
    {
        ended = false;
        if (!text.Contains('\\', StringComparison.Ordinal))
            return text;
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length;)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                result.Append(text[i++]);
                continue;
            }

            if (text[i + 1] == 'c')
            {
                ended = true;
                return result.ToString();
            }

            i += DecodeOne(text.AsSpan(i), octalZero, result);
        }

        return result.ToString();
    }

    /// <summary>Replaces the sequence at the beginning.</summary>
    /// <returns>How many characters it has.</returns>
    public static int DecodeOne(ReadOnlySpan<char> at, bool octalZero, StringBuilder result)
    {
        if (at.Length < 2)
        {
            result.Append('\\');
            return 1;
        }

        int found = "abfnrtve\\'\"".IndexOf(at[1], StringComparison.Ordinal);
        if (found >= 0)
        {
            result.Append("\a\b\f\n\r\t\v\u001B\\'\""[found]);
            return 2;
        }

        if (at[1] == 'x')
        {
            int digits = 0;
            while (digits < 2 && 2 + digits < at.Length && char.IsAsciiHexDigit(at[2 + digits]))
                digits++;
            if (digits > 0)
                result.Append((char)int.Parse(at.Slice(2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
            else
                result.Append("\\x");
            return 2 + digits;
        }

        int start = octalZero && at[1] == '0' ? 2 : 1;
        int value = 0;
        int length = 0;
        while (length < 3 && start + length < at.Length && at[start + length] is >= '0' and <= '7')
            value = (value * 8) + (at[start + length++] - '0');
        if (length == 0 && start == 1)
        {
            result.Append('\\').Append(at[1]);
            return 2;
        }

        result.Append((char)(value & 0xFF));
        return start + length;
    }
}
