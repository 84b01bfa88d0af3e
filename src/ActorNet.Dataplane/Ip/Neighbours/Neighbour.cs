using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Neighbours;

/// <summary>One neighbour entry (linux include/net/neighbour.h, struct neighbour). Its transitions are in <see cref="NeighbourTable"/>.</summary>
internal sealed class Neighbour(IpInterface device, Ipv4Address address) : TimedEntry
{
    internal const NeighbourState Connected = NeighbourState.Permanent | NeighbourState.NoArp | NeighbourState.Reachable;
    internal const NeighbourState Valid = Connected | NeighbourState.Probe | NeighbourState.Stale | NeighbourState.Delay;
    internal const NeighbourState InTimer = NeighbourState.Incomplete | NeighbourState.Reachable | NeighbourState.Delay | NeighbourState.Probe;

    // The first 12 bytes of the frame as they lie in memory: destination, source.
    private ulong _header0;
    private uint _header1;

    internal IpInterface Interface { get; } = device;

    internal Ipv4Address Address { get; } = address;

    internal MacAddress Mac { get; private set; }

    internal NeighbourState State { get; set; }

    internal Instant Updated { get; set; }

    internal Instant Confirmed { get; set; }

    internal Instant Used { get; set; }

    internal int Probes { get; set; }

    /// <summary>Packets that wait, from their IPv4 header on; null when none ever did.</summary>
    internal Queue<Frame>? Waiting { get; set; }

    internal bool IsConnected
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (State & Connected) != 0;
    }

    internal bool IsValid => (State & Valid) != 0;

    internal void SetMac(MacAddress mac)
    {
        Mac = mac;
        RebuildHeader();
    }

    /// <summary>neigh_update_hhs: the ready-made header follows the link addresses.</summary>
    internal void RebuildHeader()
    {
        Span<byte> bytes = stackalloc byte[12];
        Mac.Write(bytes);
        Interface.Device.Mac.Write(bytes[6..]);
        _header0 = Unsafe.ReadUnaligned<ulong>(ref bytes[0]);
        _header1 = Unsafe.ReadUnaligned<uint>(ref bytes[8]);
    }

    /// <summary>Writes destination and source into a frame of at least 14 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void WriteAddresses(Span<byte> frame)
    {
        Unsafe.WriteUnaligned(ref frame[0], _header0);
        Unsafe.WriteUnaligned(ref frame[8], _header1);
    }

    /// <summary>Writes the whole Ethernet header of an IPv4 frame.</summary>
    internal void WriteHeader(Span<byte> frame)
    {
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], (ushort)EtherType.Ipv4);
        WriteAddresses(frame);
    }
}
