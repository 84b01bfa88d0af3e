using System.IO.Pipelines;
using ActorNet.Netstack;
using Microsoft.AspNetCore.Connections;

namespace ActorNet.Sockets;

/// <summary>
/// A connection's two directions as pipes for ordinary tasks. The socket is touched in its owner's turns only: what arrives is copied once
/// into the input pipe, what the user writes is read from the output pipe into the send buffer. Both pipes are bounded, so a slow reader
/// closes the window and a slow network holds the writer back. Completing <see cref="Output"/> sends a FIN, <see cref="Abort"/> a RST.
/// No thread and no task waits for an idle connection.
/// </summary>
public sealed class TcpDuplexPipe : IDuplexPipe, IAsyncDisposable
{
    // What waits for the user beside the socket's own receive buffer; below half of it reading goes on.
    private const int PipeLimit = 64 * 1024;
    private const int MostAtOnce = 16 * 1024;

    private readonly INamespaceExecutor _executor;
    private readonly TcpSocket _socket;
    private readonly Pipe _input;
    private readonly CountingPipeReader? _reader;
    private readonly Pipe _output;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Never disposed: it has no timer, and it may be cancelled while the user disposes.
    private readonly CancellationTokenSource _closed = new();
    private readonly CancellationTokenRegistration _namespaceGone;
    private readonly CancellationTokenRegistration _killed;
    private Exception? _broken;
    private bool _isToldAtEnd;
    private long _received;
    private bool _filling;
    private bool _inputOver;
    private bool _draining;
    private bool _outputOver;

    private TcpDuplexPipe(INamespaceExecutor executor, TcpSocket socket, bool readsAhead)
    {
        _executor = executor;
        _socket = socket;
        Local = socket.Local;
        Remote = socket.Remote;
        var owner = new OwnerScheduler(executor);
        _input = new Pipe(new PipeOptions(readerScheduler: PipeScheduler.ThreadPool, writerScheduler: owner, pauseWriterThreshold: PipeLimit, resumeWriterThreshold: PipeLimit / 2, useSynchronizationContext: false));
        _reader = readsAhead ? null : new CountingPipeReader(_input.Reader);
        _output = new Pipe(new PipeOptions(readerScheduler: owner, writerScheduler: PipeScheduler.ThreadPool, pauseWriterThreshold: PipeLimit, resumeWriterThreshold: PipeLimit / 2, useSynchronizationContext: false));
        _namespaceGone = executor.Gone.UnsafeRegister(static state => ((TcpDuplexPipe)state!).Vanish(), this);
        if (executor.Closed != executor.Gone)
            _killed = executor.Closed.UnsafeRegister(static state => ((TcpDuplexPipe)state!).Close(), this);
    }

    /// <summary>Received data.</summary>
    public PipeReader Input => (PipeReader?)_reader ?? _input.Reader;

    /// <summary>Data to be sent.</summary>
    public PipeWriter Output => _output.Writer;

    /// <summary>This end's address and port.</summary>
    public Ipv4Endpoint Local { get; }

    /// <summary>The peer's address and port.</summary>
    public Ipv4Endpoint Remote { get; }

    /// <summary>Cancelled when both directions have ended, in whatever way.</summary>
    public CancellationToken Closed => _closed.Token;

    /// <summary>Takes a connected socket over. Call it in a turn of the socket's owner.</summary>
    /// <param name="executor">The door to the owner.</param>
    /// <param name="socket">The socket.</param>
    /// <param name="readsAhead">
    /// Whether the user is a server that reads ahead into buffers of its own, as Kestrel over the kernel's sockets does: what the pipe has
    /// counts as read then, and closing over it sends a FIN.
    /// </param>
    public static TcpDuplexPipe Attach(INamespaceExecutor executor, TcpSocket socket, bool readsAhead = false)
    {
        ArgumentNullException.ThrowIfNull(executor);
        ArgumentNullException.ThrowIfNull(socket);
        var pipe = new TcpDuplexPipe(executor, socket, readsAhead);
        socket.Ready = pipe.OnReady;
        pipe.OnReady();
        return pipe;
    }

    /// <summary>Resets the connection; what was not sent is lost. Any thread may call it.</summary>
    public void Abort() => End(static socket => socket.Abort(), "aborted");

    /// <summary>
    /// Closes the connection whatever its user is doing, as the end of a process does: what the socket has goes out with a FIN; received data
    /// that nobody read makes it a RST. Any thread may call it.
    /// </summary>
    public void Close() => End(CloseSocket, "closed");

    /// <summary>
    /// Closes both directions: queued data and a FIN go out; received data that nobody will read makes it a RST, as close(2) does. Waits until
    /// the socket has everything.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        // The reset comes before the FIN that completing the output would send.
        if (HasUnread)
            Close();
        await _output.Writer.CompleteAsync().ConfigureAwait(false);
        await _input.Reader.CompleteAsync().ConfigureAwait(false);
        _executor.Post(_ => EndInput(null));
        await _ended.Task.ConfigureAwait(false);
        await _namespaceGone.DisposeAsync().ConfigureAwait(false);
        await _killed.DisposeAsync().ConfigureAwait(false);
    }

    // What has gone into the pipe is still the kernel's in the eyes of a program: close(2) finds it unread.
    private bool HasUnread => _reader is not null && Volatile.Read(ref _received) > _reader.Taken;

    private void CloseSocket(TcpSocket socket) => socket.Close(HasUnread);

    private void End(Action<TcpSocket> end, string how) => _executor.Post(_ =>
    {
        if (_inputOver && _outputOver)
            return;
        end(_socket);
        Break(new ConnectionAbortedException($"{Local} to {Remote}: the connection was {how} here."));
    });

    // In the owner's turn: something arrived, room came free, or an error did.
    private void OnReady()
    {
        Fill();
        Drain();
        // A reset after the end of the stream: nobody reads any more, and the writer may have nothing to say.
        if (_inputOver && !_outputOver && _socket.State == TcpState.Closed)
            Break(SocketErrors.ToStreamException(ErrorOr(SocketResult.ConnectionReset), $"{Local} to {Remote}"));
    }

    private void Fill()
    {
        while (!_filling && !_inputOver && _broken is null && TryReceive())
        {
            ValueTask<FlushResult> flush = _input.Writer.FlushAsync();
            if (!flush.IsCompletedSuccessfully)
            {
                _filling = true;
                _ = ResumeFillAsync(flush);
            }
            else if (flush.Result.IsCompleted)
            {
                // The reader is gone: what still comes stays in the socket, whose closing answers it with a RST.
                EndInput(null);
            }
        }
    }

    // An idle connection holds no memory: a span is asked for only when there is something to put into it.
    private bool TryReceive()
    {
        Span<byte> probe = stackalloc byte[1];
        int available = _socket.Available;
        Span<byte> buffer = available > 0 ? _input.Writer.GetSpan(Math.Min(available, MostAtOnce)) : probe;
        SocketResult result = _socket.Receive(buffer, out int received);
        if (result == SocketResult.Ok && received > 0)
        {
            _input.Writer.Advance(received);
            Volatile.Write(ref _received, _received + received);
            return true;
        }

        if (result == SocketResult.Ok)
            EndInput(null);
        else if (result != SocketResult.WouldBlock)
            Fail(SocketErrors.ToStreamException(result, $"{Local} from {Remote}"));
        return false;
    }

    // The continuation runs in the owner's turn: see the pipe's writer scheduler.
    private async Task ResumeFillAsync(ValueTask<FlushResult> flush)
    {
        FlushResult result = await flush.ConfigureAwait(false);
        _filling = false;
        if (result.IsCompleted)
            EndInput(null);
        else
            Fill();
    }

    private void Drain()
    {
        while (!_draining && !_outputOver)
        {
            ValueTask<ReadResult> read = _output.Reader.ReadAsync();
            if (!read.IsCompletedSuccessfully)
            {
                _draining = true;
                _ = ResumeDrainAsync(read);
            }
            else if (!TrySend(read.Result))
            {
                return;
            }
        }
    }

    private async Task ResumeDrainAsync(ValueTask<ReadResult> read)
    {
        ReadResult result = await read.ConfigureAwait(false);
        _draining = false;
        if (_broken is { } reason)
            EndBoth(reason);
        else if (TrySend(result))
            Drain();
    }

    // False when the socket has no room, or sending is over.
    private bool TrySend(in ReadResult read)
    {
        SequencePosition consumed = read.Buffer.Start;
        foreach (ReadOnlyMemory<byte> piece in read.Buffer)
        {
            for (ReadOnlySpan<byte> rest = piece.Span; rest.Length > 0;)
            {
                SocketResult result = _socket.Send(rest, out int sent);
                if (result != SocketResult.Ok)
                {
                    _output.Reader.AdvanceTo(consumed);
                    if (result != SocketResult.WouldBlock)
                        EndOutput(SocketErrors.ToStreamException(result, $"{Local} to {Remote}"));
                    return false;
                }

                rest = rest[sent..];
                consumed = read.Buffer.GetPosition(sent, consumed);
            }
        }

        _output.Reader.AdvanceTo(consumed);
        if (!read.IsCompleted)
            return true;
        _socket.ShutdownSend();
        EndOutput(null);
        return false;
    }

    private SocketResult ErrorOr(SocketResult other)
    {
        SocketResult error = _socket.TakePendingError();
        return error == SocketResult.Ok ? other : error;
    }

    // The peer's reset, or the network's: what came before it is the reader's yet. Who reads ahead, as Kestrel, is told at once.
    private void Fail(Exception reason)
    {
        _reader?.FailAtEnd(reason);
        _isToldAtEnd = _reader is not null;
        Break(reason);
    }

    private void Break(Exception reason)
    {
        _broken ??= reason;
        // A read under way ends first: its continuation finds the reason.
        if (_draining)
            _output.Reader.CancelPendingRead();
        else
            EndBoth(_broken);
    }

    // The writer's end is over first: who was told by reading writes no more (linux net/ipv4/tcp_input.c tcp_reset shuts both down before it wakes anybody).
    private void EndBoth(Exception reason)
    {
        EndOutput(reason);
        EndInput(_isToldAtEnd ? null : reason);
    }

    private void EndInput(Exception? reason)
    {
        if (_inputOver)
            return;
        _inputOver = true;
        _input.Writer.Complete(reason);
        End();
    }

    private void EndOutput(Exception? reason)
    {
        if (_outputOver)
            return;
        _outputOver = true;
        _output.Reader.Complete(reason);
        End();
    }

    private void End()
    {
        if (!_inputOver || !_outputOver)
            return;
        if (!_executor.Gone.IsCancellationRequested)
            // Both directions have ended: what a reader still has before it is read yet, unless it has given up.
            _socket.Close(_reader is { IsCompleted: true } && HasUnread);
        // Whoever waits for the end runs elsewhere, not in the owner's turn.
        ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);
        _ended.TrySetResult();
    }

    // The namespace is gone and its owner with it: nobody else touches this object any more.
    private void Vanish()
    {
        var reason = new ConnectionAbortedException($"{Local} to {Remote}: the namespace is gone.");
        EndInput(reason);
        EndOutput(reason);
    }
}
