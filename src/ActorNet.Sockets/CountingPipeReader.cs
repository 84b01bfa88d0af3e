using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace ActorNet.Sockets;

/// <summary>
/// A pipe's reader that counts what its user has taken, so that another thread can tell whether anything was left unread, and that tells an error only
/// behind what was received before it, as recv(2) does (linux net/ipv4/tcp.c tcp_recvmsg_locked): a pipe by itself throws at once.
/// </summary>
/// <param name="reader">The pipe's own reader.</param>
internal sealed class CountingPipeReader(PipeReader reader) : PipeReader
{
    private ReadOnlySequence<byte> _buffer;
    private long _taken;
    private volatile bool _isCompleted;
    private volatile Exception? _error;

    // What the user has looked at and left: he waits for more than that.
    private long _examined;

    /// <summary>Bytes taken so far. Any thread may ask.</summary>
    public long Taken => Volatile.Read(ref _taken);

    /// <summary>Whether its user reads no more. Any thread may ask.</summary>
    public bool IsCompleted => _isCompleted;

    /// <summary>Says what the user is told behind the last byte; before the pipe's writer is completed, without an error.</summary>
    public void FailAtEnd(Exception error) => _error = error;

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed)
    {
        Count(consumed, consumed);
        reader.AdvanceTo(consumed);
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        Count(consumed, examined);
        reader.AdvanceTo(consumed, examined);
    }

    /// <inheritdoc/>
    public override void CancelPendingRead() => reader.CancelPendingRead();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null)
    {
        _isCompleted = true;
        reader.Complete(exception);
    }

    /// <inheritdoc/>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        ValueTask<ReadResult> read = reader.ReadAsync(cancellationToken);
        if (!read.IsCompletedSuccessfully)
            return WaitAsync(read);
        return ValueTask.FromResult(Take(read.Result));
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        bool read = reader.TryRead(out result);
        if (read)
            result = Take(result);
        return read;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read) => Take(await read.ConfigureAwait(false));

    private ReadResult Take(ReadResult result)
    {
        _buffer = result.Buffer;
        if (!result.IsCompleted || _error is not { } error)
            return result;
        if (_buffer.Length > _examined)
            return new ReadResult(_buffer, result.IsCanceled, isCompleted: false);
        // Another read is told the same.
        reader.AdvanceTo(_buffer.Start, _buffer.End);
        _buffer = default;
        ExceptionDispatchInfo.Throw(error);
        return default;
    }

    private void Count(SequencePosition consumed, SequencePosition examined)
    {
        ReadOnlySequence<byte> left = _buffer.Slice(consumed);
        _examined = left.Slice(0, examined).Length;
        Volatile.Write(ref _taken, _taken + _buffer.Length - left.Length);
        _buffer = default;
    }
}
