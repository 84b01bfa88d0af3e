using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>Which connections a conntrack command means: what is null does not count.</summary>
public sealed record ConntrackFilter
{
    /// <summary>-p.</summary>
    public byte? Protocol { get; init; }

    /// <summary>-s, --orig-src.</summary>
    public Ipv4Prefix? OriginalSource { get; init; }

    /// <summary>-d, --orig-dst.</summary>
    public Ipv4Prefix? OriginalDestination { get; init; }

    /// <summary>-r, --reply-src.</summary>
    public Ipv4Prefix? ReplySource { get; init; }

    /// <summary>-q, --reply-dst.</summary>
    public Ipv4Prefix? ReplyDestination { get; init; }

    /// <summary>--sport, --orig-port-src.</summary>
    public ushort? SourcePort { get; init; }

    /// <summary>--dport, --orig-port-dst.</summary>
    public ushort? DestinationPort { get; init; }

    /// <summary>--reply-port-src.</summary>
    public ushort? ReplySourcePort { get; init; }

    /// <summary>--reply-port-dst.</summary>
    public ushort? ReplyDestinationPort { get; init; }

    /// <summary>--state: a TCP state's name.</summary>
    public string? State { get; init; }

    /// <summary>-m MARK[/MASK].</summary>
    public (uint Value, uint Mask)? Mark { get; init; }

    /// <summary>--src-nat.</summary>
    public bool SourceNat { get; init; }

    /// <summary>--dst-nat.</summary>
    public bool DestinationNat { get; init; }

    /// <summary>-u: status bits that must be set.</summary>
    public ConntrackStatus Status { get; init; }

    /// <summary>-u UNREPLIED.</summary>
    public bool Unreplied { get; init; }

    internal bool Matches(ConntrackEntry entry) =>
        (Protocol is not { } protocol || entry.Original.Protocol == protocol)
        && In(OriginalSource, entry.Original.Source) && In(OriginalDestination, entry.Original.Destination)
        && In(ReplySource, entry.Reply.Source) && In(ReplyDestination, entry.Reply.Destination)
        && Is(SourcePort, entry.Original.SourcePort) && Is(DestinationPort, entry.Original.DestinationPort)
        && Is(ReplySourcePort, entry.Reply.SourcePort) && Is(ReplyDestinationPort, entry.Reply.DestinationPort)
        && (State is not { } state || (entry.Original.Protocol == (byte)IpProtocol.Tcp && TcpTracker.NameOf(entry.Tcp.State) == state))
        && (Mark is not var (value, mask) || (entry.Mark & mask) == value)
        && (!SourceNat || (entry.Status & ConntrackStatus.SourceNat) != 0)
        && (!DestinationNat || (entry.Status & ConntrackStatus.DestinationNat) != 0)
        && (entry.Status & Status) == Status
        && (!Unreplied || (entry.Status & ConntrackStatus.SeenReply) == 0);

    private static bool In(Ipv4Prefix? prefix, Ipv4Address address) => prefix is not { } wanted || wanted.Contains(address);

    private static bool Is(ushort? port, ushort actual) => port is not { } wanted || wanted == actual;
}
