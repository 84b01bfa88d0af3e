using ActorNet.Sockets;
using ActorNet.Workloads.Logs;

namespace ActorNet.Workloads.Streams;

/// <summary>
/// The standard streams of a container's own program: what it writes goes into its log and to whoever is attached, and where its manifest has
/// stdin, it reads what they send. The program is never held back by an attached reader: one that falls too far behind is let go.
/// </summary>
public sealed class ContainerConsole
{
    private readonly Lock _gate = new();
    private readonly List<Attachment> _attached = [];
    private readonly BytePipe? _input;
    private readonly bool _isOnce;
    private bool _isComplete;

    /// <summary>Makes a console.</summary>
    /// <param name="log">Takes what the program writes.</param>
    /// <param name="hasInput">Whether the program has a standard input (stdin of the manifest); without it reading ends at once.</param>
    /// <param name="isOnce">Whether the first to attach ends the input when leaving (stdinOnce).</param>
    /// <param name="hasTerminal">Whether the program runs on a terminal (tty).</param>
    public ContainerConsole(ContainerLog log, bool hasInput = false, bool isOnce = false, bool hasTerminal = false)
    {
        ArgumentNullException.ThrowIfNull(log);
        _isOnce = isOnce;
        _input = hasInput ? new BytePipe() : null;
        Stream output = new Tee(this, log.Output, isError: false);
        Terminal = hasTerminal ? new Terminal(output) : null;
        Input = Terminal?.Input ?? _input?.Reader ?? new NullDeviceStream();
        Output = Terminal?.Output ?? output;
        Error = Terminal?.Output ?? new Tee(this, log.Error, isError: true);
        Typing = Terminal?.PumpAsync(_input?.Reader ?? new NullDeviceStream(), CancellationToken.None) ?? Task.CompletedTask;
    }

    /// <summary>The program's terminal, or null.</summary>
    public Terminal? Terminal { get; }

    /// <summary>What the program reads.</summary>
    public Stream Input { get; }

    /// <summary>What the program writes.</summary>
    public Stream Output { get; }

    /// <summary>The program's standard error; with a terminal that is its output.</summary>
    public Stream Error { get; }

    /// <summary>Done when all input has gone through the terminal.</summary>
    internal Task Typing { get; }

    /// <summary>The program has ended: whoever is attached is let go once they have read all.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            _isComplete = true;
            foreach (Attachment each in _attached)
                each.Complete();
        }

        _input?.Writer.Dispose();
    }

    /// <summary>Stays attached until the program ends or the caller leaves.</summary>
    /// <param name="stdin">What the caller sends; goes nowhere where the program has no input.</param>
    /// <param name="stdout">Takes what the program writes from now on.</param>
    /// <param name="stderr">Takes its standard error.</param>
    /// <param name="leave">The caller leaves.</param>
    /// <returns>False when the caller was let go because it did not read what was written.</returns>
    public async Task<bool> AttachAsync(Stream stdin, Stream stdout, Stream stderr, CancellationToken leave)
    {
        ArgumentNullException.ThrowIfNull(stdin);
        ArgumentNullException.ThrowIfNull(stdout);
        ArgumentNullException.ThrowIfNull(stderr);
        using var left = CancellationTokenSource.CreateLinkedTokenSource(leave);
        var attachment = new Attachment();
        lock (_gate)
        {
            _attached.Add(attachment);
            if (_isComplete)
                attachment.Complete();
        }

        Task sending = SendAsync(stdin, left.Token);
        try
        {
            return await attachment.CopyToAsync(stdout, stderr, left.Token).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
                _attached.Remove(attachment);
            await left.CancelAsync().ConfigureAwait(false);
            await sending.ConfigureAwait(false);
        }
    }

    private async Task SendAsync(Stream stdin, CancellationToken leave)
    {
        if (_input is null)
            return;
        byte[] buffer = new byte[4096];
        try
        {
            int count;
            while ((count = await stdin.ReadAsync(buffer, leave).ConfigureAwait(false)) > 0)
                await _input.Writer.WriteAsync(buffer.AsMemory(0, count), leave).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException)
        {
            // The caller is gone, or the program, whose end closed the input.
        }

        if (_isOnce)
            _input.Writer.Dispose();
    }

    private void Write(bool isError, ReadOnlyMemory<byte> bytes)
    {
        lock (_gate)
        {
            foreach (Attachment each in _attached)
                each.Add(isError, bytes);
        }
    }

    private sealed class Tee(ContainerConsole console, Stream log, bool isError) : AsyncStream
    {
        public override bool CanWrite => true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await log.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            console.Write(isError, buffer);
        }
    }

    /// <summary>What one reader has not read yet; its methods but the last are called under the console's lock.</summary>
    private sealed class Attachment
    {
        // io.Pipe and its reader behind them hold a client's whole window in a real runtime too.
        private const int MostUnread = 1 << 20;

        private readonly Lock _gate = new();
        private readonly Queue<(bool IsError, byte[] Bytes)> _unread = new();
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _bytes;
        private bool _isComplete;
        private bool _isBehind;

        public void Add(bool isError, ReadOnlyMemory<byte> bytes)
        {
            lock (_gate)
            {
                if (_isBehind || bytes.IsEmpty)
                    return;
                _isBehind = _bytes + bytes.Length > MostUnread;
                if (!_isBehind)
                {
                    _unread.Enqueue((isError, bytes.ToArray()));
                    _bytes += bytes.Length;
                }

                _changed.TrySetResult();
            }
        }

        public void Complete()
        {
            lock (_gate)
            {
                _isComplete = true;
                _changed.TrySetResult();
            }
        }

        public async Task<bool> CopyToAsync(Stream stdout, Stream stderr, CancellationToken leave)
        {
            while (true)
            {
                (bool IsError, byte[] Bytes)? next;
                bool isEnd;
                bool isBehind;
                Task changed;
                lock (_gate)
                {
                    if (_changed.Task.IsCompleted)
                        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    changed = _changed.Task;
                    next = _unread.TryDequeue(out (bool, byte[]) piece) ? piece : null;
                    _bytes -= next?.Bytes.Length ?? 0;
                    (isEnd, isBehind) = (_isComplete, _isBehind);
                }

                if (next is { } found)
                    await (found.IsError ? stderr : stdout).WriteAsync(found.Bytes, leave).ConfigureAwait(false);
                else if (isBehind)
                    return false;
                else if (isEnd)
                    return true;
                else
                    await changed.WaitAsync(leave).ConfigureAwait(false);
            }
        }
    }
}
