namespace ActorNet.Workloads.Tools.Sed;

/// <summary>The lines of all inputs one after the other, read one ahead so that the last is known.</summary>
internal sealed class SedInput(ToolRun run, IReadOnlyList<string> files) : IAsyncDisposable
{
    private int _nextFile;
    private Stream? _stream;
    private ByteLines? _lines;
    private (string Text, bool IsWhole)? _ahead;
    private bool _isStarted;

    /// <summary>The number of the line that was read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Whether no line follows.</summary>
    public bool IsLast => _ahead is null;

    /// <summary>The next line and whether a newline was behind it, or null at the end.</summary>
    public async ValueTask<(string Text, bool IsWhole)?> ReadAsync()
    {
        if (!_isStarted)
            _ahead = await FetchAsync().ConfigureAwait(false);
        _isStarted = true;
        (string Text, bool IsWhole)? line = _ahead;
        if (line is null)
            return null;
        _ahead = await FetchAsync().ConfigureAwait(false);
        Number++;
        // Only the very last line is left without its newline.
        return (line.Value.Text, line.Value.IsWhole || _ahead is not null);
    }

    public ValueTask DisposeAsync() => CloseAsync();

    private async ValueTask<(string Text, bool IsWhole)?> FetchAsync()
    {
        while (true)
        {
            if (_lines is null)
            {
                if (_nextFile == files.Count)
                    return null;
                _stream = await run.OpenAsync(files[_nextFile++], "{0}: {1}").ConfigureAwait(false);
                if (_stream is null)
                    continue;
                _lines = new ByteLines(_stream, run.Context.Cancellation);
            }

            if (await _lines.ReadAsync().ConfigureAwait(false) is { } text)
                return (text, _lines.IsWhole);
            await CloseAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask CloseAsync()
    {
        if (_stream is not null && _stream != run.Context.Input)
            await _stream.DisposeAsync().ConfigureAwait(false);
        _stream = null;
        _lines = null;
    }
}
