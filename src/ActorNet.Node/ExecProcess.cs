using ActorNet.Kubernetes.Streaming;
using ActorNet.Workloads.Streams;

namespace ActorNet.Node;

/// <summary>A command that runs beside a container's own program, perhaps on a terminal of its own.</summary>
/// <param name="place">Where.</param>
/// <param name="command">Program and arguments.</param>
/// <param name="hasTerminal">Whether it gets a terminal.</param>
internal sealed class ExecProcess(NodeNamespace place, IReadOnlyList<string> command, bool hasTerminal) : IContainerProcess
{
    private readonly Lock _gate = new();
    private Terminal? _terminal;
    private TerminalSize? _size;

    /// <inheritdoc/>
    public async Task<int> RunAsync(Stream stdin, Stream stdout, Stream stderr, CancellationToken hangUp)
    {
        if (!hasTerminal)
            return await place.RunAsync(command, stdin, stdout, stderr, null, hangUp).ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(hangUp);
        Terminal terminal = Open(stdout);
        terminal.Interrupted = () => _ = ended.CancelAsync();
        Task typing = terminal.PumpAsync(stdin, ended.Token);
        try
        {
            return await place.RunAsync(command, terminal.Input, terminal.Output, terminal.Output, terminal, ended.Token).ConfigureAwait(false);
        }
        finally
        {
            terminal.Interrupted = null;
            await ended.CancelAsync().ConfigureAwait(false);
            await typing.ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Resize(TerminalSize size)
    {
        lock (_gate)
        {
            _size = size;
            if (_terminal is not null)
                _terminal.Size = (size.Columns, size.Rows);
        }
    }

    private Terminal Open(Stream screen)
    {
        lock (_gate)
        {
            _terminal = new Terminal(screen);
            if (_size is { } size)
                _terminal.Size = (size.Columns, size.Rows);
            return _terminal;
        }
    }
}
