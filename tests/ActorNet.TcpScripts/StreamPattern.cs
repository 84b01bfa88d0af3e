namespace ActorNet.TcpScripts;

/// <summary>
/// The bytes that flow: each depends on its place in the stream alone, so a byte that is misplaced, lost or repeated shows at once.
/// </summary>
internal static class StreamPattern
{
    /// <summary>Fills a buffer with the stream's bytes.</summary>
    /// <param name="offset">Place of the first byte in the stream, from 0.</param>
    /// <param name="bytes">The buffer.</param>
    public static void Fill(long offset, Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = At(offset + i);
    }

    /// <summary>The place of the first byte that is not the stream's, or -1.</summary>
    public static int FirstDifference(long offset, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != At(offset + i))
                return i;
        }
        return -1;
    }

    // 251 is prime: neither a segment's length nor a power of two repeats it.
    private static byte At(long place) => (byte)(((place % 251) + (place / 251 * 7)) & 0xFF);
}
