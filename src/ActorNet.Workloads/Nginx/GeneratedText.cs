using System.Globalization;

namespace ActorNet.Workloads.Nginx;

/// <summary>
/// The content of /generated/BYTES: lines of 16 bytes, each the decimal offset of its own first byte with 15 digits and a line end. So a part
/// of a download says where it belongs, and anybody can make the same: <c>seq -f %015.0f 0 16 $((BYTES - 1)) | head -c BYTES</c>.
/// </summary>
internal sealed class GeneratedText(long length) : INginxContent
{
    private const int Line = 16;
    private const int Digits = Line - 1;

    // What 15 digits can count.
    private const long Longest = 1_000_000_000_000_000;

    /// <inheritdoc/>
    public long Length => length;

    /// <summary>The same at all times.</summary>
    public DateTimeOffset Modified => DateTimeOffset.UnixEpoch;

    /// <inheritdoc/>
    public string Type => "text/plain";

    /// <summary>Reads a length: a number of bytes, or one with k, m or g behind it for powers of 1024, as nginx writes sizes.</summary>
    public static bool TryParse(string text, out GeneratedText? content)
    {
        content = null;
        int shift = text.Length == 0 ? 0 : char.ToLowerInvariant(text[^1]) switch { 'k' => 10, 'm' => 20, 'g' => 30, _ => 0 };
        if (!long.TryParse(shift > 0 ? text[..^1] : text, NumberStyles.None, CultureInfo.InvariantCulture, out long count) || count > Longest >> shift)
            return false;
        content = new GeneratedText(count << shift);
        return true;
    }

    /// <inheritdoc/>
    public int Read(long position, Span<byte> buffer)
    {
        int count = (int)Math.Clamp(length - position, 0, buffer.Length);
        Fill(position, buffer[..count]);
        return count;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    // Counting the digits on from line to line costs a quarter of formatting each.
    private static void Fill(long position, Span<byte> buffer)
    {
        Span<byte> line = stackalloc byte[Line];
        line[Digits] = (byte)'\n';
        (position - (position % Line)).TryFormat(line, out _, "D15", CultureInfo.InvariantCulture);
        int within = (int)(position % Line);
        while (buffer.Length > 0)
        {
            int count = Math.Min(Line - within, buffer.Length);
            line.Slice(within, count).CopyTo(buffer);
            buffer = buffer[count..];
            within = 0;
            AddLine(line);
        }
    }

    private static void AddLine(Span<byte> line)
    {
        line[Digits - 1] += Line % 10;
        line[Digits - 2] += Line / 10;
        for (int i = Digits - 1; i > 0; i--)
        {
            if (line[i] > '9')
            {
                line[i] -= 10;
                line[i - 1]++;
            }
            else if (i < Digits - 1)
            {
                return;
            }
        }
    }
}
