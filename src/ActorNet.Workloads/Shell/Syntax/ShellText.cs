using System.Text;

namespace ActorNet.Workloads.Shell.Syntax;

/// <summary>A program's text with a place in it. "\" and a line's end are nothing (POSIX XCU 2.2.1).</summary>
internal sealed class ShellText(string text, int firstLine)
{
    public const char End = '\0';

    public int Position { get; private set; }

    public int Line { get; private set; } = firstLine;

    public bool IsAtEnd => Position >= text.Length;

    /// <summary>The character at the place, or <see cref="End"/>; a line joined by a backslash is skipped.</summary>
    public char Peek()
    {
        while (Position + 1 < text.Length && text[Position] == '\\' && text[Position + 1] == '\n')
            Skip(2);
        return RawPeek();
    }

    /// <summary>The character at the place as it stands.</summary>
    public char RawPeek(int ahead = 0) => Position + ahead < text.Length ? text[Position + ahead] : End;

    public char Read()
    {
        Peek();
        return RawRead();
    }

    public char RawRead()
    {
        if (IsAtEnd)
            return End;
        char c = text[Position++];
        if (c == '\n')
            Line++;
        return c;
    }

    public bool TryTake(char c)
    {
        if (IsAtEnd || Peek() != c)
            return false;
        RawRead();
        return true;
    }

    public void Skip(int count)
    {
        for (int i = 0; i < count; i++)
            RawRead();
    }

    /// <summary>Remembers a place to come back to.</summary>
    public (int Position, int Line) Mark() => (Position, Line);

    public void Return((int Position, int Line) mark) => (Position, Line) = mark;

    /// <summary>The rest of the line without its end, which is skipped; null at the text's end.</summary>
    public string? ReadLine(bool joins)
    {
        if (IsAtEnd)
            return null;
        var line = new StringBuilder();
        while (!IsAtEnd)
        {
            if (joins)
                Peek();
            if (IsAtEnd)
                break;
            char c = RawRead();
            if (c == '\n')
                return line.ToString();
            // A pair stays a pair, so that "\\" and a line's end is not a joined line.
            line.Append(c);
            if (joins && c == '\\' && !IsAtEnd && RawPeek() != '\n')
                line.Append(RawRead());
        }

        return line.ToString();
    }
}
