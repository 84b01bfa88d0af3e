using System.Globalization;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>A quantity as Go keeps it: a number, its power of ten, how it is written (apimachinery pkg/api/resource/quantity.go and suffix.go).</summary>
internal static class GoQuantity
{
    private static readonly string[] Binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    // Each a thousand times the one before.
    private static readonly string[] Thousands = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

    /// <summary>Reads a canonical quantity.</summary>
    /// <returns>Zeros for one with more digits than 64 bits hold, which Go keeps in another form that is not imitated.</returns>
    public static (long Value, int Scale, string Format) Parse(string quantity)
    {
        int digits = quantity.TakeWhile(c => char.IsAsciiDigit(c) || c is '-' or '+' or '.').Count();
        (string number, string suffix) = (quantity[..digits], quantity[digits..]);
        int fraction = number.IndexOf('.', StringComparison.Ordinal) is var point and >= 0 ? number.Length - point - 1 : 0;
        if (!long.TryParse(number.Replace(".", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
            return default;
        if (Array.IndexOf(Binary, suffix) is var power and >= 0)
            return (value << (10 * (power + 1)), 0, "BinarySI");
        if (Array.IndexOf(Thousands, suffix) is var thousands and >= 0)
            return (value, (3 * (thousands - 3)) - fraction, "DecimalSI");
        return int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int exponent) ? (value, exponent - fraction, "DecimalExponent") : default;
    }
}
