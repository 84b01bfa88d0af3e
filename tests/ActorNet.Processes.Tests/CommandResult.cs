using System.Diagnostics;

namespace ActorNet.Processes.Tests;

/// <summary>What a command printed and how it ended.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    /// <summary>Runs a command to its end.</summary>
    /// <param name="start">The command, with its three streams redirected.</param>
    /// <param name="patience">How long it may take; then it is killed, and so is what it started.</param>
    /// <param name="input">Its standard input, which ends behind it.</param>
    /// <exception cref="TimeoutException">It did not end; the message has what it printed.</exception>
    public static async Task<CommandResult> OfAsync(ProcessStartInfo start, TimeSpan patience, string? input = null)
    {
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var bound = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{start.FileName} {string.Join(' ', start.ArgumentList)}: not ended within {patience.TotalSeconds} s:\n{await output}\n{await errors}");
        }

        return new CommandResult(process.ExitCode, await output, await errors);
    }

    public override string ToString() => $"exit code {ExitCode}\n--- output\n{Output}\n--- errors\n{Errors}";
}
