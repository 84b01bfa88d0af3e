namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>Keeps one string for each word of a text: most words of rules come again and again, and chains' names stay for as long as the rules.</summary>
/// <param name="capacity">About how many words there are.</param>
internal sealed class WordPool(int capacity = 0)
{
    // A longer word is a comment's, which seldom comes twice.
    private const int MaxLength = 32;

    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _words = new Dictionary<string, string>(capacity, StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    internal string Of(ReadOnlySpan<char> word)
    {
        if (word.Length > MaxLength)
            return word.ToString();
        if (_words.TryGetValue(word, out string? known))
            return known;
        string text = word.ToString();
        _words.Dictionary.Add(text, text);
        return text;
    }
}
