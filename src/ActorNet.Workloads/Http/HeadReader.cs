namespace ActorNet.Workloads.Http;

/// <summary>Cuts the head of a message, empty line included, out of the bytes that pass, to show it as it was. What it means is HttpClient's to say.</summary>
internal sealed class HeadReader
{
    // More than HttpClient accepts: it gives up first.
    private const int Limit = 512 * 1024;

    private readonly List<byte> _head = [];

    /// <summary>Whether what came so far cannot be the head of a response.</summary>
    public bool IsForeign => !_head.Take(5).SequenceEqual("HTTP/"u8[..Math.Min(5, _head.Count)].ToArray());

    /// <summary>Takes bytes up to the end of the head.</summary>
    /// <param name="data">Bytes; those taken are cut off.</param>
    /// <returns>The head when it is complete, else null.</returns>
    public byte[]? Take(ref ReadOnlyMemory<byte> data)
    {
        ReadOnlySpan<byte> span = data.Span;
        for (int i = 0; i < span.Length && _head.Count < Limit; i++)
        {
            _head.Add(span[i]);
            if (span[i] != (byte)'\n' || !EndsWithEmptyLine())
                continue;
            data = data[(i + 1)..];
            byte[] head = [.. _head];
            _head.Clear();
            return head;
        }

        data = default;
        return null;
    }

    private bool EndsWithEmptyLine()
    {
        int count = _head.Count;
        return count >= 4 && _head[count - 2] == (byte)'\r' && _head[count - 3] == (byte)'\n';
    }
}
