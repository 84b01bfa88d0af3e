using System.Globalization;

namespace ActorNet.Workloads.Shell;

/// <content>Built-ins about commands, jobs and traps.</content>
internal static partial class ShellBuiltins
{
    private static readonly string[] Signals = ["EXIT", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM"];

    private static async ValueTask<int> CommandAsync(ShellProcess shell, List<string> words)
    {
        bool isType = words[0] == "type";
        int at = 1;
        bool names = isType;
        bool describes = isType;
        for (; !isType && at < words.Count && words[at].Length > 1 && words[at][0] == '-'; at++)
        {
            names |= words[at] is "-v" or "-V";
            describes |= words[at] == "-V";
            if (words[at] is not ("-v" or "-V" or "-p" or "--"))
                throw new ShellFailure($"illegal option {words[at]}");
        }

        if (at == words.Count)
            return 0;
        if (!names)
            return await shell.InvokeAsync(words[at..], useFunctions: false).ConfigureAwait(false);
        int status = 0;
        foreach (string name in isType ? words.Skip(at) : words.Skip(at).Take(1))
        {
            string? kind = Describe(shell, name, describes);
            if (kind is null)
                status = 127;
            if (kind is not null || describes)
                await shell.WriteAsync(1, (kind ?? $"{name}: not found") + "\n").ConfigureAwait(false);
        }

        return status;
    }

    public static bool IsReserved(string name) =>
        name is "if" or "then" or "else" or "elif" or "fi" or "for" or "while" or "until" or "do" or "done" or "case" or "esac" or "in" or "{" or "}" or "!" or "function";

    private static string? Describe(ShellProcess shell, string name, bool describes)
    {
        if (IsReserved(name))
            return describes ? $"{name} is a shell keyword" : name;
        if (shell.Functions.ContainsKey(name))
            return describes ? $"{name} is a function" : name;
        if (IsSpecial(name))
            return describes ? $"{name} is a special shell builtin" : name;
        if (Has(name) || IsProgram(name))
            return describes ? $"{name} is a shell builtin" : name;
        return shell.Find(name) is ({ } path, { IsExecutable: true }) ? (describes ? $"{name} is {path}" : path) : null;
    }

    private static async ValueTask<int> WaitAsync(ShellProcess shell, List<string> words)
    {
        if (words.Count == 1)
        {
            foreach (Task<int> job in shell.Jobs.All())
                await EndOf(job, shell.Cancellation).ConfigureAwait(false);
            return 0;
        }

        int status = 127;
        foreach (string word in words.Skip(1))
        {
            if (shell.Jobs.Find(Number(word)) is { } job)
                status = await EndOf(job, shell.Cancellation).ConfigureAwait(false);
            else
                status = 127;
        }

        return status;
    }

    private static async Task<int> EndOf(Task<int> job, CancellationToken cancellation)
    {
        try
        {
            return await job.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Workloads.Programs.ProgramTable.TerminatedExitCode;
        }
    }

    private static async ValueTask<int> KillAsync(ShellProcess shell, List<string> words)
    {
        List<string> ids = [.. words.Skip(1)];
        int signal = 15;
        if (ids.Count > 0 && ids[0] == "-s")
        {
            signal = SignalNumber(ids.Count > 1 ? ids[1] : "");
            ids.RemoveRange(0, Math.Min(2, ids.Count));
        }
        else if (ids.Count > 0 && ids[0].StartsWith('-'))
        {
            signal = SignalNumber(ids[0][1..]);
            ids.RemoveAt(0);
        }

        if (signal < 0)
            return await FailAsync(shell, $"bad signal name '{words[1].TrimStart('-')}'").ConfigureAwait(false);
        if (ids.Count == 0)
            return await FailAsync(shell, "you need to specify whom to kill").ConfigureAwait(false);
        int status = 0;
        foreach (string id in ids)
        {
            if (!int.TryParse(id, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number))
                status = await FailAsync(shell, $"invalid number '{id}'").ConfigureAwait(false);
            else if (signal == 0 ? shell.Jobs.Find(number) is not { IsCompleted: false } : !shell.Jobs.Kill(number))
                status = await FailAsync(shell, $"can't kill pid {id}: No such process").ConfigureAwait(false);
        }

        return status;
    }

    private static async ValueTask<int> FailAsync(ShellProcess shell, string message)
    {
        await shell.WriteAsync(2, $"{shell.Name}: {message}\n").ConfigureAwait(false);
        return 1;
    }

    private static int SignalNumber(string name)
    {
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return number <= 64 ? number : -1;
        return Array.IndexOf(Signals, name.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? name[3..].ToUpperInvariant() : name.ToUpperInvariant());
    }

    private static async ValueTask<int> TrapAsync(ShellProcess shell, List<string> words)
    {
        List<string> arguments = words[1..];
        if (arguments.Count > 0 && arguments[0] == "--")
            arguments.RemoveAt(0);
        if (arguments.Count == 0)
        {
            foreach (string signal in Signals.Where(shell.Traps.ContainsKey))
                await shell.WriteAsync(1, $"trap -- {ShellProcess.QuoteAlways(shell.Traps[signal])} {signal}\n").ConfigureAwait(false);
            return 0;
        }

        string? action = arguments[0] == "-" || arguments.Count == 1 ? null : arguments[0];
        foreach (string name in arguments.Count == 1 ? arguments : arguments.Skip(1))
        {
            int signal = SignalNumber(name);
            if (signal < 0 || signal >= Signals.Length)
            {
                await shell.ComplainAsync($"{name}: invalid signal specification", "trap").ConfigureAwait(false);
                return 1;
            }

            if (action is null)
                shell.Traps.Remove(Signals[signal]);
            else
                shell.Traps[Signals[signal]] = action;
        }

        return 0;
    }
}
