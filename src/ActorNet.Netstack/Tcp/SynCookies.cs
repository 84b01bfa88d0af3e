using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <summary>
/// SYN cookies (RFC 4987, 3.6; linux net/ipv4/syncookies.c): the sequence number of the answer holds a minute count and the peer's MSS
/// under a keyed hash, its timestamp the other options, so that nothing need be remembered. A cookie is good for two minutes.
/// </summary>
internal sealed class SynCookies(ulong seed)
{
    private const int MaxAge = 2;
    private const uint DataMask = 0x00FF_FFFF;
    private const uint NoScale = 0xF;
    private const uint SackBit = 0x10;
    private const uint TimestampMask = 0x3F;

    private readonly KeyedHash _first = KeyedHash.From(seed, 11);
    private readonly KeyedHash _second = KeyedHash.From(seed, 12);

    // msstab: the sizes that can be remembered.
    private static ReadOnlySpan<ushort> Sizes => [536, 1300, 1440, 1460];

    /// <summary>The sequence number that answers a SYN.</summary>
    public uint Make(Ipv4Endpoint local, Ipv4Endpoint remote, in TcpSegment syn, Instant now)
    {
        int index = Sizes.Length - 1;
        while (index > 0 && Sizes[index] > syn.Mss)
            index--;
        uint count = Minute(now);
        uint covered = ((uint)_second.Of(local, remote, count) + (uint)index) & DataMask;
        return (uint)_first.Of(local, remote) + syn.Sequence + (count << 24) + covered;
    }

    /// <summary>The timestamp of the answer: the clock with the options in its low bits, never ahead of the clock.</summary>
    public static uint Stamp(uint clock, in TcpSegment syn)
    {
        uint options = (syn.HasWindowScale ? syn.WindowScale : NoScale) | (syn.SackPermitted ? SackBit : 0);
        uint stamp = (clock & ~TimestampMask) | options;
        return TcpSequence.IsAfter(stamp, clock) ? stamp - TimestampMask - 1 : stamp;
    }

    /// <summary>Reads a cookie back from the ACK that brings it.</summary>
    /// <param name="local">Our end.</param>
    /// <param name="remote">The peer.</param>
    /// <param name="ack">The segment.</param>
    /// <param name="timestampOffset">What we add to our clock for this peer.</param>
    /// <param name="now">Time.</param>
    /// <param name="syn">The SYN as far as the cookie remembers it.</param>
    public bool TryRead(Ipv4Endpoint local, Ipv4Endpoint remote, in TcpSegment ack, uint timestampOffset, Instant now, out TcpSegment syn)
    {
        uint cookie = ack.Acknowledgment - 1;
        uint sequence = ack.Sequence - 1;
        syn = default;
        uint rest = cookie - (uint)_first.Of(local, remote) - sequence;
        uint count = Minute(now);
        uint age = (count - (rest >> 24)) & 0xFF;
        if (age >= MaxAge)
            return false;
        uint index = (rest - (uint)_second.Of(local, remote, count - age)) & DataMask;
        if (index >= Sizes.Length)
            return false;
        syn = new TcpSegment
        {
            Sequence = sequence,
            Flags = Packets.TcpFlags.Syn,
            Window = ack.Window,
            Mss = Sizes[(int)index],
            HasTimestamps = ack.HasTimestamps,
            TimestampValue = ack.TimestampValue,
        };
        if (ack.HasTimestamps)
        {
            uint options = (ack.TimestampEcho - timestampOffset) & TimestampMask;
            syn.SackPermitted = (options & SackBit) != 0;
            syn.HasWindowScale = (options & NoScale) != NoScale;
            syn.WindowScale = syn.HasWindowScale ? (byte)Math.Min(options & NoScale, 14) : (byte)0;
        }

        return true;
    }

    private static uint Minute(Instant now) => (uint)(now.Nanoseconds / 60_000_000_000);
}
