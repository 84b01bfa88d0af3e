using System.Numerics;

namespace ActorNet.Netstack;

/// <summary>SipHash-2-4 (Aumasson and Bernstein, 2012) of three words under a secret key: what RFC 6528 asks for in sequence numbers and RFC 6056 in ports.</summary>
internal readonly struct KeyedHash(ulong key0, ulong key1)
{
    public static KeyedHash From(ulong seed, ulong purpose) =>
        new(SeededSequence.Derive(seed, purpose * 2), SeededSequence.Derive(seed, (purpose * 2) + 1));

    public ulong Of(Ipv4Endpoint local, Ipv4Endpoint remote, ulong more = 0) =>
        Of(((ulong)local.Address.Value << 32) | remote.Address.Value, ((ulong)local.Port << 16) | remote.Port, more);

    public ulong Of(ulong a, ulong b, ulong c)
    {
        ulong v0 = key0 ^ 0x736F_6D65_7073_6575;
        ulong v1 = key1 ^ 0x646F_7261_6E64_6F6D;
        ulong v2 = key0 ^ 0x6C79_6765_6E65_7261;
        ulong v3 = key1 ^ 0x7465_6462_7974_6573;
        Absorb(a, ref v0, ref v1, ref v2, ref v3);
        Absorb(b, ref v0, ref v1, ref v2, ref v3);
        Absorb(c, ref v0, ref v1, ref v2, ref v3);
        // The last word carries the length, 24 bytes.
        Absorb(24UL << 56, ref v0, ref v1, ref v2, ref v3);
        v2 ^= 0xFF;
        for (int i = 0; i < 4; i++)
            Round(ref v0, ref v1, ref v2, ref v3);
        return v0 ^ v1 ^ v2 ^ v3;
    }

    private static void Absorb(ulong word, ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v3 ^= word;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= word;
    }

    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
