using System.ComponentModel;
using System.Diagnostics;

namespace ActorNet.Cli.Bench;

/// <summary>A command of the system failed; the message is what it said.</summary>
/// <param name="message">Message.</param>
internal sealed class ToolException(string message) : Exception(message);

/// <summary>A command of the system that is running; disposal ends it.</summary>
internal sealed class Tool : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _line;
    private readonly Task<string> _errors;

    private Tool(string program, IReadOnlyList<string> arguments)
    {
        _line = $"{program} {string.Join(' ', arguments)}";
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new ToolException($"`{program}` cannot be started: {e.Message}");
        }

        _errors = _process.StandardError.ReadToEndAsync(CancellationToken.None);
    }

    /// <summary>Starts a command.</summary>
    /// <exception cref="ToolException">It is not installed.</exception>
    public static Tool Start(string program, IReadOnlyList<string> arguments) => new(program, arguments);

    /// <summary>Runs a command to its end.</summary>
    /// <returns>Its output.</returns>
    /// <exception cref="ToolException">It is not installed or failed.</exception>
    public static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, string? input, CancellationToken ct)
    {
        await using Tool tool = Start(program, arguments);
        try
        {
            if (input is not null)
                await tool._process.StandardInput.WriteAsync(input.AsMemory(), ct).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // It ended before it read all: its exit code and message say why.
        }

        return await tool.FinishAsync(ct).ConfigureAwait(false);
    }

    /// <summary>Reads the next line of output.</summary>
    /// <exception cref="ToolException">There is none.</exception>
    public async Task<string> ReadLineAsync(CancellationToken ct) =>
        await _process.StandardOutput.ReadLineAsync(ct).ConfigureAwait(false) ?? throw await FailureAsync().ConfigureAwait(false);

    /// <summary>Writes a line to the command's input.</summary>
    /// <exception cref="ToolException">It ended before it read it.</exception>
    public async Task WriteLineAsync(string line, CancellationToken ct)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line.AsMemory(), ct).ConfigureAwait(false);
            await _process.StandardInput.FlushAsync(ct).ConfigureAwait(false);
        }
        catch (IOException)
        {
            throw await FailureAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Closes the command's input and waits for its end.</summary>
    /// <returns>The rest of its output.</returns>
    /// <exception cref="ToolException">It failed.</exception>
    public async Task<string> FinishAsync(CancellationToken ct)
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // As above: it is gone already.
        }

        string output = await _process.StandardOutput.ReadToEndAsync(ct).ConfigureAwait(false);
        await _process.WaitForExitAsync(ct).ConfigureAwait(false);
        return _process.ExitCode == 0 ? output : throw await FailureAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        _process.Dispose();
    }

    private async Task<ToolException> FailureAsync()
    {
        string errors = (await _errors.ConfigureAwait(false)).Trim();
        return new ToolException($"`{_line}` failed: {(errors.Length == 0 ? "it said nothing" : errors)}");
    }
}
