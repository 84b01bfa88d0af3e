using System.Text;

namespace ActorNet.Workloads.Tools;

/// <summary>Input by lines, each a string with one character per byte; one longer than 1 MiB comes in pieces.</summary>
internal sealed class ByteLines(Stream stream, CancellationToken cancellation)
{
    private const int MaxLine = 1 << 20;

    private readonly byte[] _buffer = new byte[16_384];
    private readonly StringBuilder _line = new();
    private int _at;
    private int _end;

    /// <summary>Whether the last line had a newline behind it.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>The next line without its newline, or null at the end.</summary>
    public async ValueTask<string?> ReadAsync()
    {
        _line.Clear();
        while (true)
        {
            if (_at == _end)
            {
                _at = 0;
                _end = await stream.ReadAsync(_buffer, cancellation).ConfigureAwait(false);
                if (_end == 0)
                {
                    IsWhole = false;
                    return _line.Length > 0 ? _line.ToString() : null;
                }
            }

            int found = _buffer.AsSpan(_at, _end - _at).IndexOf((byte)'\n');
            int length = found < 0 ? _end - _at : found;
            _line.Append(Encoding.Latin1.GetString(_buffer, _at, length));
            _at += length + (found < 0 ? 0 : 1);
            if (found < 0 && _line.Length < MaxLine)
                continue;
            IsWhole = found >= 0;
            return _line.ToString();
        }
    }
}
