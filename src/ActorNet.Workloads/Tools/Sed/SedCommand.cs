using System.Text.RegularExpressions;

namespace ActorNet.Workloads.Tools.Sed;

/// <summary>One address of a command.</summary>
/// <param name="Line">Line number; 0 where it is something else.</param>
/// <param name="IsLast">Whether it is "$".</param>
/// <param name="Regex">Expression; null where it is a number, "$", or the empty expression.</param>
/// <param name="IsEmptyRegex">Whether it is "//": the last expression used.</param>
/// <param name="Count">For a second address: this many lines more ("+N"), or -1.</param>
internal sealed record SedAddress(long Line, bool IsLast, Regex? Regex, bool IsEmptyRegex, long Count = -1);

/// <summary>What s does.</summary>
/// <param name="Regex">Expression, or null for the last one used.</param>
/// <param name="Replacement">Text with "\1" and "&amp;".</param>
/// <param name="Ordinal">The first match to replace.</param>
/// <param name="IsGlobal">Whether those after it are replaced too.</param>
/// <param name="Prints">Whether a changed text is printed.</param>
internal sealed record SedSubstitution(Regex? Regex, string Replacement, int Ordinal, bool IsGlobal, bool Prints);

/// <summary>A command of a script, and whether it is within its range of lines.</summary>
internal sealed class SedCommand
{
    /// <summary>The command's letter; '{', '}' and ':' too.</summary>
    public required char Letter { get; init; }

    /// <summary>First address, or null for every line.</summary>
    public SedAddress? First { get; init; }

    /// <summary>Second address, or null.</summary>
    public SedAddress? Second { get; init; }

    /// <summary>Whether it is for the lines that the addresses do not choose.</summary>
    public bool IsNegated { get; init; }

    /// <summary>Text of a, i and c, label of b, t and :, file of r, the two sets of y one after the other.</summary>
    public string Text { get; init; } = "";

    /// <summary>Of s.</summary>
    public SedSubstitution? Substitution { get; init; }

    /// <summary>Where b, t and { go on: an index into the script.</summary>
    public int Target { get; set; }

    /// <summary>The last line of the range that has begun, <see cref="long.MaxValue"/> while an expression ends it, or 0.</summary>
    public long RangeEnd { get; set; }
}
