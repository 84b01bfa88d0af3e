namespace ActorNet.Dataplane.Ip;

/// <summary>A pure 64-bit mix of a seed with place, flow and ordinal: every chance in the namespace is drawn from it, so that order of events elsewhere never changes it.</summary>
internal static class SeededHash
{
    internal static ulong Mix(ulong seed, ulong place, ulong flow, ulong ordinal) =>
        Finish(Finish(Finish(Finish(seed) ^ place) ^ flow) ^ ordinal);

    internal static uint Below(ulong hash, uint bound) => (uint)(((hash >> 32) * bound) >> 32);

    // The finalizer of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
    private static ulong Finish(ulong z)
    {
        z += 0x9E37_79B9_7F4A_7C15;
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }
}
