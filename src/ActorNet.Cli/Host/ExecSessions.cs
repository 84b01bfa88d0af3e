using System.Collections.Concurrent;

namespace ActorNet.Cli.Host;

/// <summary>The commands that run now, so that Ctrl-C on the other side reaches the right one.</summary>
internal sealed class ExecSessions
{
    private readonly ConcurrentDictionary<int, CancellationTokenSource> _open = new();
    private int _last;

    /// <summary>Opens a session.</summary>
    /// <param name="aborted">Cancelled when the caller goes away.</param>
    public (int Session, CancellationTokenSource Interrupt) Open(CancellationToken aborted)
    {
        int session = Interlocked.Increment(ref _last);
        var interrupt = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        _open[session] = interrupt;
        return (session, interrupt);
    }

    /// <summary>Interrupts a session, as SIGINT would; one that has ended is left alone.</summary>
    /// <param name="session">Number.</param>
    public void Interrupt(int session)
    {
        if (_open.TryGetValue(session, out CancellationTokenSource? interrupt))
            interrupt.Cancel();
    }

    /// <summary>Interrupts all.</summary>
    public void InterruptAll()
    {
        foreach (int session in _open.Keys)
            Interrupt(session);
    }

    /// <summary>Forgets a session.</summary>
    /// <param name="session">Number.</param>
    public void Close(int session)
    {
        if (_open.TryRemove(session, out CancellationTokenSource? interrupt))
            interrupt.Dispose();
    }
}
