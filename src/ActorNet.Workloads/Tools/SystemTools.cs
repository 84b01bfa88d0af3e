using System.Globalization;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>env [-i] [-u NAME] [NAME=VALUE...] [PROGRAM ARGUMENT...]</summary>
internal sealed class EnvTool(ProgramTable programs) : Tool
{
    protected override string Name => "env";

    protected override string Usage => "env [-iu] [-] [name=value]... [PROG ARGS]";

    protected override string Options => "+iu:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        ProgramContext context = run.Context;
        var environment = new Dictionary<string, string>(options.Has('i') ? [] : context.Environment, StringComparer.Ordinal);
        foreach (string name in options.Values('u'))
            environment.Remove(name);
        int at = 0;
        for (; at < options.Words.Count && options.Words[at].IndexOf('=', StringComparison.Ordinal) is > 0 and var equals; at++)
            environment[options.Words[at][..equals]] = options.Words[at][(equals + 1)..];
        if (at == options.Words.Count)
        {
            foreach ((string name, string value) in environment)
                await run.Out.WriteTextAsync($"{name}={value}\n").ConfigureAwait(false);
            return 0;
        }

        string program = options.Words[at];
        if (!programs.Names.Contains(program[(program.LastIndexOf('/') + 1)..]))
            throw Fail($"can't execute '{program}': No such file or directory", ProgramTable.NotFoundExitCode);
        ProgramContext child = context.ForChild(context.Input, context.Output, context.Error, environment, context.WorkingDirectory, null, context.Cancellation);
        return await programs.RunAsync(child, options.Words[at..]).ConfigureAwait(false);
    }
}

/// <summary>sleep N[smhd]...: the sum, by the emulator's time; "infinity" too.</summary>
internal sealed class SleepTool : Tool
{
    // Task.Delay's bound; what is longer is slept in pieces.
    private static readonly TimeSpan Piece = TimeSpan.FromDays(24);

    protected override string Name => "sleep";

    protected override string Usage => "sleep [N]...";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count == 0)
            throw Misuse();
        double seconds = options.Words.Sum(Seconds);
        while (seconds > 0)
        {
            TimeSpan wait = seconds > Piece.TotalSeconds ? Piece : TimeSpan.FromSeconds(seconds);
            await Task.Delay(wait, run.Context.Time, run.Context.Cancellation).ConfigureAwait(false);
            seconds -= wait.TotalSeconds + 1e-9;
        }

        return 0;
    }

    private double Seconds(string word)
    {
        if (word is "infinity" or "inf")
            return double.PositiveInfinity;
        double unit = word.Length == 0 ? 0 : word[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86_400, _ => 0 };
        string digits = unit > 0 ? word[..^1] : word;
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            ? number * (unit > 0 ? unit : 1) : throw Fail($"invalid number '{word}'");
    }
}

/// <summary>mkdir [-p] DIRECTORY...</summary>
internal sealed class MkdirTool : Tool
{
    protected override string Name => "mkdir";

    protected override string Usage => "mkdir [-m MODE] [-p] DIRECTORY...";

    protected override string Options => "pm:";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count == 0)
            throw Misuse();
        foreach (string word in options.Words)
        {
            try
            {
                if (options.Has('p'))
                    run.Context.Files.AddDirectory(run.Path(word).TrimEnd('/'));
                else
                    run.Context.Files.CreateDirectory(run.Path(word));
            }
            catch (FileException e)
            {
                await run.WarnAsync($"can't create directory '{word}': {e.Message}").ConfigureAwait(false);
            }
        }

        return 0;
    }
}

/// <summary>touch [-c] FILE...</summary>
internal sealed class TouchTool : Tool
{
    protected override string Name => "touch";

    protected override string Usage => "touch [-c] FILE...";

    protected override string Options => "c";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        if (options.Words.Count == 0)
            throw Misuse();
        FileTree files = run.Context.Files;
        foreach (string word in options.Words)
        {
            try
            {
                if (!files.TryStat(run.Path(word), out _) && !options.Has('c'))
                    await files.OpenWrite(run.Path(word), FileWriteMode.Append).DisposeAsync().ConfigureAwait(false);
                else if (files.TryStat(run.Path(word), out _))
                    files.SetModified(run.Path(word), run.Context.Time.GetUtcNow());
            }
            catch (FileException e)
            {
                await run.WarnAsync($"{word}: {e.Message}").ConfigureAwait(false);
            }
        }

        return 0;
    }
}

/// <summary>seq [-w] [-s SEPARATOR] [FIRST [INCREMENT]] LAST</summary>
internal sealed class SeqTool : Tool
{
    protected override string Name => "seq";

    protected override string Usage => "seq [-w] [-s SEP] [FIRST [INC]] LAST";

    // A negative number is no option: the words are read here.
    protected override string Options => "-";

    protected override async Task<int> RunAsync(ToolRun run, ToolOptions options)
    {
        string separator = "\n";
        bool pads = false;
        int at = 0;
        List<string> words = options.Words;
        for (; at < words.Count && words[at].Length > 1 && words[at][0] == '-' && words[at][1] is 's' or 'w'; at++)
        {
            if (words[at][1] == 'w')
                pads = true;
            else
                separator = words[at].Length > 2 ? words[at][2..] : ++at < words.Count ? words[at] : throw Misuse();
        }

        string[] numbers = [.. words.Skip(at)];
        if (numbers.Length is 0 or > 3 || !Array.TrueForAll(numbers, static n => decimal.TryParse(n, NumberStyles.Float, CultureInfo.InvariantCulture, out _)))
            throw Misuse();
        decimal[] values = [.. numbers.Select(static n => decimal.Parse(n, NumberStyles.Float, CultureInfo.InvariantCulture))];
        decimal first = values.Length > 1 ? values[0] : 1;
        decimal step = values.Length > 2 ? values[1] : 1;
        decimal last = values[^1];
        int digits = numbers.SkipLast(numbers.Length > 1 ? 1 : 0).Max(static n => n.Contains('.', StringComparison.Ordinal) ? n.Length - n.IndexOf('.', StringComparison.Ordinal) - 1 : 0);
        string format = "F" + Math.Min(digits, 20);
        int width = pads ? Math.Max(first.ToString(format, CultureInfo.InvariantCulture).Length, last.ToString(format, CultureInfo.InvariantCulture).Length) : 0;
        bool isFirst = true;
        for (decimal value = first; step < 0 ? value >= last : value <= last; value += step)
        {
            run.Context.Cancellation.ThrowIfCancellationRequested();
            string text = value.ToString(format, CultureInfo.InvariantCulture).PadLeft(width, '0');
            await run.Out.WriteTextAsync(isFirst ? text : separator + text).ConfigureAwait(false);
            isFirst = false;
        }

        await run.Out.WriteAsync(isFirst ? "" : "\n").ConfigureAwait(false);
        return 0;
    }
}
