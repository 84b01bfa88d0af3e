using System.IO.Pipelines;

namespace ActorNet.Workloads.Nginx;

/// <summary>Writes content into a pipe's own memory, a piece at a time, as fast as it is taken away. Nothing is allocated for a piece.</summary>
internal static class ContentWriter
{
    // Between two flushes; half of what the pipe of a connection holds before its writer has to wait.
    private const int FlushSize = 32 * 1024;

    /// <summary>Writes a part of content.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="content">The content.</param>
    /// <param name="part">The part.</param>
    /// <param name="cancellation">Nobody reads any more.</param>
    /// <returns>
    /// Bytes given to the connection (what nginx's <c>$body_bytes_sent</c> counts are those the socket took): at least as many as the client
    /// got, however early it left. And whether the content ended before the part did.
    /// </returns>
    public static async Task<(long Sent, bool IsCut)> WriteAsync(PipeWriter writer, INginxContent content, ByteRange part, CancellationToken cancellation)
    {
        long at = part.Start;
        try
        {
            while (at < part.End && !cancellation.IsCancellationRequested)
            {
                int filled = Fill(writer, content, at, part.End);
                if (filled == 0)
                    return (at - part.Start, true);
                // Counted before the wait: the client may have all of it and leave while the flush still waits for room.
                at += filled;
                FlushResult result = await writer.FlushAsync(cancellation).ConfigureAwait(false);
                if (result.IsCompleted || result.IsCanceled)
                    break;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client left.
        }

        return (at - part.Start, false);
    }

    private static int Fill(PipeWriter writer, INginxContent content, long at, long end)
    {
        int filled = 0;
        while (filled < FlushSize && at + filled < end)
        {
            // Without a least length Kestrel has nothing to give before an answer's head is out.
            Span<byte> free = writer.GetSpan(1);
            int read = content.Read(at + filled, free[..(int)Math.Min(free.Length, end - at - filled)]);
            if (read == 0)
                break;
            writer.Advance(read);
            filled += read;
        }

        return filled;
    }
}
