namespace ActorNet.Workloads.Iperf;

/// <summary>The bytes that streams carry: they do not compress, and no two places of a block are alike.</summary>
internal static class TestPattern
{
    public static byte[] Create(int length)
    {
        var bytes = new byte[length];
        ulong state = 0x9E37_79B9_7F4A_7C15;
        for (int i = 0; i < length; i++)
        {
            // Xorshift of 64 bits with 13, 7, 17 (Marsaglia 2003).
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes[i] = (byte)(state >> 32);
        }

        return bytes;
    }
}
