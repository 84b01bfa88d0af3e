using System.Buffers;
using System.Text;

namespace ActorNet.Workloads.Tools;

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
