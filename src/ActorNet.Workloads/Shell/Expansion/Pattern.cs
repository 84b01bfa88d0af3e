using System.Text;

namespace ActorNet.Workloads.Shell.Expansion;

/// <summary>
/// A pattern (POSIX XCU 2.13): *, ?, [...] where they are not quoted. Matching takes at most text times pattern steps, whatever they hold.
/// </summary>
internal sealed class Pattern
{
    private readonly List<Piece> _pieces = [];

    private Pattern()
    {
    }

    /// <summary>Whether anything in it is special.</summary>
    public bool IsSpecial { get; private set; }

    /// <summary>Makes a pattern of an expanded text.</summary>
    /// <param name="text">Text and which of its characters were quoted.</param>
    public static Pattern Of(MarkedText text)
    {
        var pattern = new Pattern();
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (text.IsQuoted(i))
                pattern.Add(new Piece(PieceKind.One, c));
            else if (c == '*')
                pattern.AddStar();
            else if (c == '?')
                pattern.Add(new Piece(PieceKind.Any, c));
            else if (c == '[' && pattern.TryAddSet(text, ref i))
                continue;
            else if (c == '\\' && i + 1 < text.Length)
                pattern.Add(new Piece(PieceKind.One, text[++i]));
            else
                pattern.Add(new Piece(PieceKind.One, c));
        }

        return pattern;
    }

    /// <summary>Whether the whole text matches.</summary>
    /// <param name="text">Text.</param>
    public bool Matches(ReadOnlySpan<char> text)
    {
        int at = 0, piece = 0, star = -1, starAt = 0;
        while (at < text.Length)
        {
            if (piece < _pieces.Count && _pieces[piece].Kind == PieceKind.Star)
            {
                star = piece++;
                starAt = at;
            }
            else if (piece < _pieces.Count && _pieces[piece].Matches(text[at]))
            {
                piece++;
                at++;
            }
            else if (star >= 0)
            {
                piece = star + 1;
                at = ++starAt;
            }
            else
            {
                return false;
            }
        }

        while (piece < _pieces.Count && _pieces[piece].Kind == PieceKind.Star)
            piece++;
        return piece == _pieces.Count;
    }

    private void Add(Piece piece)
    {
        IsSpecial |= piece.Kind != PieceKind.One;
        _pieces.Add(piece);
    }

    private void AddStar()
    {
        if (_pieces.Count == 0 || _pieces[^1].Kind != PieceKind.Star)
            Add(new Piece(PieceKind.Star, '*'));
    }

    private bool TryAddSet(MarkedText text, ref int at)
    {
        int i = at + 1;
        bool negated = i < text.Length && !text.IsQuoted(i) && text[i] is '!' or '^';
        if (negated)
            i++;
        var ranges = new List<(char From, char To)>();
        var classes = new List<Func<char, bool>>();
        for (bool first = true; i < text.Length; first = false)
        {
            char c = text[i];
            if (c == ']' && !first && !text.IsQuoted(i))
            {
                Add(new Piece(PieceKind.Set, c, ranges, classes, negated));
                at = i;
                return true;
            }

            if (c == '[' && !text.IsQuoted(i) && TryReadClass(text, ref i) is { } named)
            {
                classes.Add(named);
                continue;
            }

            if (c == '\\' && !text.IsQuoted(i) && i + 1 < text.Length)
                c = text[++i];
            if (i + 2 < text.Length && text[i + 1] == '-' && !text.IsQuoted(i + 1) && text[i + 2] != ']')
            {
                ranges.Add((c, text[i + 2]));
                i += 3;
            }
            else
            {
                ranges.Add((c, c));
                i++;
            }
        }

        return false;
    }

    private static Func<char, bool>? TryReadClass(MarkedText text, ref int at)
    {
        if (at + 1 >= text.Length || text[at + 1] != ':')
            return null;
        var name = new StringBuilder();
        int i = at + 2;
        while (i < text.Length && char.IsAsciiLetter(text[i]))
            name.Append(text[i++]);
        if (i + 1 >= text.Length || text[i] != ':' || text[i + 1] != ']' || CharacterClass.Find(name.ToString()) is not { } found)
            return null;
        at = i + 2;
        return found;
    }

    private enum PieceKind
    {
        One,
        Any,
        Star,
        Set,
    }

    private sealed record Piece(PieceKind Kind, char Value, List<(char From, char To)>? Ranges = null, List<Func<char, bool>>? Classes = null, bool IsNegated = false)
    {
        public bool Matches(char c) => Kind switch
        {
            PieceKind.One => c == Value,
            PieceKind.Any => true,
            PieceKind.Set => IsNegated != (Ranges!.Exists(r => c >= r.From && c <= r.To) || Classes!.Exists(f => f(c))),
            _ => false,
        };
    }
}

/// <summary>The character classes of the C locale.</summary>
internal static class CharacterClass
{
    /// <summary>Finds a class by its name, as "alpha".</summary>
    /// <param name="name">Name.</param>
    public static Func<char, bool>? Find(string name) => name switch
    {
        "alpha" => char.IsAsciiLetter,
        "digit" => char.IsAsciiDigit,
        "alnum" => char.IsAsciiLetterOrDigit,
        "upper" => char.IsAsciiLetterUpper,
        "lower" => char.IsAsciiLetterLower,
        "space" => static c => c is ' ' or (>= '\t' and <= '\r'),
        "blank" => static c => c is ' ' or '\t',
        "punct" => static c => c is > ' ' and < '\u007F' && !char.IsAsciiLetterOrDigit(c),
        "xdigit" => char.IsAsciiHexDigit,
        "cntrl" => static c => c is < ' ' or '\u007F',
        "print" => static c => c is >= ' ' and < '\u007F',
        "graph" => static c => c is > ' ' and < '\u007F',
        _ => null,
    };
}
