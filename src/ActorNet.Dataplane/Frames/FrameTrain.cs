using System.Buffers.Binary;
using System.Runtime.InteropServices;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Frames;

/// <summary>
/// Trains: TCP segments of one flow that travel as one <see cref="Frame"/>, as Linux's GSO packets do, so that a device or a router handles the
/// head alone. In memory a train is what the underlay's wire will see: frame behind frame in one buffer, with the tunnel's 8 bytes between.
/// <para>
/// The head is complete. In front of each follower is room for the headers below TCP, and they are written when somebody needs to see them:
/// they are the head's, but for the length of the last, the identification and the checksum. From the TCP header on every frame is complete all
/// the time, its checksum included. So a train is cut without copying data and comes out byte for byte as it would have been sent one by one.
/// </para>
/// <para>
/// All of a train but the last have one length and no flag but ACK, and PSH or FIN are on the last only; IPv4 without options and with DF,
/// Ethernet without a tag.
/// </para>
/// </summary>
public static class FrameTrain
{
    /// <summary>Frames in a train at most: what one segmented send carries.</summary>
    public const int MaxFrames = FrameVector.Capacity;

    /// <summary>Bytes of a train at most, outer headers included: the longest UDP datagram, which is what a segmented send may carry in all.</summary>
    public const int MaxBytes = 65_507;

    /// <summary>Bytes in front of each TCP header: VXLAN, Ethernet, IPv4.</summary>
    public const int HeaderRoom = VxlanView.HeaderLength + NetworkOffset + Ipv4View.MinHeaderLength;

    private const int NetworkOffset = EthernetView.HeaderLength;
    private const int TransportOffset = NetworkOffset + Ipv4View.MinHeaderLength;

    /// <summary>Frames that a train with a segment size can have at most.</summary>
    /// <param name="segmentLength">TCP header and data in bytes.</param>
    public static int Limit(int segmentLength) => Math.Min(MaxFrames, MaxBytes / (HeaderRoom + segmentLength));

    /// <summary>Rents memory for a train, from its TCP headers on.</summary>
    /// <param name="frames">Where from.</param>
    /// <param name="segmentLength">TCP header and data of all frames but the last, in bytes.</param>
    /// <param name="count">Frames, from 2 to <see cref="Limit"/>.</param>
    /// <param name="lastShort">Bytes that the last is shorter.</param>
    /// <param name="train">The train, its bytes not cleared.</param>
    /// <returns>False when the pool is at its bound.</returns>
    public static bool TryRent(FrameCache frames, int segmentLength, int count, int lastShort, out Frame train)
    {
        ArgumentNullException.ThrowIfNull(frames);
        int stride = HeaderRoom + segmentLength;
        if (!frames.TryRentFrame((count * stride) - HeaderRoom - lastShort, out train))
            return false;
        // What the frames are charged for when they are held is their bytes, not the rest of the buffer.
        train.RegionEnd = train.Start + train.Length;
        train.Length = segmentLength;
        train.Followers = (byte)(count - 1);
        train.Stride = (ushort)stride;
        train.LastShort = (ushort)lastShort;
        return true;
    }

    /// <summary>Bytes from the head's start to the end of the last frame.</summary>
    /// <param name="train">The train.</param>
    public static int Extent(in Frame train) => (train.Followers * train.Stride) + train.Length - train.LastShort;

    /// <summary>The bytes of one frame of a train, from the header that the train begins with; those of a follower below TCP may be stale.</summary>
    /// <param name="train">The train.</param>
    /// <param name="index">0 for the head, to <see cref="Frame.Followers"/>.</param>
    public static Span<byte> SpanOf(in Frame train, int index) =>
        train.Buffer.Slab.AsSpan(train.Start + (index * train.Stride), LengthOf(train, index));

    /// <summary>Writes the headers of the followers behind the head's, so that every frame is as on the wire. Nobody else may see the bytes.</summary>
    /// <param name="train">The train, not <see cref="FrameFlags.Shared"/>.</param>
    /// <param name="networkOffset">Where its IPv4 header begins.</param>
    public static void Seal(in Frame train, int networkOffset)
    {
        ReadOnlySpan<byte> headers = train.Span[..(networkOffset + Ipv4View.MinHeaderLength)];
        for (int i = 1; i <= train.Followers; i++)
            WriteHeaders(headers, SpanOf(train, i), networkOffset, train.Flags, i);
    }

    /// <summary>Copies one frame of a train as it is on the wire, for who may not write into the train.</summary>
    /// <param name="train">The train, from its Ethernet header on.</param>
    /// <param name="index">0 for the head, to <see cref="Frame.Followers"/>.</param>
    /// <param name="target">As long as the head at least.</param>
    /// <returns>The frame's length in bytes.</returns>
    public static int CopyTo(in Frame train, int index, Span<byte> target)
    {
        Span<byte> source = SpanOf(train, index);
        source.CopyTo(target);
        if (index > 0)
            WriteHeaders(train.Span[..TransportOffset], target[..source.Length], NetworkOffset, train.Flags, index);
        return source.Length;
    }

    /// <summary>Begins the cutting of a train: seals it, and counts its frames in its buffer. <see cref="Part"/> then gives each, once.</summary>
    /// <param name="train">The train, not <see cref="FrameFlags.Shared"/>.</param>
    /// <param name="networkOffset">Where its IPv4 header begins.</param>
    public static void Cut(in Frame train, int networkOffset)
    {
        Seal(train, networkOffset);
        train.Buffer.AddReferences(train.Followers);
    }

    /// <summary>Takes a train apart that begins with its TCP headers, where nothing needs to be written. <see cref="Part"/> then gives each, once.</summary>
    /// <param name="train">The train.</param>
    public static void Uncouple(in Frame train) => train.Buffer.AddReferences(train.Followers);

    /// <summary>A frame of a train whose references were counted, with the region of its own bytes and the room in front of them.</summary>
    /// <param name="train">The train.</param>
    /// <param name="index">0 for the head, to <see cref="Frame.Followers"/>.</param>
    public static Frame Part(in Frame train, int index)
    {
        Frame part = train;
        part.Followers = 0;
        part.Stride = 0;
        part.LastShort = 0;
        part.Flags &= ~FrameFlags.CountingIdentification;
        part.Start = train.Start + (index * train.Stride);
        part.Length = LengthOf(train, index);
        if (index > 0)
            part.RegionStart = part.Start - (train.Stride - train.Length);
        if (index < train.Followers)
            part.RegionEnd = part.Start + part.Length;
        return part;
    }

    /// <summary>
    /// Joins a frame to a train, or to a frame that becomes its head, where Linux would (net/ipv4/tcp_offload.c tcp_gro_receive,
    /// net/ipv4/af_inet.c inet_gro_receive): the next segment of the flow, with the same headers, behind it in the same buffer. The reference
    /// of a frame that was joined is the caller's to take away.
    /// </summary>
    /// <param name="train">The train, from its Ethernet header on.</param>
    /// <param name="next">The frame, from its Ethernet header on.</param>
    /// <returns>Whether it was joined.</returns>
    public static bool TryJoin(ref Frame train, in Frame next)
    {
        int count = train.Count;
        int stride = train.Length + VxlanView.HeaderLength;
        if (!ReferenceEquals(train.Buffer, next.Buffer) || next.RegionStart != train.RegionEnd || next.Start != train.Start + (count * stride)
            || next.Length > train.Length || train.LastShort != 0 || next.IsTrain || count == MaxFrames
            || (count * stride) + next.Length > MaxBytes || ((train.Flags | next.Flags) & FrameFlags.Shared) != 0)
        {
            return false;
        }

        Span<byte> head = train.Span;
        Span<byte> bytes = next.Span;
        if (!HaveSameHeaders(head, bytes) || !IsNextSegment(head, bytes, count, train.IsTrain ? SpanOf(train, train.Followers) : head)
            || !HasFittingIdentification(head, bytes, count, ref train.Flags))
        {
            return false;
        }

        train.Stride = (ushort)stride;
        train.Followers++;
        train.LastShort = (ushort)(train.Length - next.Length);
        train.RegionEnd = next.RegionEnd;
        return true;
    }

    private static int LengthOf(in Frame train, int index) => index < train.Followers ? train.Length : train.Length - train.LastShort;

    private static void WriteHeaders(ReadOnlySpan<byte> headers, Span<byte> frame, int networkOffset, FrameFlags flags, int index)
    {
        headers.CopyTo(frame);
        Span<byte> ip = frame[networkOffset..];
        ushort length = BinaryPrimitives.ReadUInt16BigEndian(ip[2..]);
        bool counts = (flags & FrameFlags.CountingIdentification) != 0;
        if (!counts && length == ip.Length)
            return;
        ushort identification = BinaryPrimitives.ReadUInt16BigEndian(ip[4..]);
        ushort own = counts ? (ushort)(identification + index) : identification;
        ushort checksum = BinaryPrimitives.ReadUInt16BigEndian(ip[10..]);
        checksum = InternetChecksum.Update(InternetChecksum.Update(checksum, length, (ushort)ip.Length), identification, own);
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)ip.Length);
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], own);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], checksum);
    }

    // All of Ethernet and IPv4 but length, identification and checksum; of TCP the ports, ACK, data offset, window, urgent pointer and options.
    private static bool HaveSameHeaders(ReadOnlySpan<byte> head, ReadOnlySpan<byte> next)
    {
        if (next.Length < TransportOffset + TcpView.MinHeaderLength)
            return false;
        // DF, no fragment; version 4, 20 bytes of header; TCP.
        if (BinaryPrimitives.ReadUInt32BigEndian(head[12..]) >> 8 != 0x0800_45 || BinaryPrimitives.ReadUInt16BigEndian(head[20..]) != 0x4000 || head[23] != (byte)IpProtocol.Tcp)
            return false;
        int options = ((head[TransportOffset + 12] >> 4) * 4) - TcpView.MinHeaderLength;
        if (options < 0 || next.Length <= TransportOffset + TcpView.MinHeaderLength + options)
            return false;
        return head[..16].SequenceEqual(next[..16])
            && MemoryMarshal.Read<uint>(head[20..]) == MemoryMarshal.Read<uint>(next[20..])
            && head.Slice(26, 12).SequenceEqual(next.Slice(26, 12))
            && head.Slice(TransportOffset + 8, 5).SequenceEqual(next.Slice(TransportOffset + 8, 5))
            && MemoryMarshal.Read<ushort>(head[(TransportOffset + 14)..]) == MemoryMarshal.Read<ushort>(next[(TransportOffset + 14)..])
            && head.Slice(TransportOffset + 18, 2 + options).SequenceEqual(next.Slice(TransportOffset + 18, 2 + options));
    }

    private static bool IsNextSegment(ReadOnlySpan<byte> head, ReadOnlySpan<byte> next, int count, ReadOnlySpan<byte> last)
    {
        int headers = TransportOffset + ((head[TransportOffset + 12] >> 4) * 4);
        uint sequence = BinaryPrimitives.ReadUInt32BigEndian(head[(TransportOffset + 4)..]);
        return BinaryPrimitives.ReadUInt32BigEndian(next[(TransportOffset + 4)..]) == sequence + (uint)(count * (head.Length - headers))
            && BinaryPrimitives.ReadUInt16BigEndian(head[(NetworkOffset + 2)..]) == head.Length - NetworkOffset
            && BinaryPrimitives.ReadUInt16BigEndian(next[(NetworkOffset + 2)..]) == next.Length - NetworkOffset
            && last[TransportOffset + 13] == (byte)TcpFlags.Ack
            && (next[TransportOffset + 13] & ~(int)(TcpFlags.Psh | TcpFlags.Fin)) == (byte)TcpFlags.Ack;
    }

    // Linux's ip_fixedid, or a count. With the head's length and identification the checksum is the head's, else the header has to verify.
    private static bool HasFittingIdentification(ReadOnlySpan<byte> head, ReadOnlySpan<byte> next, int count, ref FrameFlags flags)
    {
        ushort first = BinaryPrimitives.ReadUInt16BigEndian(head[18..]);
        ushort own = BinaryPrimitives.ReadUInt16BigEndian(next[18..]);
        bool counts = count == 1 ? own != first : (flags & FrameFlags.CountingIdentification) != 0;
        if (own != (counts ? (ushort)(first + count) : first))
            return false;
        bool verifies = head.Length == next.Length && !counts
            ? MemoryMarshal.Read<ushort>(head[24..]) == MemoryMarshal.Read<ushort>(next[24..])
            : InternetChecksum.Compute(head.Slice(NetworkOffset, Ipv4View.MinHeaderLength)) == 0 && InternetChecksum.Compute(next.Slice(NetworkOffset, Ipv4View.MinHeaderLength)) == 0;
        if (verifies && counts)
            flags |= FrameFlags.CountingIdentification;
        return verifies;
    }
}
