using System.Buffers;
using System.Globalization;

namespace ActorNet.Workloads.Logs;

/// <summary>One reading of a log: turns records into the text that a kubelet answers with.</summary>
internal sealed class LogReader
{
    private const int MostAtOnce = 64 << 10;

    private readonly ContainerLog _log;
    private readonly ContainerLogOptions _options;
    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly bool[] _isInLine = new bool[2];
    private LogPlace _place;
    private long _left;

    public LogReader(ContainerLog log, ContainerLogOptions options)
    {
        _log = log;
        _options = options;
        _place = log.Begin(options.TailLines);
        _left = options.LimitBytes ?? long.MaxValue;
    }

    /// <summary>Whether the bytes that were wanted are read.</summary>
    public bool IsAtLimit => _left == 0;

    /// <summary>The next piece of text, good until the next reading; empty at the end for now.</summary>
    public ReadOnlyMemory<byte> Read()
    {
        _text.ResetWrittenCount();
        if (!IsAtLimit)
            _place = _log.Visit(_place, Take);
        int count = (int)Math.Min(_left, _text.WrittenCount);
        _left -= count;
        return _text.WrittenMemory[..count];
    }

    private bool Take(LogPart part, LogRecord record)
    {
        if (_text.WrittenCount >= Math.Min(MostAtOnce, _left))
            return false;
        if (_options.Since is { } since && record.Ticks < since.UtcTicks)
            return true;
        int stream = record.IsError ? 1 : 0;
        if (_options.Timestamps && !_isInLine[stream])
            WriteTime(record.Ticks);
        _text.Write(part.Text(record));
        if (!record.IsPartial)
            _text.Write("\n"u8);
        _isInLine[stream] = record.IsPartial;
        return true;
    }

    // RFC3339NanoFixed of the kubelet: 2006-01-02T15:04:05.000000000Z.
    private void WriteTime(long ticks)
    {
        const string format = "yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z '";
        const int length = 31;
        new DateTime(ticks, DateTimeKind.Utc).TryFormat(_text.GetSpan(length), out int written, format, CultureInfo.InvariantCulture);
        _text.Advance(written);
    }
}
