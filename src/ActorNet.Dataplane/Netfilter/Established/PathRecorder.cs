using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Dataplane.Netfilter.Rules;

namespace ActorNet.Dataplane.Netfilter.Established;

/// <summary>
/// Finds the path of an established connection's packet, and notes it while the packet goes the long way. A rule whose match or target depends on more than
/// the connection's direction (flags, limits, marks of connections, chance, lists) spoils it.
/// </summary>
internal sealed class PathRecorder
{
    // Lists of counters that are kept to be shared: most flows of a node pass the same rules.
    private const int SharedLists = 256;

    private readonly List<Counted> _counts = [];
    private Counted[]?[]? _shared;
    private ConntrackEntry? _connection;
    private bool _isReply;
    private bool _isSpoilt;
    private PathKey _key;

    /// <summary>Whether a packet is being followed.</summary>
    internal bool IsActive => _connection is not null;

    /// <summary>The path that a packet may take; null when it has to go the long way, which may be noted.</summary>
    /// <param name="packet">A packet that conntrack has seen.</param>
    /// <param name="key">How it came.</param>
    internal EstablishedPath? FindOrBegin(NetfilterPacket packet, in PathKey key)
    {
        _connection = null;
        if (packet.Connection is not { IsConfirmed: true } connection || packet.Info is not (ConntrackInfo.Established or ConntrackInfo.EstablishedReply) || !packet.IsPlain)
            return null;
        bool reply = packet.Info == ConntrackInfo.EstablishedReply;
        EstablishedPath? path = reply ? connection.ReplyPath : connection.OriginalPath;
        if (path is not null && path.Key == key)
        {
            if (path.Counts is null)
                return null;
            bool known = path.Neighbour is null || path.Neighbour.IsConnected;
            bool fits = packet.Bytes.Length <= path.Mtu && (path.IsBridged || packet.Bytes[8] > 1);
            if (known)
                return fits ? path : null;
        }

        _connection = connection;
        _isReply = reply;
        _isSpoilt = false;
        _key = key;
        _counts.Clear();
        return null;
    }

    /// <summary>A rule or policy counted the packet.</summary>
    internal void Add(Counted counted) => _counts.Add(counted);

    /// <summary>The packet's fate depends on more than its connection.</summary>
    internal void Spoil() => _isSpoilt = true;

    /// <summary>Another packet is on its way, or the one that was followed is not.</summary>
    internal void Stop() => _connection = null;

    /// <summary>The packet has passed the rules and leaves.</summary>
    /// <param name="egress">The device that it leaves by.</param>
    /// <param name="neighbour">The neighbour that it goes to; null when a bridge passes it as it is addressed.</param>
    /// <param name="bridged">Whether a bridge sends it.</param>
    internal void Finish(IpInterface egress, Neighbour? neighbour, bool bridged)
    {
        if (_connection is not { IsConfirmed: true } connection)
            return;
        _connection = null;
        EstablishedPath? before = _isReply ? connection.ReplyPath : connection.OriginalPath;
        // While the neighbour's address is in doubt every packet comes here.
        if (before is not null && before.Key == _key && ReferenceEquals(before.Neighbour, neighbour))
            return;
        var path = new EstablishedPath
        {
            Key = _key,
            Counts = _isSpoilt ? null : Share(),
            Egress = egress,
            Neighbour = neighbour,
            IsBridged = bridged,
            Mtu = bridged ? int.MaxValue : egress.Device.Mtu,
        };
        if (_isReply)
            connection.ReplyPath = path;
        else
            connection.OriginalPath = path;
    }

    private Counted[] Share()
    {
        _shared ??= new Counted[]?[SharedLists];
        uint hash = 17;
        foreach (Counted counted in _counts)
            hash = (hash * 31) + (uint)System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(counted);
        ref Counted[]? known = ref _shared[hash % SharedLists];
        if (known is null || !known.AsSpan().SequenceEqual(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_counts)))
            known = [.. _counts];
        return known;
    }
}
