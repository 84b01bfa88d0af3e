using System.Text;

namespace ActorNet.Workloads.Tools;

/// <summary>What xargs reads: words with quotes and backslashes, whole lines for -I, or what NULs separate.</summary>
/// <param name="input">Input.</param>
/// <param name="byNul">Whether NULs separate.</param>
/// <param name="byLine">Whether newlines separate.</param>
/// <param name="end">The word that ends the input, or null.</param>
/// <param name="cancellation">Cancellation.</param>
internal sealed class XargsItems(Stream input, bool byNul, bool byLine, string? end, CancellationToken cancellation)
{
    private const int MaxItem = 1 << 20;

    private readonly byte[] _buffer = new byte[16_384];
    private readonly StringBuilder _item = new();
    private int _at;
    private int _length;

    /// <summary>"single" or "double" when a quote was not closed.</summary>
    public string? Unmatched { get; private set; }

    /// <summary>The next item with one character per byte, or null at the end.</summary>
    public async ValueTask<string?> ReadAsync()
    {
        string? item = byNul ? await ReadToNulAsync().ConfigureAwait(false) : await ReadQuotedAsync().ConfigureAwait(false);
        return end is not null && item == ToolRun.Bytes(end) ? null : item;
    }

    private async ValueTask<string?> ReadToNulAsync()
    {
        _item.Clear();
        int c;
        while ((c = await NextAsync().ConfigureAwait(false)) > 0 && _item.Length < MaxItem)
            _item.Append((char)c);
        return c < 0 && _item.Length == 0 ? null : _item.ToString();
    }

    private async ValueTask<string?> ReadQuotedAsync()
    {
        _item.Clear();
        bool hasBegun = false;
        int quote = 0;
        while (_item.Length < MaxItem)
        {
            int c = await NextAsync().ConfigureAwait(false);
            bool separates = c == '\n' || (!byLine && c is ' ' or '\t');
            if (c < 0 || (quote != 0 && c == '\n'))
            {
                Unmatched = quote == 0 ? null : quote == '"' ? "double" : "single";
                return hasBegun ? _item.ToString() : null;
            }

            if (quote != 0)
            {
                if (c == quote)
                    quote = 0;
                else
                    _item.Append((char)c);
            }
            else if (separates || (!hasBegun && c is ' ' or '\t'))
            {
                if (hasBegun)
                    return _item.ToString();
            }
            else
            {
                hasBegun = true;
                if (c is '"' or '\'')
                    quote = c;
                else if (c != '\\')
                    _item.Append((char)c);
                else if (await NextAsync().ConfigureAwait(false) is >= 0 and var escaped)
                    _item.Append((char)escaped);
            }
        }

        return _item.ToString();
    }

    private async ValueTask<int> NextAsync()
    {
        if (_at == _length)
        {
            _at = 0;
            _length = await input.ReadAsync(_buffer, cancellation).ConfigureAwait(false);
            if (_length == 0)
                return -1;
        }

        return _buffer[_at++];
    }
}
