namespace ActorNet.Workloads.Netcat;

/// <summary>How what standard input gave is cut before it is sent: as it came, or with -i and -C line by line, with -C ending in CR LF.</summary>
internal sealed class NetcatLines(NetcatOptions options)
{
    private bool _endsWithReturn;

    /// <summary>Cuts.</summary>
    /// <param name="read">What one read gave; not empty.</param>
    public IEnumerable<ReadOnlyMemory<byte>> Cut(ReadOnlyMemory<byte> read)
    {
        if (options.Interval == TimeSpan.Zero && !options.CarriageReturns)
        {
            yield return read;
            yield break;
        }

        while (!read.IsEmpty)
        {
            int end = read.Span.IndexOf((byte)'\n') + 1;
            ReadOnlyMemory<byte> line = end == 0 ? read : read[..end];
            read = read[line.Length..];
            bool hasReturn = end == 1 ? _endsWithReturn : end > 1 && line.Span[end - 2] == '\r';
            _endsWithReturn = line.Span[^1] == '\r';
            yield return end > 0 && options.CarriageReturns && !hasReturn ? WithReturn(line) : line;
        }
    }

    private static byte[] WithReturn(ReadOnlyMemory<byte> line) => [.. line.Span[..^1], (byte)'\r', (byte)'\n'];
}
