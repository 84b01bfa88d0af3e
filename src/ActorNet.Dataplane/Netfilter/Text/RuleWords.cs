using System.Text;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>The words of one line, read one after the other.</summary>
/// <param name="words">The words.</param>
internal sealed class RuleWords(IReadOnlyList<string> words)
{
    // xshared.c: a parameter has 1024 bytes with its end.
    private const int MaxWord = 1023;

    private int _at;

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
                // The closing quote ends the word, empty or not.
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
        return words;
    }

    private static void Flush(List<string> words, StringBuilder word)
    {
        if (word.Length > MaxWord)
            throw new RuleSyntaxException("Parameter too long!");
        words.Add(word.ToString());
        word.Clear();
    }
}
