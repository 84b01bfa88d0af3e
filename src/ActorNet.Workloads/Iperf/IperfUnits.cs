using System.Globalization;

namespace ActorNet.Workloads.Iperf;

/// <summary>Numbers with K, M, G and T, read and printed as iperf3 does (esnet/iperf src/units.c).</summary>
internal static class IperfUnits
{
    private const string Prefixes = "KMGT";

    /// <summary>Reads a count of bytes or blocks; the suffixes stand for powers of 1,024.</summary>
    public static bool TryParseSize(string text, out long value) => TryParse(text, 1024, out value);

    /// <summary>Reads a rate; the suffixes stand for powers of 1,000.</summary>
    public static bool TryParseRate(string text, out long value) => TryParse(text, 1000, out value);

    /// <summary>An amount of data, such as "1.22 MBytes"; powers of 1,024.</summary>
    /// <param name="bytes">Bytes.</param>
    public static string Amount(double bytes) => Format(bytes, 1024, "Bytes", '\0');

    /// <summary>A rate without its "/sec", such as "10.2 Mbits".</summary>
    /// <param name="bytesPerSecond">Bytes per second.</param>
    /// <param name="unit">One of kmgt for bits, KMGT for bytes, or NUL to choose by size.</param>
    public static string Rate(double bytesPerSecond, char unit) =>
        char.IsUpper(unit) ? Format(bytesPerSecond, 1024, "Bytes", unit) : Format(bytesPerSecond * 8, 1000, "bits", unit);

    private static string Format(double number, double step, string unit, char fixedPrefix)
    {
        int prefix = 0;
        int wanted = fixedPrefix == '\0' ? Prefixes.Length : Prefixes.IndexOf(char.ToUpperInvariant(fixedPrefix), StringComparison.Ordinal) + 1;
        while (prefix < wanted && (fixedPrefix != '\0' || number >= step))
        {
            number /= step;
            prefix++;
        }

        // Three digits in four places.
        string digits = number < 9.995 ? "0.00" : number < 99.95 ? "0.0" : "0";
        string text = number.ToString(digits, CultureInfo.InvariantCulture).PadLeft(4);
        return $"{text} {(prefix == 0 ? "" : Prefixes[prefix - 1])}{unit}";
    }

    private static bool TryParse(string text, double step, out long value)
    {
        value = 0;
        int prefix = text.Length == 0 ? -1 : Prefixes.IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal);
        ReadOnlySpan<char> digits = prefix < 0 ? text : text.AsSpan(0, text.Length - 1);
        if (!double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            return false;
        number *= Math.Pow(step, prefix + 1);
        if (number >= long.MaxValue)
            return false;
        value = (long)number;
        return true;
    }
}
