using System.Buffers.Binary;

namespace ActorNet.Kubernetes.Api;

/// <summary>Gives what must never come twice: uids and the random part of names. From any thread.</summary>
public interface IIdentitySource
{
    /// <summary>A uid, of UUID's version 4.</summary>
    Guid NewUid();

    /// <summary>A number, all 64 bits of it by chance.</summary>
    ulong Draw();
}

/// <summary>Identities from a seed: two sources with different seeds do not meet, two with the same give the same.</summary>
/// <param name="seed">From the shell: real chance in a cluster, a number in a test.</param>
public sealed class SeededIdentities(ulong seed) : IIdentitySource
{
    private ulong _ordinal;

    /// <inheritdoc/>
    public Guid NewUid()
    {
        Span<byte> bytes = stackalloc byte[16];
        ulong ordinal = Interlocked.Increment(ref _ordinal);
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Mix(seed ^ Mix(2 * ordinal)));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Mix(seed + Mix((2 * ordinal) + 1)));
        bytes[6] = (byte)((bytes[6] & 0x0f) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3f) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    /// <inheritdoc/>
    public ulong Draw() => Mix(seed ^ Mix(Interlocked.Increment(ref _ordinal) | (1UL << 63)));

    // The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
