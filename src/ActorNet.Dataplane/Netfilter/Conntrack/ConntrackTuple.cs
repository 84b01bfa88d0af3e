using System.Runtime.CompilerServices;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>What names one direction of a connection (linux struct nf_conntrack_tuple).</summary>
/// <param name="Source">Source address.</param>
/// <param name="Destination">Destination address.</param>
/// <param name="SourcePort">Source port; the identifier of an ICMP query.</param>
/// <param name="DestinationPort">Destination port; type and code of an ICMP query, type in the upper octet.</param>
/// <param name="Protocol">Protocol number.</param>
public readonly record struct ConntrackTuple(Ipv4Address Source, Ipv4Address Destination, ushort SourcePort, ushort DestinationPort, byte Protocol)
{
    /// <summary>ICMP type of an ICMP query's tuple.</summary>
    public byte IcmpType => (byte)(DestinationPort >> 8);

    /// <summary>ICMP code of an ICMP query's tuple.</summary>
    public byte IcmpCode => (byte)DestinationPort;

    private ulong Addresses => ((ulong)Source.Value << 32) | Destination.Value;

    private ulong Rest => ((ulong)Protocol << 32) | ((ulong)SourcePort << 16) | DestinationPort;

    /// <summary>The tuple of the answer (nf_ct_invert_tuple); false for an ICMP type that has none.</summary>
    /// <param name="inverse">The tuple of the answer.</param>
    internal bool TryInvert(out ConntrackTuple inverse)
    {
        if (Protocol != (byte)IpProtocol.Icmp)
        {
            inverse = new ConntrackTuple(Destination, Source, DestinationPort, SourcePort, Protocol);
            return true;
        }

        int answer = AnswerOf(IcmpType);
        inverse = new ConntrackTuple(Destination, Source, SourcePort, (ushort)((answer << 8) | IcmpCode), Protocol);
        return answer >= 0;
    }

    /// <summary>A number that follows from the tuple alone.</summary>
    internal ulong Hash() => Ip.SeededHash.Mix(0, 0, Addresses, Rest);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Equals(ConntrackTuple other) => Addresses == other.Addresses && Rest == other.Rest;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override int GetHashCode()
    {
        ulong x = Addresses * 0x9E37_79B9_7F4A_7C15;
        x ^= x >> 29;
        x += Rest;
        x *= 0xBF58_476D_1CE4_E5B9;
        return (int)(x >> 32);
    }

    // linux net/netfilter/nf_conntrack_proto_icmp.c, invmap.
    private static int AnswerOf(byte type) => type switch
    {
        8 => 0,
        0 => 8,
        13 => 14,
        14 => 13,
        15 => 16,
        16 => 15,
        17 => 18,
        18 => 17,
        _ => -1,
    };
}
