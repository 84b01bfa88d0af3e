using ActorNet.Workloads.Streams;

namespace ActorNet.Workloads.Shell;

/// <summary>A shell's terminal: its prompts, and the interrupt that ends a command and not the shell.</summary>
internal sealed class ShellPrompt : IDisposable
{
    // What a shell leaves for a command that SIGINT ended: 128 + 2.
    private const int InterruptedStatus = 130;

    private readonly ShellProcess _shell;
    private readonly Terminal _terminal;
    private readonly CancellationToken _hangUp;
    private readonly Action? _outer;
    private CancellationTokenSource _command;

    private ShellPrompt(ShellProcess shell, Terminal terminal)
    {
        (_shell, _terminal, _hangUp, _outer) = (shell, terminal, shell.Cancellation, terminal.Interrupted);
        _command = Begin();
    }

    /// <summary>That of a shell which reads a terminal; null for any other.</summary>
    public static ShellPrompt? For(ShellProcess shell) =>
        shell.Context.Terminal is { } terminal && shell.Descriptors[0] == terminal.Input ? new ShellPrompt(shell, terminal) : null;

    /// <summary>Shows the prompt for the next line.</summary>
    /// <param name="isContinued">Whether the line goes on with a command.</param>
    /// <returns>False when the command was interrupted and begins anew.</returns>
    public async Task<bool> ReadyAsync(bool isContinued)
    {
        bool wasInterrupted = _command.IsCancellationRequested;
        if (wasInterrupted)
        {
            _command.Dispose();
            _command = Begin();
            _shell.Status = InterruptedStatus;
            await _terminal.Output.WriteAsync("\n"u8.ToArray(), _hangUp).ConfigureAwait(false);
        }

        bool goesOn = isContinued && !wasInterrupted;
        await _shell.Descriptors[2].WriteAsync(System.Text.Encoding.UTF8.GetBytes(goesOn ? _shell.Variables.Get("PS2") ?? "> " : Expand(_shell.Variables.Get("PS1") ?? "\\w \\$ ")), _hangUp).ConfigureAwait(false);
        return goesOn || !isContinued;
    }

    /// <summary>Whether a failure ends a command only.</summary>
    public bool Survives(Exception e) =>
        !_hangUp.IsCancellationRequested && (e is ShellFailure || (e is OperationCanceledException && _command.IsCancellationRequested));

    /// <summary>Says what ended the command.</summary>
    public async Task RecoverAsync(Exception e)
    {
        // An interrupt is dealt with before the next prompt.
        if (e is not ShellFailure failure)
            return;
        await _shell.ComplainAsync(failure.Message, failure.Builtin).ConfigureAwait(false);
        _shell.Status = failure.Status;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _terminal.Interrupted = _outer;
        _shell.Cancellation = _hangUp;
        _command.Dispose();
    }

    private CancellationTokenSource Begin()
    {
        var command = CancellationTokenSource.CreateLinkedTokenSource(_hangUp);
        _terminal.Interrupted = () => _ = command.CancelAsync();
        _shell.Cancellation = command.Token;
        return command;
    }

    // What busybox ash knows of PS1 without its editor: the working directory and the user's sign.
    private string Expand(string text) => text.Replace("\\w", _shell.WorkingDirectory, StringComparison.Ordinal).Replace("\\$", "#", StringComparison.Ordinal);
}
