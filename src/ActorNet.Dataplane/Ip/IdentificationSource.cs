using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip;

/// <summary>
/// IPv4 identifications (linux net/ipv4/route.c __ip_select_ident, ip_idents_reserve): counters in buckets chosen by a keyed hash of the
/// addresses and the protocol; each draw also adds a chance below the milliseconds since the last. Never zero here, so that zero always
/// means DF (ip_select_ident_segs gives an unconnected sender's DF packets 0; RFC 6864 allows any value for them).
/// </summary>
internal sealed class IdentificationSource(ulong seed)
{
    private const int Buckets = 512;

    private (uint Next, long Milliseconds)[]? _buckets;

    internal ushort Next(Ipv4Address source, Ipv4Address destination, IpProtocol protocol, Instant now)
    {
        _buckets ??= new (uint, long)[Buckets];
        ulong flow = ((ulong)source.Value << 32) | destination.Value;
        ulong hash = SeededHash.Mix(seed, (ulong)protocol, flow, 0x6964);
        ref (uint Next, long Milliseconds) bucket = ref _buckets[(int)(hash % Buckets)];
        long milliseconds = now.Nanoseconds / 1_000_000;
        long elapsed = milliseconds - bucket.Milliseconds;
        bucket.Milliseconds = milliseconds;
        // A bucket starts at a place of its own, as prandom_init fills the kernel's.
        if (bucket.Next == 0)
            bucket.Next = (uint)(hash >> 32) | 1;
        uint extra = elapsed > 0 ? SeededHash.Below(SeededHash.Mix(seed, hash, (ulong)milliseconds, bucket.Next), (uint)Math.Min(elapsed, int.MaxValue)) : 0;
        do
            bucket.Next += 1 + extra;
        while ((ushort)bucket.Next == 0);
        return (ushort)bucket.Next;
    }
}
