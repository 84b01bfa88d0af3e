using System.Globalization;

namespace ActorNet.Workloads.Nginx;

/// <summary>What a Range header asks for.</summary>
internal enum RangeVerdict
{
    /// <summary>The whole representation: the header is not for bytes, or asks for all or for more than all of it.</summary>
    Whole,

    /// <summary>Parts: 206.</summary>
    Parts,

    /// <summary>None that there is: 416.</summary>
    NotSatisfiable,
}

/// <summary>A part of a representation.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">One behind the last.</param>
internal readonly record struct ByteRange(long Start, long End)
{
    /// <summary>Length in bytes.</summary>
    public long Length => End - Start;

    /// <summary>The value of Content-Range (RFC 9110 14.4).</summary>
    public string Describe(long whole) => string.Create(CultureInfo.InvariantCulture, $"bytes {Start}-{End - 1}/{whole}");
}

/// <summary>The Range header (RFC 9110 14.2) by nginx's rules: parts come in the order asked for, and together may not be longer than the whole.</summary>
internal static class NginxRanges
{
    private const string Unit = "bytes=";

    /// <summary>Reads a header.</summary>
    /// <param name="header">Its value.</param>
    /// <param name="length">Length of the representation in bytes.</param>
    /// <param name="parts">The parts, where the verdict is <see cref="RangeVerdict.Parts"/>.</param>
    public static RangeVerdict Read(string header, long length, out IReadOnlyList<ByteRange> parts)
    {
        var found = new List<ByteRange>();
        parts = found;
        if (header.Length <= Unit.Length || !header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
            return RangeVerdict.Whole;
        long total = 0;
        foreach (string spec in header[Unit.Length..].Split(','))
        {
            if (!TryReadOne(spec.Trim(' '), length, out ByteRange part))
                return RangeVerdict.NotSatisfiable;
            if (part.Length > 0)
            {
                found.Add(part);
                total += part.Length;
            }
            else if (part.Start == 0)
            {
                return RangeVerdict.Whole;
            }
        }

        if (found.Count == 0)
            return RangeVerdict.NotSatisfiable;
        return total > length ? RangeVerdict.Whole : RangeVerdict.Parts;
    }

    // FIRST-LAST, FIRST- or -SUFFIX.
    private static bool TryReadOne(string spec, long length, out ByteRange part)
    {
        part = default;
        int dash = spec.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0)
            return false;
        string first = spec[..dash].TrimEnd(' ');
        string last = spec[(dash + 1)..].TrimStart(' ');
        if (first.Length == 0)
        {
            if (!TryReadNumber(last, out long suffix))
                return false;
            part = new ByteRange(Math.Max(0, length - suffix), length);
            return true;
        }

        if (!TryReadNumber(first, out long start))
            return false;
        long end = length;
        if (last.Length > 0)
        {
            if (!TryReadNumber(last, out end))
                return false;
            end = end >= length ? length : end + 1;
        }

        part = new ByteRange(start, end);
        return true;
    }

    private static bool TryReadNumber(string text, out long value) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
