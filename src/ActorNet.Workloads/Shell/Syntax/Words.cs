namespace ActorNet.Workloads.Shell.Syntax;

/// <summary>A word before its expansions (POSIX XCU 2.6): parts one after the other.</summary>
/// <param name="Parts">Parts.</param>
internal sealed record Word(IReadOnlyList<WordPart> Parts)
{
    public static Word Empty { get; } = new([]);

    /// <summary>The text when no part of it is quoted or expanded: what a reserved word must be. Null otherwise.</summary>
    public string? Plain => Parts is [LiteralPart { IsQuoted: false } only] ? only.Text : null;
}

/// <summary>A part of a word.</summary>
internal abstract record WordPart;

/// <summary>Text as it stands.</summary>
/// <param name="Text">Text.</param>
/// <param name="IsQuoted">Whether it came from quotes or behind a backslash.</param>
internal sealed record LiteralPart(string Text, bool IsQuoted) : WordPart;

/// <summary>What stands in double quotes.</summary>
/// <param name="Parts">Parts.</param>
internal sealed record QuotedPart(IReadOnlyList<WordPart> Parts) : WordPart;

/// <summary>$name, ${name} and its operators (POSIX XCU 2.6.2; substring and replacement as busybox ash).</summary>
/// <param name="Name">A variable's name, a position, or one of @ * # ? - $ !.</param>
/// <param name="Operation">What is done with the value.</param>
/// <param name="TreatsEmptyAsUnset">The colon of ":-" and its like.</param>
/// <param name="Argument">The word behind the operator.</param>
/// <param name="Second">The second word of a replacement or substring, or null.</param>
internal sealed record ParameterPart(string Name, ParameterOperation Operation, bool TreatsEmptyAsUnset, Word Argument, Word? Second) : WordPart;

/// <summary>$(...) and `...`.</summary>
/// <param name="Commands">The commands.</param>
internal sealed record CommandPart(CommandList Commands) : WordPart;

/// <summary>$((...)).</summary>
/// <param name="Expression">The expression, itself expanded first.</param>
internal sealed record ArithmeticPart(Word Expression) : WordPart;

/// <summary>The operators of a parameter expansion.</summary>
internal enum ParameterOperation
{
    None,
    Default,
    Assign,
    Error,
    Alternative,
    Length,
    RemoveSmallestSuffix,
    RemoveLargestSuffix,
    RemoveSmallestPrefix,
    RemoveLargestPrefix,
    Substring,
    ReplaceFirst,
    ReplaceAll,
    Bad,
}
