using System.ComponentModel;
using System.Diagnostics;

namespace ActorNet.Interop.Tests;

/// <summary>What a finished command left behind.</summary>
/// <param name="CommandLine">The command as one would type it, for messages.</param>
/// <param name="ExitCode">The exit status; -1 when the command was killed because its time was over.</param>
/// <param name="Output">All of standard output.</param>
/// <param name="Error">All of standard error.</param>
public sealed record CommandResult(string CommandLine, int ExitCode, string Output, string Error)
{
    /// <summary>This result, or an exception that shows the command and all that it said when it did not exit with 0.</summary>
    public CommandResult EnsureSuccess() =>
        ExitCode == 0 ? this : throw new CommandFailedException($"{this}");

    /// <inheritdoc/>
    public override string ToString() =>
        $"$ {CommandLine}\nexit code {ExitCode}\n--- stdout\n{Output}--- stderr\n{Error}";
}

/// <summary>A command that had to succeed did not; the message shows the command, its exit code and what it printed.</summary>
public sealed class CommandFailedException(string message) : Exception(message);

/// <summary>Runs one command to its end, with a bound on its time.</summary>
public static class ProcessRunner
{
    /// <summary>The bound when the caller names none. Far above what any tool here needs on a busy two-core machine.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(60);

    /// <summary>Runs a command and returns what it printed, whatever its exit code.</summary>
    /// <param name="command">The program and its arguments; no shell reads them.</param>
    /// <param name="timeout">When this is over the process and its children are killed by pid, and the exit code is -1.</param>
    /// <param name="input">Text for standard input; without it standard input is closed at once.</param>
    public static async Task<CommandResult> RunAsync(IReadOnlyList<string> command, TimeSpan? timeout = null, string? input = null)
    {
        ArgumentNullException.ThrowIfNull(command);
        string commandLine = string.Join(' ', command.Select(Quote));
        using Process process = Start(command);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await WriteInputAsync(process, input);

        using var bound = new CancellationTokenSource(timeout ?? DefaultTimeout);
        bool killed = false;
        try
        {
            await process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            killed = true;
            Kill(process);
            await process.WaitForExitAsync();
        }
        string note = killed ? $"\nkilled after {(timeout ?? DefaultTimeout).TotalSeconds:0.#} s\n" : "";
        return new CommandResult(commandLine, killed ? -1 : process.ExitCode, await output, await error + note);
    }

    /// <summary>Starts a command with all three standard streams redirected and does not wait for it.</summary>
    /// <param name="command">The program and its arguments; no shell reads them.</param>
    public static Process Start(IReadOnlyList<string> command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var start = new ProcessStartInfo(Need.Find(command[0]) ?? command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        // Tools translate their messages and tests read them.
        start.Environment["LC_ALL"] = "C";
        try
        {
            return Process.Start(start) ?? throw new CommandFailedException($"{command[0]} did not start");
        }
        catch (Win32Exception e)
        {
            throw new CommandFailedException($"{command[0]} did not start: {e.Message}");
        }
    }

    /// <summary>Kills a process and its children by pid; one that has already ended is no error.</summary>
    public static void Kill(Process process)
    {
        ArgumentNullException.ThrowIfNull(process);
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended by itself meanwhile.
        }
    }

    private static async Task WriteInputAsync(Process process, string? input)
    {
        try
        {
            if (input is not null)
                await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The command ended without reading its input; its exit code says why.
        }
    }

    private static string Quote(string argument) =>
        argument.Length > 0 && argument.All(c => char.IsLetterOrDigit(c) || "-_./:=,%@+".Contains(c, StringComparison.Ordinal))
            ? argument
            : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
