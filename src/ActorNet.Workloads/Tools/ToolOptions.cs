namespace ActorNet.Workloads.Tools;

/// <summary>The options and other words of a command line, as getopt(3) finds them.</summary>
internal sealed class ToolOptions
{
    private readonly List<(char Option, string Value)> _options = [];

    /// <summary>The words that are no options.</summary>
    public List<string> Words { get; } = [];

    /// <summary>The options in their order.</summary>
    public IReadOnlyList<(char Option, string Value)> All => _options;

    public bool Has(char option) => _options.Exists(o => o.Option == option);

    /// <summary>The last value of an option, or null.</summary>
    public string? Value(char option) => _options.FindLast(o => o.Option == option) is { Option: not '\0' } found ? found.Value : null;

    public IEnumerable<string> Values(char option) => _options.Where(o => o.Option == option).Select(static o => o.Value);

    public static ToolOptions Parse(string name, IReadOnlyList<string> args, string known)
    {
        var result = new ToolOptions();
        bool stopsAtWord = known.StartsWith('+');
        for (int i = 0; i < args.Count; i++)
        {
            string word = args[i];
            if (word == "--")
            {
                result.Words.AddRange(args.Skip(i + 1));
                break;
            }

            if (word.Length < 2 || word[0] != '-' || known == "-")
            {
                result.Words.Add(word);
                if (!stopsAtWord)
                    continue;
                result.Words.AddRange(args.Skip(i + 1));
                break;
            }

            if (word[1] == '-')
                throw new ToolExit(-1, $"{name}: unrecognized option '{word}'\n");
            result.TakeCluster(name, args, ref i, known);
        }

        return result;
    }

    private void TakeCluster(string name, IReadOnlyList<string> args, ref int index, string known)
    {
        string word = args[index];
        for (int i = 1; i < word.Length; i++)
        {
            char c = word[i];
            // -5 of head and tail is -n 5.
            if (char.IsAsciiDigit(c) && known.Contains('#', StringComparison.Ordinal))
            {
                _options.Add(('n', word[i..]));
                return;
            }

            int at = c is ':' or '+' or '#' ? -1 : known.IndexOf(c, StringComparison.Ordinal);
            if (at < 0)
                throw new ToolExit(-1, $"{name}: invalid option -- '{c}'\n");
            if (at + 1 == known.Length || known[at + 1] != ':')
            {
                _options.Add((c, ""));
                continue;
            }

            // Two colons: the value stands in the same word or is not there.
            if (at + 2 < known.Length && known[at + 2] == ':')
            {
                _options.Add((c, word[(i + 1)..]));
                return;
            }

            if (i + 1 == word.Length && index + 1 == args.Count)
                throw new ToolExit(-1, $"{name}: option requires an argument -- '{c}'\n");
            _options.Add((c, i + 1 < word.Length ? word[(i + 1)..] : args[++index]));
            return;
        }
    }
}
