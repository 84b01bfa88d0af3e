using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>
/// A small tool of the busybox image. Its words and exit codes are those of busybox 1.35, where it differs from coreutils. Its bytes are
/// handled as they come: a line is a string with one character per byte (Latin-1), as in the C locale.
/// </summary>
internal abstract class Tool : IProgram
{
    /// <summary>The name in its messages.</summary>
    protected abstract string Name { get; }

    /// <summary>What stands behind "Usage: " when it is used wrongly.</summary>
    protected abstract string Usage { get; }

    /// <summary>The exit code of wrong use.</summary>
    protected virtual int FailureCode => 1;

    /// <summary>Its options as in getopt(3); a leading "+" ends them at the first other word.</summary>
    protected virtual string Options => "";

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        string name = context.Host ?? Name;
        var run = new ToolRun(context, name);
        try
        {
            int code = await RunAsync(run, ToolOptions.Parse(name, args, Options)).ConfigureAwait(false);
            await run.Out.FlushAsync().ConfigureAwait(false);
            return Math.Max(code, run.Code);
        }
        catch (ToolExit exit)
        {
            await run.Out.FlushAsync().ConfigureAwait(false);
            await run.Error($"{exit.Message}{(exit.Code < 0 ? $"BusyBox v1.35.0 multi-call binary.\n\nUsage: {Usage}\n" : "")}").ConfigureAwait(false);
            return exit.Code < 0 ? FailureCode : exit.Code;
        }
    }

    /// <summary>Does the work.</summary>
    protected abstract Task<int> RunAsync(ToolRun run, ToolOptions options);

    /// <summary>The end for wrong use: the usage is printed.</summary>
    protected static ToolExit Misuse() => new(-1, "");

    /// <summary>The end with a message.</summary>
    protected ToolExit Fail(string message, int? code = null) => new(code ?? FailureCode, $"{Name}: {message}\n");

    /// <summary>A whole number, or the end with busybox's words.</summary>
    protected long Number(string text) =>
        long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out long number)
            ? number : throw Fail($"invalid number '{text}'");
}

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

            if (i + 1 == word.Length && index + 1 == args.Count)
                throw new ToolExit(-1, $"{name}: option requires an argument -- '{c}'\n");
            _options.Add((c, i + 1 < word.Length ? word[(i + 1)..] : args[++index]));
            return;
        }
    }
}
