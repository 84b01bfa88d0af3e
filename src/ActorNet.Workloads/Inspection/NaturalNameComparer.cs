using System.Globalization;

namespace ActorNet.Workloads.Inspection;

/// <summary>Orders device names as net-tools does: character by character, but two numbers at the end of an equal beginning by value (lib/nstrcmp.c).</summary>
internal sealed class NaturalNameComparer : IComparer<string>
{
    public static readonly NaturalNameComparer Instance = new();

    public int Compare(string? x, string? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        int same = 0;
        while (same < x.Length && same < y.Length && x[same] == y[same])
            same++;
        if (same == x.Length || same == y.Length)
            return x.Length - y.Length;
        int start = same;
        while (start > 0 && char.IsAsciiDigit(x[start - 1]))
            start--;
        return TryNumber(x[start..], out ulong left) && TryNumber(y[start..], out ulong right) && left != right
            ? left.CompareTo(right)
            : x[same].CompareTo(y[same]);
    }

    // "veth14ce" and "veth3b" hold no number at their ends: ifconfig of net-tools 2.10 orders them by character.
    private static bool TryNumber(string text, out ulong number) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
