using System.Globalization;
using System.Text;

namespace ActorNet.TcpScripts;

/// <summary>The conversation so far, in the script's own notation with the times at which things really happened.</summary>
internal sealed class Transcript
{
    private readonly StringBuilder _lines = new();

    public void Add(TimeSpan time, string line) =>
        _lines.Append(CultureInfo.InvariantCulture, $"    {time.TotalSeconds,7:0.000} {line}\n");

    public override string ToString() => _lines.Length == 0 ? "    (nothing)\n" : _lines.ToString();
}
