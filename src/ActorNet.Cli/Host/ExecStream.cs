using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using ActorNet.Cli.Client;

namespace ActorNet.Cli.Host;

/// <summary>Writes a command's output as NDJSON lines, each as soon as it comes.</summary>
internal sealed class ExecStream : IDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly PipeWriter _pipe;
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Makes a stream over a response.</summary>
    /// <param name="pipe">The response's body.</param>
    public ExecStream(PipeWriter pipe)
    {
        _pipe = pipe;
        Stdout = new LineWriter(this, text => new ExecEvent { Stdout = text });
        Stderr = new LineWriter(this, text => new ExecEvent { Stderr = text });
    }

    /// <summary>The command's standard output.</summary>
    public TextWriter Stdout { get; }

    /// <summary>The command's standard error.</summary>
    public TextWriter Stderr { get; }

    /// <summary>Writes one line of the stream.</summary>
    /// <param name="e">The event.</param>
    public async Task WriteAsync(ExecEvent e)
    {
        await Stdout.FlushAsync().ConfigureAwait(false);
        await Stderr.FlushAsync().ConfigureAwait(false);
        await SendAsync(e).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _one.Dispose();
        Stdout.Dispose();
        Stderr.Dispose();
    }

    private async Task SendAsync(ExecEvent e)
    {
        byte[] line = JsonSerializer.SerializeToUtf8Bytes(e, Json);
        await _one.WaitAsync().ConfigureAwait(false);
        try
        {
            await _pipe.WriteAsync(line).ConfigureAwait(false);
            await _pipe.WriteAsync("\n"u8.ToArray()).ConfigureAwait(false);
        }
        finally
        {
            _one.Release();
        }
    }

    // Programs write lines: a write that ends one goes out at once, so that ping is seen as it runs.
    private sealed class LineWriter(ExecStream stream, Func<string, ExecEvent> wrap) : TextWriter
    {
        private readonly StringBuilder _text = new();

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value)
        {
            lock (_text)
                _text.Append(value);
            if (value == '\n')
                FlushAsync().GetAwaiter().GetResult();
        }

        public override void Write(string? value)
        {
            lock (_text)
                _text.Append(value);
            if (value?.EndsWith('\n') == true)
                FlushAsync().GetAwaiter().GetResult();
        }

        public override void WriteLine(string? value) => Write(value + "\n");

        public override async Task WriteAsync(string? value)
        {
            lock (_text)
                _text.Append(value);
            if (value?.EndsWith('\n') == true)
                await FlushAsync().ConfigureAwait(false);
        }

        public override Task WriteLineAsync(string? value) => WriteAsync(value + "\n");

        public override async Task FlushAsync()
        {
            string text;
            lock (_text)
            {
                text = _text.ToString();
                _text.Clear();
            }

            if (text.Length > 0)
                await stream.SendAsync(wrap(text)).ConfigureAwait(false);
        }
    }
}
