namespace ActorNet.Netstack;

/// <summary>Numbers that are a pure hash of (seed, ordinal): the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).</summary>
internal static class SeededSequence
{
    public static ulong Derive(ulong seed, ulong ordinal)
    {
        ulong z = seed + ((ordinal + 1) * 0x9E37_79B9_7F4A_7C15);
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number below a bound (Lemire's multiply and shift, as the kernel's reciprocal_scale).</summary>
    public static int Below(ulong seed, ulong ordinal, int bound) => (int)(((Derive(seed, ordinal) >> 32) * (ulong)bound) >> 32);
}
