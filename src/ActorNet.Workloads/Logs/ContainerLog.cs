using System.Buffers;

namespace ActorNet.Workloads.Logs;

/// <summary>
/// What a container wrote to its standard output and error: lines with their time and stream, as a container runtime logs them (CRI log format).
/// A line is there once its end is, or when the container ends. Memory is bounded: the oldest part goes when the newest is full. Programs that
/// run at the same time write, and any number of readers read; each operation is done under the log's lock, which none holds for longer than
/// a copy.
/// </summary>
public sealed class ContainerLog
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ContainerLogLimits _limits;
    private readonly Queue<LogPart> _parts = new();
    private readonly ArrayBufferWriter<byte>[] _unfinished = [new(), new()];
    private LogPart _newest;
    private long _firstPart;
    private TaskCompletionSource? _changed;
    private bool _isComplete;

    /// <summary>Makes an empty log.</summary>
    /// <param name="time">Stamps of the lines.</param>
    /// <param name="limits">Bounds, or null for the default ones.</param>
    public ContainerLog(TimeProvider time, ContainerLogLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(time);
        _time = time;
        _limits = limits ?? new ContainerLogLimits();
        _newest = new LogPart(_limits.PartBytes);
        _parts.Enqueue(_newest);
        Output = new LogStream(this, isError: false);
        Error = new LogStream(this, isError: true);
    }

    /// <summary>The container's standard output. Writing never waits and never fails.</summary>
    public Stream Output { get; }

    /// <summary>The container's standard error. Writing never waits and never fails.</summary>
    public Stream Error { get; }

    /// <summary>Bytes that its lines use now, with what stands beside them.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return _parts.Sum(static p => (long)p.Used) + _unfinished.Sum(static u => u.WrittenCount);
        }
    }

    /// <summary>The container has ended: lines without an end are logged, and those who follow have the last.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            Finish(isError: false);
            Finish(isError: true);
            _isComplete = true;
            Notify();
        }
    }

    /// <summary>Writes what is wanted of the log to a stream, each time as much as there is.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="options">What is wanted.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task CopyToAsync(Stream output, ContainerLogOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(options);
        var reader = new LogReader(this, options);
        while (true)
        {
            // Asked for before reading, so that nothing written in between is missed.
            Task changed = options.Follow ? ChangedAsync(out bool isComplete) : End(out isComplete);
            while (reader.Read() is { Length: > 0 } text)
            {
                await output.WriteAsync(text, cancellationToken).ConfigureAwait(false);
                await output.FlushAsync(cancellationToken).ConfigureAwait(false);
            }

            if (isComplete || reader.IsAtLimit)
                return;
            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes bytes of a stream.</summary>
    internal void Append(bool isError, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (_isComplete)
                return;
            ArrayBufferWriter<byte> unfinished = _unfinished[isError ? 1 : 0];
            while (bytes.Length > 0)
            {
                int end = bytes.IndexOf((byte)'\n');
                int length = Math.Min(end < 0 ? bytes.Length : end, _limits.LineBytes - unfinished.WrittenCount);
                bool isEnded = end == length;
                if (unfinished.WrittenCount == 0 && isEnded)
                {
                    Add(isError, isPartial: false, bytes[..length]);
                }
                else
                {
                    unfinished.Write(bytes[..length]);
                    if (isEnded || unfinished.WrittenCount == _limits.LineBytes)
                        Flush(isError, unfinished, isPartial: !isEnded);
                }

                bytes = bytes[(isEnded ? length + 1 : length)..];
            }

            Notify();
        }
    }

    /// <summary>Finds where reading begins.</summary>
    internal LogPlace Begin(long? tailLines)
    {
        lock (_gate)
        {
            long skip = tailLines is { } tail ? Math.Max(0, _parts.Sum(static p => (long)p.Count) - tail) : 0;
            long number = _firstPart;
            foreach (LogPart part in _parts)
            {
                if (skip < part.Count || part == _newest)
                    return new LogPlace(number, OffsetOf(part, skip));
                skip -= part.Count;
                number++;
            }

            return new LogPlace(number, 0);
        }
    }

    /// <summary>Gives the records from a place on, until the visitor has enough.</summary>
    /// <returns>Where the next reading goes on.</returns>
    internal LogPlace Visit(LogPlace place, Func<LogPart, LogRecord, bool> visit)
    {
        lock (_gate)
        {
            // What the place stood for may be gone.
            if (place.Part < _firstPart)
                place = new LogPlace(_firstPart, 0);
            foreach (LogPart part in _parts.Skip((int)(place.Part - _firstPart)))
            {
                while (place.Offset < part.Used)
                {
                    LogRecord record = part.Read(place.Offset);
                    if (!visit(part, record))
                        return place;
                    place = place with { Offset = record.End };
                }

                if (part != _newest)
                    place = new LogPlace(place.Part + 1, 0);
            }

            return place;
        }
    }

    private static int OffsetOf(LogPart part, long record)
    {
        int offset = 0;
        for (long i = 0; i < record && offset < part.Used; i++)
            offset = part.Read(offset).End;
        return offset;
    }

    private static Task End(out bool isComplete)
    {
        isComplete = true;
        return Task.CompletedTask;
    }

    private Task ChangedAsync(out bool isComplete)
    {
        lock (_gate)
        {
            isComplete = _isComplete;
            return (_changed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private void Notify()
    {
        _changed?.TrySetResult();
        _changed = null;
    }

    private void Finish(bool isError)
    {
        ArrayBufferWriter<byte> unfinished = _unfinished[isError ? 1 : 0];
        if (unfinished.WrittenCount > 0)
            Flush(isError, unfinished, isPartial: false);
    }

    private void Flush(bool isError, ArrayBufferWriter<byte> unfinished, bool isPartial)
    {
        Add(isError, isPartial, unfinished.WrittenSpan);
        unfinished.ResetWrittenCount();
    }

    private void Add(bool isError, bool isPartial, ReadOnlySpan<byte> text)
    {
        if (!_newest.Fits(text.Length))
            Rotate();
        _newest.Add(_time.GetUtcNow().UtcTicks, isError, isPartial, text);
    }

    private void Rotate()
    {
        if (_parts.Count < _limits.Parts)
        {
            _newest = new LogPart(_limits.PartBytes);
        }
        else
        {
            _newest = _parts.Dequeue();
            _newest.Clear();
            _firstPart++;
        }

        _parts.Enqueue(_newest);
    }
}

/// <summary>A place in a log.</summary>
/// <param name="Part">The part, counted since the log began.</param>
/// <param name="Offset">Where in the part a record begins.</param>
internal readonly record struct LogPlace(long Part, int Offset);
