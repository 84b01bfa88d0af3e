using System.Text;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;
using ActorNet.Workloads.Shell.Syntax;

namespace ActorNet.Workloads.Shell;

/// <summary>
/// sh [-aefnuvxC] [-o NAME] [-c COMMAND [NAME [ARGUMENT...]] | FILE [ARGUMENT...] | -s [ARGUMENT...]]: the shell command language of
/// POSIX.1-2017 XCU 2, with busybox ash's words and exit codes. On a terminal it prompts, and ^C ends a command and not the shell; there is no job
/// control and no history.
/// </summary>
/// <param name="programs">What it can start.</param>
internal sealed class ShellProgram(ProgramTable programs) : IProgram
{
    private const int MaxInput = ShellParser.MaxLength * 4;

    /// <inheritdoc/>
    public async Task<int> RunAsync(ProgramContext context, IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(args);
        var options = new ShellOptions();
        int at = 0;
        bool isCommand = false;
        bool readsInput = false;
        for (; at < args.Count && args[at].Length > 1 && args[at][0] is '-' or '+'; at++)
        {
            if (args[at] == "--")
            {
                at++;
                break;
            }

            string letters = args[at][1..];
            isCommand |= letters.Contains('c', StringComparison.Ordinal);
            readsInput |= letters.Contains('s', StringComparison.Ordinal);
            // -i and -l mean nothing without a terminal and a profile.
            string rest = string.Concat(letters.Where(static c => c is not ('c' or 's' or 'i' or 'l')));
            try
            {
                string[] words = rest.EndsWith('o') && at + 1 < args.Count ? [args[at][0] + rest, args[++at]] : rest.Length > 0 ? [args[at][0] + rest] : [];
                ShellBuiltins.SetOptions(options, words, 0);
            }
            catch (ShellFailure e)
            {
                await context.Stderr.WriteAsync($"sh: {e.Message}\n").ConfigureAwait(false);
                return e.Status;
            }
        }

        List<string> left = [.. args.Skip(at)];
        if (isCommand)
        {
            if (left.Count == 0)
            {
                await context.Stderr.WriteAsync("sh: -c requires an argument\n").ConfigureAwait(false);
                return 2;
            }

            return await RunAsync(new ShellProcess(programs, context, left.Count > 1 ? left[1] : "sh") { Positions = [.. left.Skip(2)] }, options, s => s.RunTextAsync(left[0])).ConfigureAwait(false);
        }

        if (left.Count == 0 || readsInput)
            return await RunAsync(new ShellProcess(programs, context, "sh") { Positions = left }, options, RunInputAsync).ConfigureAwait(false);
        string text;
        try
        {
            text = await context.ReadTextAsync(FileTree.Join(context.WorkingDirectory, left[0])).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            await context.Stderr.WriteAsync($"sh: can't open '{left[0]}': {e.Message}\n").ConfigureAwait(false);
            return 2;
        }

        return await RunAsync(new ShellProcess(programs, context, left[0]) { Positions = [.. left.Skip(1)], Script = true }, options, s => s.RunTextAsync(text)).ConfigureAwait(false);
    }

    private static async Task<int> RunAsync(ShellProcess shell, ShellOptions options, Func<ShellProcess, Task<int>> run)
    {
        foreach (char letter in options.Letters)
            shell.Options.TrySet(letter, true);
        shell.Options.PipeFail = options.PipeFail;
        try
        {
            return await shell.RunSubshellAsync(async () => await run(shell).ConfigureAwait(false)).ConfigureAwait(false);
        }
        finally
        {
            await shell.Jobs.EndAsync().ConfigureAwait(false);
        }
    }

    // Line by line and no further, so that commands can read what follows them (POSIX XCU sh, STDIN). dash and busybox read ahead on a pipe.
    private static async Task<int> RunInputAsync(ShellProcess shell)
    {
        using ShellPrompt? prompt = ShellPrompt.For(shell);
        var pending = new StringBuilder();
        byte[] one = new byte[1];
        var line = new List<byte>();
        int total = 0;
        bool isEnd = false;
        while (!isEnd && !shell.IsLeaving)
        {
            line.Clear();
            if (prompt is not null && !await prompt.ReadyAsync(isContinued: pending.Length > 0).ConfigureAwait(false))
                pending.Clear();
            try
            {
                while (!(isEnd = await shell.Descriptors[0].ReadAsync(one, shell.Cancellation).ConfigureAwait(false) == 0))
                {
                    if (++total > MaxInput)
                        throw new ShellFailure($"syntax error: program longer than {MaxInput} bytes");
                    line.Add(one[0]);
                    if (one[0] == '\n')
                        break;
                }

                pending.Append(Encoding.UTF8.GetString([.. line]));
                string text = pending.ToString();
                if (!isEnd && NeedsMore(text))
                    continue;
                pending.Clear();
                total = prompt is null ? total : 0;
                await shell.RunTextAsync(text).ConfigureAwait(false);
            }
            catch (Exception e) when (prompt is not null && prompt.Survives(e))
            {
                pending.Clear();
                await prompt.RecoverAsync(e).ConfigureAwait(false);
            }
        }

        return shell.Status;
    }

    private static bool NeedsMore(string text)
    {
        if (text.EndsWith("\\\n", StringComparison.Ordinal))
            return true;
        var parser = new ShellParser(text);
        while (true)
        {
            ParseResult next = parser.ReadNext();
            if (next.IsIncomplete || parser.EndedInHereDocument)
                return true;
            if (next.IsEnd || next.Error is not null)
                return false;
        }
    }
}
