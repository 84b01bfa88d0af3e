using System.Globalization;

namespace ActorNet.Workloads.Curl;

/// <summary>The values of options that are numbers (curl src/tool_paramhlp.c).</summary>
internal static class CurlNumber
{
    private const string NotANumber = "expected a proper numerical parameter";

    /// <summary>str2num.</summary>
    public static long Signed(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) ? number : throw new CurlUsageException(NotANumber);

    /// <summary>str2unum.</summary>
    public static long Unsigned(string text)
    {
        long number = Signed(text);
        return number >= 0 ? number : throw new CurlUsageException("expected a positive numerical parameter");
    }

    /// <summary>A span in whole seconds.</summary>
    public static TimeSpan WholeSeconds(string text) => TimeSpan.FromSeconds(Math.Min(Unsigned(text), int.MaxValue));

    /// <summary>secs2ms: seconds with decimals.</summary>
    public static TimeSpan Seconds(string text)
    {
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out double seconds))
            throw new CurlUsageException(NotANumber);
        if (seconds < 0)
            throw new CurlUsageException("expected a positive numerical parameter");
        return TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue));
    }

    /// <summary>GetSizeParameter: bytes, with K, M, G, T or P of 1024.</summary>
    public static long Size(string text)
    {
        const string Units = "KMGTP";
        int at = text.Length > 0 ? Units.IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal) : -1;
        bool hasUnit = at >= 0 || (text.Length > 1 && char.ToUpperInvariant(text[^1]) == 'B');
        if (!long.TryParse(hasUnit ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
            throw new CurlUsageException(text.Length > 0 && char.IsAsciiDigit(text[0]) ? "unsupported rate unit" : "invalid number specified for --limit-rate");
        Int128 size = (Int128)number << (10 * (at + 1));
        return size <= long.MaxValue ? (long)size : throw new CurlUsageException(NotANumber);
    }

    /// <summary>A port, or a range of ports.</summary>
    public static (ushort First, int Count) Ports(string text)
    {
        string[] ends = text.Split('-', 2);
        if (!ushort.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out ushort first))
            throw new CurlUsageException("is badly used here");
        if (ends.Length == 1)
            return (first, 1);
        if (!ushort.TryParse(ends[1], NumberStyles.None, CultureInfo.InvariantCulture, out ushort last) || last < first)
            throw new CurlUsageException("is badly used here");
        return (first, last - first + 1);
    }
}
