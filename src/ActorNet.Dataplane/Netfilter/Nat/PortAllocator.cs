using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Nat;

/// <summary>
/// Chooses the translated tuple: in the range, and unlike every other connection's (linux net/netfilter/nf_nat_core.c get_unique_tuple,
/// nf_nat_l4proto_unique_tuple). Where the kernel draws at random, the draw is a hash of seed, tuple and attempt.
/// </summary>
/// <param name="owner">Whose connections.</param>
internal sealed class PortAllocator(NetfilterState owner)
{
    private const int MaxAttempts = 128;
    private const int MinAttempts = 16;
    private const ulong PortPlace = 0x504F_5254;
    private const ulong AddressPlace = 0x4144_4452;

    /// <summary>The tuple that a connection gets.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="original">Its tuple so far, in the first packet's direction.</param>
    /// <param name="range">What may be chosen.</param>
    /// <param name="ofSource">Whether the source is chosen, else the destination.</param>
    internal ConntrackTuple Choose(ConntrackEntry connection, in ConntrackTuple original, in NatRange range, bool ofSource)
    {
        bool random = range.Random || range.RandomFully;
        if (ofSource && !random && IsInRange(original, range))
        {
            if (!IsTaken(original, connection))
                return original;
        }
        else if (ofSource && !random && TryAsBefore(original, range, out ConntrackTuple before) && !IsTaken(before, connection))
        {
            return before;
        }

        ConntrackTuple tuple = WithAddress(connection, original, range, ofSource);
        if (!random)
        {
            if (range.MinPort is { } min)
            {
                bool fits = range.BasePort is null && InPorts(tuple, range, ofSource);
                if (fits && (min == range.MaxPort || !IsTaken(tuple, connection)))
                    return tuple;
            }
            else if (!IsTaken(tuple, connection))
            {
                return tuple;
            }
        }

        return WithPort(connection, tuple, range, ofSource, random);
    }

    // find_appropriate_src: what another connection of this source was given serves for any destination.
    private bool TryAsBefore(in ConntrackTuple original, in NatRange range, out ConntrackTuple tuple)
    {
        for (ConntrackEntry? entry = owner.Tracker.Table.BySource.Find(original); entry is not null; entry = entry.OlderOfSource)
        {
            tuple = original with { Source = entry.Reply.Destination, SourcePort = original.Protocol == (byte)IpProtocol.Icmp ? entry.Reply.SourcePort : entry.Reply.DestinationPort };
            if (IsInRange(tuple, range))
                return true;
        }

        tuple = default;
        return false;
    }

    // nf_in_range, for sources.
    private static bool IsInRange(in ConntrackTuple tuple, in NatRange range) =>
        (range.MinAddress is not { } min || (tuple.Source >= min && tuple.Source <= range.MaxAddress)) && (range.MinPort is null || InPorts(tuple, range, true));

    private static bool InPorts(in ConntrackTuple tuple, in NatRange range, bool ofSource)
    {
        ushort port = ofSource || tuple.Protocol == (byte)IpProtocol.Icmp ? tuple.SourcePort : tuple.DestinationPort;
        return port >= range.MinPort && port <= range.MaxPort;
    }

    // find_best_ips_proto: of several addresses a hash of source and destination chooses; --persistent leaves the destination out.
    private ConntrackTuple WithAddress(ConntrackEntry connection, in ConntrackTuple tuple, in NatRange range, bool ofSource)
    {
        if (range.MinAddress is not { } min)
            return tuple;
        Ipv4Address chosen = min;
        if (range.MaxAddress.Value > min.Value)
        {
            ulong flow = ((ulong)tuple.Source.Value << 32) | (range.Persistent ? 0 : connection.Original.Destination.Value);
            ulong hash = SeededHash.Mix(owner.Seed, AddressPlace, flow, 0);
            chosen = new Ipv4Address(min.Value + SeededHash.Below(hash, range.MaxAddress.Value - min.Value + 1));
        }

        return ofSource ? tuple with { Source = chosen } : tuple with { Destination = chosen };
    }

    private ConntrackTuple WithPort(ConntrackEntry connection, ConntrackTuple tuple, in NatRange range, bool ofSource, bool random)
    {
        bool icmp = tuple.Protocol == (byte)IpProtocol.Icmp;
        if (!icmp && tuple.Protocol is not ((byte)IpProtocol.Tcp or (byte)IpProtocol.Udp or (byte)IpProtocol.Sctp or 33 or 136))
            return tuple;
        ushort port = icmp || ofSource ? tuple.SourcePort : tuple.DestinationPort;
        if (range.MinPort is null && !ofSource && !icmp)
            return tuple;
        (int min, int size) = range.MinPort is { } low ? (low, range.MaxPort - low + 1) : icmp ? (0, 65_536) : ClassOf(port);
        uint draws = 0;
        int offset = range.BasePort is { } first ? (ushort)(port - first)
            : random || ofSource ? Draw(connection, draws++) : 0;
        int attempts = Math.Min(size, MaxAttempts);
        while (true)
        {
            for (int i = 0; i < attempts; i++)
            {
                ushort candidate = (ushort)(min + ((offset + i) % size));
                tuple = icmp || ofSource ? tuple with { SourcePort = candidate } : tuple with { DestinationPort = candidate };
                if (!IsTaken(tuple, connection))
                    return tuple;
            }

            // From a new place, with half the patience.
            if (attempts >= size || attempts < MinAttempts)
                return tuple;
            attempts /= 2;
            offset = Draw(connection, draws++);
        }
    }

    // "Loose convention: >> 512 is credential passing": ports stay among their kind.
    private static (int Min, int Size) ClassOf(ushort port) => port switch
    {
        < 512 => (1, 511),
        < 1024 => (600, 424),
        _ => (1024, 64_512),
    };

    private int Draw(ConntrackEntry connection, uint attempt) =>
        (int)(SeededHash.Mix(owner.Seed, PortPlace, connection.Original.Hash(), ((ulong)connection.Ordinal << 32) | attempt) >> 48);

    // nf_nat_used_tuple: what counts is the answers' tuple.
    private bool IsTaken(in ConntrackTuple tuple, ConntrackEntry by) => tuple.TryInvert(out ConntrackTuple reply) && owner.Tracker.Table.IsTaken(reply, by, owner.Now);
}
