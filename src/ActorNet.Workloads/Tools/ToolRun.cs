using System.Buffers;
using System.Text;
using ActorNet.Workloads.Files;
using ActorNet.Workloads.Programs;

namespace ActorNet.Workloads.Tools;

/// <summary>One run of a tool: its streams, its files, its exit code so far.</summary>
internal sealed class ToolRun(ProgramContext context, string name)
{
    public ProgramContext Context => context;

    /// <summary>Standard output, kept back until there is enough or the tool ends.</summary>
    public ByteOutput Out { get; } = new(context.Output, context.Cancellation);

    /// <summary>The worst exit code so far.</summary>
    public int Code { get; private set; }

    public string Path(string file) => FileTree.Join(context.WorkingDirectory, file);

    /// <summary>Writes to standard error.</summary>
    public async ValueTask Error(string text)
    {
        try
        {
            if (text.Length > 0)
                await context.Error.WriteAsync(Encoding.UTF8.GetBytes(text), context.Cancellation).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // There is nowhere to say that.
        }
    }

    /// <summary>Notes a failure that does not end the run.</summary>
    public async ValueTask WarnAsync(string message, int code = 1)
    {
        Code = Math.Max(Code, code);
        await Error($"{name}: {message}\n").ConfigureAwait(false);
    }

    /// <summary>Opens a file or, for "-", standard input; null when that fails, which is said.</summary>
    /// <param name="file">Name.</param>
    /// <param name="message">"can't open '{0}': {1}" or "{0}: {1}".</param>
    /// <param name="code">Exit code of a failure.</param>
    public async ValueTask<Stream?> OpenAsync(string file, string message = "can't open '{0}': {1}", int code = 1)
    {
        if (file == "-")
            return context.Input;
        try
        {
            return context.OpenRead(file);
        }
        catch (FileException e)
        {
            string text = e.Error == FileError.IsDirectory ? "read error: " + e.Message : string.Format(System.Globalization.CultureInfo.InvariantCulture, message, file, e.Message);
            await WarnAsync(text, code).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>Calls with each input that can be opened: the named files, or standard input.</summary>
    public async ValueTask ForEachInputAsync(IReadOnlyList<string> files, Func<string, Stream, ValueTask> use, string message = "can't open '{0}': {1}", int code = 1)
    {
        foreach (string file in files.Count > 0 ? files : ["-"])
        {
            if (await OpenAsync(file, message, code).ConfigureAwait(false) is not { } stream)
                continue;
            try
            {
                await use(file, stream).ConfigureAwait(false);
            }
            finally
            {
                if (stream != context.Input)
                    await stream.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Calls with each line of the inputs until the callback says false.</summary>
    public async ValueTask ForEachLineAsync(IReadOnlyList<string> files, Func<string, ValueTask<bool>> use, string message = "can't open '{0}': {1}", int code = 1)
    {
        bool goesOn = true;
        await ForEachInputAsync(files, async (_, stream) =>
        {
            var reader = new ByteLines(stream, context.Cancellation);
            while (goesOn && await reader.ReadAsync().ConfigureAwait(false) is { } line)
                goesOn = await use(line).ConfigureAwait(false);
        }, message, code).ConfigureAwait(false);
    }

    /// <summary>A text of the command line with one character per byte.</summary>
    public static string Bytes(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    /// <summary>The text of a string with one character per byte.</summary>
    public static string Text(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));
}

/// <summary>Output by bytes, in blocks.</summary>
internal sealed class ByteOutput(Stream stream, CancellationToken cancellation)
{
    private const int Block = 8192;

    private readonly ArrayBufferWriter<byte> _kept = new();

    /// <summary>Writes a string with one character per byte.</summary>
    public ValueTask WriteAsync(string bytes)
    {
        _kept.Write(Encoding.Latin1.GetBytes(bytes));
        return _kept.WrittenCount < Block ? ValueTask.CompletedTask : FlushAsync();
    }

    public ValueTask WriteLineAsync(string bytes) => WriteAsync(bytes + "\n");

    /// <summary>Writes a text as UTF-8.</summary>
    public ValueTask WriteTextAsync(string text) => WriteAsync(ToolRun.Bytes(text));

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        _kept.Write(bytes.Span);
        return _kept.WrittenCount < Block ? ValueTask.CompletedTask : FlushAsync();
    }

    public async ValueTask FlushAsync()
    {
        if (_kept.WrittenCount == 0)
            return;
        await stream.WriteAsync(_kept.WrittenMemory, cancellation).ConfigureAwait(false);
        _kept.ResetWrittenCount();
    }
}

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
