using System.Globalization;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Shell.Syntax;

namespace ActorNet.Workloads.Shell;

/// <summary>The commands that are part of the shell (POSIX XCU 2.14, and the utilities that change the shell's own state).</summary>
internal static partial class ShellBuiltins
{
    private static readonly HashSet<string> Special = new(
        [":", ".", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift", "source", "trap", "unset"], StringComparer.Ordinal);

    private static readonly HashSet<string> Regular = new(
        ["cd", "pwd", "read", "local", "command", "type", "wait", "kill", "umask", "getopts", "hash", "let", "times", "ulimit"], StringComparer.Ordinal);

    // Programs that busybox ash also has inside: they run without being searched along PATH.
    private static readonly HashSet<string> Programs = new(["[", "echo", "false", "printf", "test", "true"], StringComparer.Ordinal);

    public static bool IsSpecial(string name) => Special.Contains(name);

    public static bool Has(string name) => Special.Contains(name) || Regular.Contains(name);

    public static bool IsProgram(string name) => Programs.Contains(name);

    public static async ValueTask<int> RunAsync(ShellProcess shell, List<string> words)
    {
        try
        {
            return await RunOneAsync(shell, words).ConfigureAwait(false);
        }
        catch (ShellFailure failure) when (failure.Builtin is null)
        {
            failure.Builtin = words[0];
            throw;
        }
    }

    private static async ValueTask<int> RunOneAsync(ShellProcess shell, List<string> words)
    {
        switch (words[0])
        {
            case ":":
                return 0;
            case "." or "source":
                return await SourceAsync(shell, words).ConfigureAwait(false);
            case "break" or "continue":
                return LeaveLoops(shell, words);
            case "eval":
                return await shell.RunTextAsync(string.Join(' ', words.Skip(1))).ConfigureAwait(false);
            case "exec":
                return await ExecAsync(shell, words).ConfigureAwait(false);
            case "exit" or "return":
                shell.Status = words.Count > 1 ? Number(words[1]) & 0xFF : shell.Status;
                shell.Leave(words[0] == "exit" ? ShellProcess.Jump.Exit : ShellProcess.Jump.Return);
                return shell.Status;
            case "export" or "readonly":
                return await MarkAsync(shell, words).ConfigureAwait(false);
            case "unset":
                return Unset(shell, words);
            case "set":
                return await SetAsync(shell, words).ConfigureAwait(false);
            case "shift":
                return Shift(shell, words);
            case "trap":
                return await TrapAsync(shell, words).ConfigureAwait(false);
            case "cd":
                return await ChangeDirectoryAsync(shell, words).ConfigureAwait(false);
            case "pwd":
                await shell.WriteAsync(1, shell.WorkingDirectory + "\n").ConfigureAwait(false);
                return 0;
            case "read":
                return await ReadBuiltin.RunAsync(shell, words).ConfigureAwait(false);
            case "local":
                return Local(shell, words);
            case "command" or "type":
                return await CommandAsync(shell, words).ConfigureAwait(false);
            case "wait":
                return await WaitAsync(shell, words).ConfigureAwait(false);
            case "kill":
                return await KillAsync(shell, words).ConfigureAwait(false);
            case "umask":
                await shell.WriteAsync(1, "0022\n").ConfigureAwait(false);
                return 0;
            case "getopts":
                return await GetoptsBuiltin.RunAsync(shell, words).ConfigureAwait(false);
            case "let":
                long last = 0;
                foreach (string expression in words.Skip(1))
                    last = Expansion.Arithmetic.Evaluate(expression, shell.ReadNumber, shell.Assign);
                return last != 0 ? 0 : 1;
            case "times":
                await shell.WriteAsync(1, "0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n").ConfigureAwait(false);
                return 0;
            case "ulimit":
                await shell.WriteAsync(1, "unlimited\n").ConfigureAwait(false);
                return 0;
            default:
                return 0;
        }
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw new ShellFailure($"Illegal number: {text}");

    private static int LeaveLoops(ShellProcess shell, List<string> words)
    {
        int count = words.Count > 1 ? Number(words[1]) : 1;
        if (count < 1)
            throw new ShellFailure($"Illegal number: {words[1]}");
        if (shell.Loops > 0)
            shell.Leave(words[0] == "break" ? ShellProcess.Jump.Break : ShellProcess.Jump.Continue, Math.Min(count, shell.Loops));
        return 0;
    }

    private static async ValueTask<int> SourceAsync(ShellProcess shell, List<string> words)
    {
        if (words.Count < 2)
            throw new ShellFailure("filename argument required");
        string name = words[1];
        string path = name.Contains('/', StringComparison.Ordinal) ? name : shell.Find(name).Path ?? throw new ShellFailure($"can't open '{name}': No such file or directory");
        string text;
        try
        {
            text = await shell.Context.ReadTextAsync(FileTree.Join(shell.WorkingDirectory, path)).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new ShellFailure($"can't open '{name}': {e.Message}");
        }

        List<string> positions = shell.Positions;
        if (words.Count > 2)
            shell.Positions = words[2..];
        shell.Status = 0;
        int status = await shell.RunSourcedAsync(text).ConfigureAwait(false);
        if (words.Count > 2)
            shell.Positions = positions;
        return status;
    }

    private static async ValueTask<int> ExecAsync(ShellProcess shell, List<string> words)
    {
        if (words.Count == 1)
            return 0;
        shell.Status = await shell.RunFileAsync(words[1..], "exec").ConfigureAwait(false);
        shell.Traps.Clear();
        shell.Leave(ShellProcess.Jump.Exit);
        return shell.Status;
    }

    private static async ValueTask<int> MarkAsync(ShellProcess shell, List<string> words)
    {
        bool isExport = words[0] == "export";
        List<string> names = [.. words.Skip(1).SkipWhile(static w => w == "-p")];
        if (names.Count == 0)
        {
            foreach ((string name, string? value) in shell.Variables.List(v => isExport ? v.IsExported : v.IsReadOnly))
                await shell.WriteAsync(1, value is null ? $"{words[0]} {name}\n" : $"{words[0]} {name}={ShellProcess.QuoteAlways(value)}\n").ConfigureAwait(false);
            return 0;
        }

        foreach (string argument in names)
        {
            (string name, string? value) = SplitAssignment(argument);
            if (value is not null)
                shell.Variables.Set(name, value, exported: isExport);
            if (isExport)
                shell.Variables.Export(name);
            else
                shell.Variables.MakeReadOnly(name);
        }

        return 0;
    }

    private static (string Name, string? Value) SplitAssignment(string argument)
    {
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? argument : argument[..equals];
        return WordReader.IsName(name) ? (name, equals < 0 ? null : argument[(equals + 1)..]) : throw new ShellFailure($"{name}: bad variable name");
    }

    private static int Unset(ShellProcess shell, List<string> words)
    {
        bool functions = false;
        foreach (string word in words.Skip(1))
        {
            if (word is "-f" or "-v")
                functions = word == "-f";
            else if (functions)
                shell.Functions.Remove(word);
            else if (WordReader.IsName(word))
                shell.Variables.Unset(word);
            else
                throw new ShellFailure($"{word}: bad variable name");
        }

        return 0;
    }

    private static int Local(ShellProcess shell, List<string> words)
    {
        if (!shell.IsInFunction)
            throw new ShellFailure("not in a function");
        foreach (string word in words.Skip(1))
        {
            (string name, string? value) = SplitAssignment(word);
            shell.MakeLocal(name);
            if (value is not null)
                shell.Variables.Set(name, value);
            else
                shell.Variables.Unset(name);
        }

        return 0;
    }

    private static async ValueTask<int> SetAsync(ShellProcess shell, List<string> words)
    {
        if (words.Count == 1)
        {
            foreach ((string name, string? value) in shell.Variables.List(static v => v.Value is not null))
                await shell.WriteAsync(1, $"{name}={ShellProcess.QuoteAlways(value!)}\n").ConfigureAwait(false);
            return 0;
        }

        int next = SetOptions(shell.Options, words, 1);
        if (next < words.Count)
            shell.Positions = words[next..];
        else if (words[^1] == "--")
            shell.Positions = [];
        return 0;
    }

    /// <summary>Takes options as set and sh have them.</summary>
    /// <returns>The index behind them and behind "--".</returns>
    public static int SetOptions(ShellOptions options, IReadOnlyList<string> words, int start)
    {
        for (int i = start; i < words.Count; i++)
        {
            string word = words[i];
            if (word == "--")
                return i + 1;
            if (word.Length < 2 || word[0] is not ('-' or '+'))
                return i;
            foreach (char c in word.AsSpan(1))
            {
                if (c == 'o')
                {
                    string name = ++i < words.Count ? words[i] : "";
                    if (!options.TrySetName(name, word[0] == '-'))
                        throw new ShellFailure($"illegal option {word[0]}o {name}");
                }
                else if (!options.TrySet(c, word[0] == '-'))
                {
                    throw new ShellFailure($"illegal option {word[0]}{c}");
                }
            }
        }

        return words.Count;
    }

    private static int Shift(ShellProcess shell, List<string> words)
    {
        int count = words.Count > 1 ? Number(words[1]) : 1;
        if (count > shell.Positions.Count)
            return 1;
        shell.Positions = shell.Positions[count..];
        return 0;
    }

    private static async ValueTask<int> ChangeDirectoryAsync(ShellProcess shell, List<string> words)
    {
        List<string> arguments = [.. words.Skip(1).SkipWhile(static w => w is "-L" or "-P" or "--")];
        string target = arguments.Count == 0 ? shell.Variables.Get("HOME") ?? "/" : arguments[0];
        bool isBack = target == "-";
        if (isBack)
            target = shell.Variables.Get("OLDPWD") ?? "";
        try
        {
            string directory = shell.Files.Canonical(shell.Resolve(target));
            shell.Variables.Set("OLDPWD", shell.WorkingDirectory);
            shell.WorkingDirectory = directory;
            shell.Variables.Set("PWD", directory);
        }
        catch (FileException e)
        {
            await shell.ComplainAsync($"can't cd to {target}: {e.Message}", "cd").ConfigureAwait(false);
            return 2;
        }

        if (isBack)
            await shell.WriteAsync(1, shell.WorkingDirectory + "\n").ConfigureAwait(false);
        return 0;
    }
}
