namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>Keeps one string for each word of a text: most words of rules come again and again, and chains' names stay for as long as the rules.</summary>
/// <param name="capacity">About how many names there are.</param>
internal sealed class WordPool(int capacity = 0)
{
    // A longer word is a comment's, which seldom comes twice.
    private const int MaxLength = 32;

    // Words that were asked for a moment ago: options, verdicts, the chain that gets one rule after the other.
    private const int Recent = 256;

    private readonly string?[] _recent = new string?[Recent];
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _words = new Dictionary<string, string>(capacity, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    internal string Of(ReadOnlySpan<char> word)
    {
        if (word.IsEmpty)
            return "";
        if (word.Length > MaxLength)
            return word.ToString();
        ref string? recent = ref _recent[((word.Length * 31) + (word[0] * 17) + (word[word.Length / 2] * 7) + word[^1]) % Recent];
        if (recent is null || !word.SequenceEqual(recent))
            recent = Find(word);
        return recent;
    }

    private string Find(ReadOnlySpan<char> word)
    {
        // Of addresses and numbers most are named by one line or two, and no rule keeps the word.
        if (char.IsAsciiDigit(word[0]))
            return word.ToString();
        if (_words.TryGetValue(word, out string? known))
            return known;
        string text = word.ToString();
        _words.Dictionary.Add(text, text);
        return text;
    }
}
