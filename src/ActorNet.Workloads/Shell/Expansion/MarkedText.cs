using System.Text;

namespace ActorNet.Workloads.Shell.Expansion;

/// <summary>A text that remembers which of its characters were quoted, for only the others are special in patterns.</summary>
internal sealed class MarkedText
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _marks = new();

    public int Length => _text.Length;

    public char this[int index] => _text[index];

    public bool IsQuoted(int index) => _marks[index] == 'q';

    public void Append(string text, bool isQuoted)
    {
        _text.Append(text);
        _marks.Append(isQuoted ? 'q' : 'u', text.Length);
    }

    public void Append(char c, bool isQuoted) => Append(c.ToString(), isQuoted);

    /// <summary>Appends a part of another text with its marks.</summary>
    public void Append(MarkedText other, int start, int length)
    {
        for (int i = start; i < start + length; i++)
            Append(other[i], other.IsQuoted(i));
    }

    /// <summary>Whether an unquoted character could make a pattern of it.</summary>
    public bool MayBePattern()
    {
        for (int i = 0; i < Length; i++)
        {
            if (_marks[i] == 'u' && _text[i] is '*' or '?' or '[')
                return true;
        }

        return false;
    }

    public override string ToString() => _text.ToString();
}
