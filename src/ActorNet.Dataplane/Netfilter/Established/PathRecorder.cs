using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Dataplane.Netfilter.Rules;

namespace ActorNet.Dataplane.Netfilter.Established;

/// <summary>
/// Notes the path of a connection's packet while it goes the long way. A rule whose match or target depends on more than the connection's direction (flags,
/// limits, marks of connections, chance, lists) spoils it.
/// </summary>
/// <param name="ledger">Where the counters of paths are shared.</param>
internal sealed class PathRecorder(CountLedger ledger)
{
    private readonly List<Counted> _counts = [];
    private ConntrackEntry? _connection;
    private bool _isReply;
    private bool _isSpoilt;
    private PathKey _key;

    /// <summary>Whether a packet is being followed.</summary>
    internal bool IsActive => _connection is not null;

    /// <summary>A packet begins at its first hook; which connection it belongs to is not known yet.</summary>
    internal void Prepare()
    {
        _connection = null;
        _isSpoilt = false;
        _counts.Clear();
    }

    /// <summary>Follows the packet from here on, if its path can be one: the connection is entered, and the packet such as the others of it are.</summary>
    /// <param name="packet">A packet that conntrack has seen.</param>
    /// <param name="key">How it came, whether or not it was answered.</param>
    internal void Begin(NetfilterPacket packet, PathKey key)
    {
        if (packet.Connection is not { IsConfirmed: true } connection || !packet.IsPlain
            || packet.Info is not (ConntrackInfo.New or ConntrackInfo.Established or ConntrackInfo.EstablishedReply)
            || packet.Protocol is not ((byte)ActorNet.Packets.IpProtocol.Tcp or (byte)ActorNet.Packets.IpProtocol.Udp))
        {
            return;
        }

        _isReply = packet.Info == ConntrackInfo.EstablishedReply;
        _key = packet.Info == ConntrackInfo.New ? key with { Way = key.Way | PathWay.Unanswered } : key;
        // What is known to need a walk need not be noted again.
        if ((_isReply ? connection.ReplyPath : connection.OriginalPath) is { Counts: null } known && known.Key == _key)
            return;
        _connection = connection;
    }

    /// <summary>A rule or policy counted the packet.</summary>
    internal void Add(Counted counted) => _counts.Add(counted);

    /// <summary>The packet's fate depends on more than its connection.</summary>
    internal void Spoil() => _isSpoilt = true;

    /// <summary>Another packet is on its way, or the one that was followed is not.</summary>
    internal void Stop() => _connection = null;

    /// <summary>The packet has passed the rules.</summary>
    /// <param name="end">Where it goes.</param>
    /// <param name="egress">The device that it leaves by; null for what is delivered or sent here.</param>
    /// <param name="neighbour">The neighbour that it goes to; null when a bridge passes it as it is addressed, and for what is delivered or sent here.</param>
    internal void Finish(PathEnd end, IpInterface? egress = null, Neighbour? neighbour = null)
    {
        if (_connection is not { IsConfirmed: true } connection)
            return;
        _connection = null;
        EstablishedPath? before = _isReply ? connection.ReplyPath : connection.OriginalPath;
        // While the neighbour's address is in doubt every packet comes here, and others that are walked for what they are.
        if (before is not null && before.Key == _key && before.End == end && ReferenceEquals(before.Neighbour, neighbour))
            return;
        var path = new EstablishedPath
        {
            Key = _key,
            End = end,
            Counts = _isSpoilt ? null : ledger.Share(_counts),
            Change = HeaderChange.Of(connection, _isReply),
            Egress = egress,
            Neighbour = neighbour,
            Mtu = end == PathEnd.Forwarded ? egress!.Device.Mtu : int.MaxValue,
        };
        if (_isReply)
            connection.ReplyPath = path;
        else
            connection.OriginalPath = path;
    }
}
