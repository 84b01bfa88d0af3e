using System.Text;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>The words of one line, read one after the other.</summary>
/// <param name="words">The words.</param>
/// <param name="from">The first that is read.</param>
internal sealed class RuleWords(IReadOnlyList<string> words, int from = 0)
{
    // xshared.c: a parameter has 1024 bytes with its end.
    private const int MaxWord = 1023;

    private static readonly System.Buffers.SearchValues<char> Ends = System.Buffers.SearchValues.Create(" \t\"");

    private static readonly System.Buffers.SearchValues<char> QuotedEnds = System.Buffers.SearchValues.Create("\"\\");

    private int _at = from;

    internal bool AtEnd => _at >= words.Count;

    internal string? Peek => AtEnd ? null : words[_at];

    internal string Next() => words[_at++];

    /// <summary>The argument of an option.</summary>
    internal string Argument(string option) => AtEnd ? throw new RuleSyntaxException($"option \"{option}\" requires an argument") : words[_at++];

    /// <summary>
    /// Splits a line as iptables-restore does (iptables/xshared.c add_param_to_argv): blanks separate, double quotes hold together, a backslash
    /// escapes inside quotes only.
    /// </summary>
    internal static List<string> Split(string line)
    {
        var words = new List<string>();
        Split(line, words, new WordPool());
        return words;
    }

    /// <summary>Splits a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="words">Gets its words.</param>
    /// <param name="pool">Where words are strings already.</param>
    internal static void Split(ReadOnlySpan<char> line, List<string> words, WordPool pool)
    {
        while (true)
        {
            line = line.TrimStart(" \t");
            if (line.IsEmpty)
                return;
            bool quoted = line[0] == '"';
            ReadOnlySpan<char> rest = quoted ? line[1..] : line;
            int end = rest.IndexOfAny(quoted ? QuotedEnds : Ends);
            if (end < 0 ? quoted : rest[end] == (quoted ? '\\' : '"'))
            {
                SplitSlowly(line, words);
                return;
            }

            // The closing quote ends the word, empty or not.
            Add(end < 0 ? rest : rest[..end], words, pool);
            line = end < 0 ? [] : rest[(end + 1)..];
        }
    }

    // From the first word on that has a quote within, or an escape.
    private static void SplitSlowly(ReadOnlySpan<char> line, List<string> words)
    {
        var word = new StringBuilder();
        bool quoted = false;
        bool escaped = false;
        foreach (char c in line)
        {
            if (quoted && (escaped || (c != '\\' && c != '"')))
            {
                escaped = false;
                word.Append(c);
            }
            else if (quoted && c == '\\')
            {
                escaped = true;
            }
            else if (c == '"')
            {
                if (quoted)
                    Flush(words, word);
                quoted = !quoted;
            }
            else if (c is not (' ' or '\t'))
            {
                word.Append(c);
            }
            else if (word.Length > 0)
            {
                Flush(words, word);
            }
        }

        if (word.Length > 0)
            Flush(words, word);
    }

    private static void Add(ReadOnlySpan<char> word, List<string> words, WordPool pool)
    {
        if (word.Length > MaxWord)
            throw new RuleSyntaxException("Parameter too long!");
        words.Add(pool.Of(word));
    }

    private static void Flush(List<string> words, StringBuilder word)
    {
        if (word.Length > MaxWord)
            throw new RuleSyntaxException("Parameter too long!");
        words.Add(word.ToString());
        word.Clear();
    }
}
