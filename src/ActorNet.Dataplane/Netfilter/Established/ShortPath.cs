using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Established;

/// <summary>
/// Takes packets past all hooks at once by the path that an earlier one of their connection and direction noted: one look-up, the connection's own state moved
/// as on the long way, every rule of the path counted, the translation written. A packet that may fare otherwise than its path says is left untouched for the
/// long way: one with options, a mark, a fragment, a TCP segment that is more than data and acknowledgment, whatever conntrack would not simply accept.
/// </summary>
/// <param name="tracker">Whose connections.</param>
/// <param name="ledger">Who counts.</param>
internal sealed class ShortPath(Tracker tracker, CountLedger ledger)
{
    private const byte PlainVersionAndLength = 0x45;
    private const int MinTransportLength = 8;

    /// <summary>Packets that took it.</summary>
    internal long Packets { get; private set; }

    /// <summary>Takes a packet.</summary>
    /// <param name="frame">The packet, its IPv4 header checked.</param>
    /// <param name="network">Where its IPv4 header begins.</param>
    /// <param name="key">How it came, whether or not it was answered.</param>
    /// <param name="carried">Its connection.</param>
    /// <returns>The path; null when nothing was done.</returns>
    internal EstablishedPath? Take(ref Frame frame, int network, in PathKey key, out NetfilterState.CarriedConnection carried)
    {
        carried = default;
        ReadOnlySpan<byte> ip = frame.Span[network..];
        if ((frame.Flags & FrameFlags.Shared) != 0 || frame.Mark != 0 || ip.Length < Ipv4View.MinHeaderLength + MinTransportLength || ip[0] != PlainVersionAndLength
            || ip[9] is not ((byte)IpProtocol.Tcp or (byte)IpProtocol.Udp) || NetworkNamespace.IsFragment(ip)
            || !tracker.TryFind(ip, out ConntrackTable.TupleEnd end))
        {
            return null;
        }

        ConntrackEntry connection = end.Entry;
        ConntrackInfo info = Tracker.InfoOf(connection, end.IsReply);
        if ((end.IsReply ? connection.ReplyPath : connection.OriginalPath) is not { Counts: { } counts } path || !Fits(path, key, info, ip)
            || !tracker.TryFollow(ref frame, network, connection, end.IsReply, isInput: (key.Way & PathWay.Local) == 0))
        {
            return null;
        }

        ledger.Count(counts, frame.Count, frame.TotalLength - (frame.Count * network));
        path.Change?.Apply(frame, network);
        Packets += frame.Count;
        carried = new NetfilterState.CarriedConnection(connection, info);
        return path;
    }

    private static bool Fits(EstablishedPath path, in PathKey key, ConntrackInfo info, ReadOnlySpan<byte> ip)
    {
        PathWay way = info == ConntrackInfo.New ? key.Way | PathWay.Unanswered : key.Way;
        if (path.Key.Rules != key.Rules || path.Key.Routing != key.Routing || path.Key.Device != key.Device || path.Key.Way != way || ip.Length > path.Mtu)
            return false;
        return path.Neighbour is not { IsConnected: false } && (path.End != PathEnd.Forwarded || ip[8] > 1);
    }
}
