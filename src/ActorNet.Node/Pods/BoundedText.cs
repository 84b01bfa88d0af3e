using System.Text;

namespace ActorNet.Node.Pods;

/// <summary>Takes text up to a bound and forgets the rest: what a probe's command writes.</summary>
/// <param name="limit">Characters.</param>
internal sealed class BoundedText(int limit) : TextWriter
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Write([value]);

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(ReadOnlySpan<char> buffer)
    {
        lock (_gate)
            _text.Append(buffer[..Math.Min(buffer.Length, limit - _text.Length)]);
    }

    public override string ToString()
    {
        lock (_gate)
            return _text.ToString();
    }
}
