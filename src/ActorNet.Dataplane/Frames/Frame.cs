using System.Runtime.CompilerServices;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Frames;

/// <summary>
/// One Ethernet frame (or, between socket and device, one packet) in a region of a <see cref="FrameBuffer"/>. A value that moves: whoever
/// copies it out of a vector owns the buffer reference from then on and must put it into another vector or release it.
/// <para>
/// It may be the head of a train: what Linux calls a GSO packet. Every other field and property but <see cref="Count"/> and
/// <see cref="TotalLength"/> then speaks of the head, which is as long as any frame of the train, so that a check of the head's length, TTL or
/// addresses is the check of all. See <see cref="FrameTrain"/>.
/// </para>
/// </summary>
public struct Frame
{
    /// <summary>The memory; null in an empty slot.</summary>
    public FrameBuffer Buffer;

    /// <summary>First byte of the region of the slab that belongs to this frame alone: headers may be pushed down to here.</summary>
    public int RegionStart;

    /// <summary>First byte of the slab behind the region.</summary>
    public int RegionEnd;

    /// <summary>First byte of the frame in the slab.</summary>
    public int Start;

    /// <summary>Length of the frame in bytes.</summary>
    public int Length;

    /// <summary>The flow hash of the inner packet, 0 when it was not computed yet. Chooses the outer source port.</summary>
    public uint FlowHash;

    /// <summary>The underlay peer: where a datagram came from, or where the tunnel sends it.</summary>
    public UnderlayEndpoint Remote;

    /// <summary>The packet mark (skb->mark) while the packet is inside one namespace; 0 elsewhere.</summary>
    public uint Mark;

    /// <summary>Marks; see <see cref="FrameFlags"/>.</summary>
    public FrameFlags Flags;

    /// <summary>The outer type-of-service octet: what the tunnel asks for when it sends, what the datagram bore when received.</summary>
    public byte OuterTypeOfService;

    /// <summary>Frames behind this one in its train; 0 for a frame of its own.</summary>
    public byte Followers;

    /// <summary>Bytes from the start of one frame of the train to the start of the next.</summary>
    public ushort Stride;

    /// <summary>How many bytes the train's last frame is shorter than the others.</summary>
    public ushort LastShort;

    /// <summary>Whether other frames follow in a train.</summary>
    public readonly bool IsTrain => Followers != 0;

    /// <summary>Frames on the wire: 1, or the train's.</summary>
    public readonly int Count => 1 + Followers;

    /// <summary>Bytes on the wire from the header that this frame begins with: its length, or the sum of the train's.</summary>
    public readonly int TotalLength => (Length * (1 + Followers)) - LastShort;

    /// <summary>The frame's bytes.</summary>
    public readonly Span<byte> Span
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Buffer.Slab.AsSpan(Start, Length);
    }

    /// <summary>Bytes that can be pushed in front.</summary>
    public readonly int Headroom => Start - RegionStart;

    /// <summary>Bytes that can be appended; not for a train.</summary>
    public readonly int Tailroom => RegionEnd - Start - Length;

    /// <summary>Moves the start down, exposing <paramref name="count"/> bytes of headroom.</summary>
    /// <param name="count">Bytes; at most <see cref="Headroom"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(int count)
    {
        Start -= count;
        Length += count;
    }

    /// <summary>Moves the start up, hiding <paramref name="count"/> bytes.</summary>
    /// <param name="count">Bytes; at most <see cref="Length"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Pull(int count)
    {
        Start += count;
        Length -= count;
    }
}

/// <summary>Marks that travel with a frame.</summary>
[Flags]
public enum FrameFlags : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The bytes are seen by other frames too (a flooded frame): copy before writing.</summary>
    Shared = 1,

    /// <summary>A tap or tracer is interested: devices record a hop.</summary>
    Traced = 2,

    /// <summary>A multicast packet of this namespace on its way back to its own members: input takes it without asking where it came from.</summary>
    LoopedBack = 4,

    /// <summary>The IP identifications of a train count up from the head's; else all have the head's.</summary>
    CountingIdentification = 8,

    /// <summary>The transport checksum is known to be right: it was made in this process and nothing touched the bytes since.</summary>
    ChecksumVerified = 16,

    /// <summary>A bridged packet that rules have sent to another neighbour: it keeps the Ethernet source address that lies in front of it.</summary>
    KeepsSource = 32,
}

/// <summary>An underlay address: where real UDP datagrams go.</summary>
/// <param name="Address">IPv4 address.</param>
/// <param name="Port">UDP port.</param>
public readonly record struct UnderlayEndpoint(Ipv4Address Address, ushort Port)
{
    /// <summary>address:port.</summary>
    public override string ToString() => $"{Address}:{Port}";
}
