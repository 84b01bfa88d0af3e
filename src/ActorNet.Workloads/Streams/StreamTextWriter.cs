using System.Text;

namespace ActorNet.Workloads.Streams;

/// <summary>
/// Text written to a stream of bytes as UTF-8, each asynchronous write at once. A synchronous write only notes its text, for the stream may
/// have to wait: it goes out with the next asynchronous one.
/// </summary>
internal sealed class StreamTextWriter(Stream stream) : TextWriter
{
    private readonly StringBuilder _noted = new();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => _noted.Append(value);

    public override void Write(char[] buffer, int index, int count) => _noted.Append(buffer, index, count);

    public override void Write(string? value) => _noted.Append(value);

    public override Task WriteAsync(char value) => SendAsync(value.ToString(), default);

    public override Task WriteAsync(string? value) => SendAsync(value ?? "", default);

    public override Task WriteAsync(char[] buffer, int index, int count) => SendAsync(new string(buffer, index, count), default);

    public override Task WriteAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default) => SendAsync(buffer.ToString(), cancellationToken);

    public override Task WriteLineAsync() => SendAsync("\n", default);

    public override Task WriteLineAsync(char value) => SendAsync(value + "\n", default);

    public override Task WriteLineAsync(string? value) => SendAsync(value + "\n", default);

    public override Task WriteLineAsync(char[] buffer, int index, int count) => SendAsync(new string(buffer, index, count) + "\n", default);

    public override Task WriteLineAsync(ReadOnlyMemory<char> buffer, CancellationToken cancellationToken = default) => SendAsync(buffer + "\n", cancellationToken);

    public override Task FlushAsync() => SendAsync("", default);

    public override Task FlushAsync(CancellationToken cancellationToken) => SendAsync("", cancellationToken);

    private async Task SendAsync(string text, CancellationToken cancellationToken)
    {
        if (_noted.Length > 0)
        {
            text = _noted.Append(text).ToString();
            _noted.Clear();
        }

        if (text.Length > 0)
            await stream.WriteAsync(Encoding.GetBytes(text), cancellationToken).ConfigureAwait(false);
    }
}
