using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace ActorNet.Sockets;

/// <summary>A pipe's reader that counts what its user has taken, so that another thread can tell whether anything was left unread.</summary>
/// <param name="reader">The pipe's own reader.</param>
internal sealed class CountingPipeReader(PipeReader reader) : PipeReader
{
    private ReadOnlySequence<byte> _buffer;
    private long _taken;
    private volatile bool _isCompleted;

    /// <summary>Bytes taken so far. Any thread may ask.</summary>
    public long Taken => Volatile.Read(ref _taken);

    /// <summary>Whether its user reads no more. Any thread may ask.</summary>
    public bool IsCompleted => _isCompleted;

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed)
    {
        Count(consumed);
        reader.AdvanceTo(consumed);
    }

    /// <inheritdoc/>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        Count(consumed);
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
        ReadResult result = read.Result;
        _buffer = result.Buffer;
        return ValueTask.FromResult(result);
    }

    /// <inheritdoc/>
    public override bool TryRead(out ReadResult result)
    {
        bool read = reader.TryRead(out result);
        if (read)
            _buffer = result.Buffer;
        return read;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitAsync(ValueTask<ReadResult> read)
    {
        ReadResult result = await read.ConfigureAwait(false);
        _buffer = result.Buffer;
        return result;
    }

    private void Count(SequencePosition consumed)
    {
        Volatile.Write(ref _taken, _taken + _buffer.Slice(0, consumed).Length);
        _buffer = default;
    }
}
