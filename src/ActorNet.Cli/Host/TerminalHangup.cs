using System.Runtime.InteropServices;

namespace ActorNet.Cli.Host;

/// <summary>SIGHUP, which comes when the terminal is closed: a command in the foreground ends as with Ctrl-C instead of at once, with nothing cleaned up.</summary>
internal sealed class TerminalHangup : IDisposable
{
    private readonly CancellationTokenSource _ended;
    private readonly PosixSignalRegistration _registration;

    /// <summary>Listens.</summary>
    /// <param name="ct">Ctrl-C and SIGTERM.</param>
    /// <param name="isDetached">Whether no terminal is this process's concern: then SIGHUP changes nothing.</param>
    public TerminalHangup(CancellationToken ct, bool isDetached = false)
    {
        _ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            context.Cancel = true;
            if (!isDetached)
                _ended.Cancel();
        });
    }

    /// <summary>Cancelled by Ctrl-C, by SIGTERM and when the terminal is closed.</summary>
    public CancellationToken Token => _ended.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        _registration.Dispose();
        _ended.Dispose();
    }
}
