using System.Collections.Concurrent;
using ActorNet.Dataplane.Frames;

namespace ActorNet.Node.Uplink;

/// <summary>What the sender knows of one peer.</summary>
internal sealed class PeerRecord
{
    public long Datagrams;
    public long Bytes;
    public long Dropped;

    /// <summary>The longest datagram worth a segmented send; less than the longest IPv4 payload after the kernel refused one.</summary>
    public int SegmentLimit = PeerTable.LongestDatagram;

    /// <summary>Runs sent one by one since the refusal; after some the limit is tried again, because a path's MTU may have grown.</summary>
    public int SinceRefusal;
}

/// <summary>
/// The peers sent to so far. Written by the owner only. Bounded: the tunnel's FDB decides whom we send to, but an FDB may be wrong; peers
/// beyond the bound share one record.
/// </summary>
internal sealed class PeerTable
{
    /// <summary>65,535 less 20 bytes of IPv4 and 8 of UDP header.</summary>
    public const int LongestDatagram = 65_507;

    public const int MaxPeers = 4096;

    private readonly ConcurrentDictionary<UnderlayEndpoint, PeerRecord> _peers = new();
    private readonly PeerRecord _others = new();
    private int _count;
    private UnderlayEndpoint _lastEndpoint;
    private PeerRecord? _last;

    public PeerRecord Find(in UnderlayEndpoint endpoint)
    {
        if (_last is not null && _lastEndpoint == endpoint)
            return _last;
        if (!_peers.TryGetValue(endpoint, out PeerRecord? peer))
        {
            if (_count == MaxPeers)
                return _others;
            peer = new PeerRecord();
            _peers[endpoint] = peer;
            _count++;
        }

        _lastEndpoint = endpoint;
        _last = peer;
        return peer;
    }

    public Dictionary<UnderlayEndpoint, PeerCounters> Snapshot()
    {
        var peers = new Dictionary<UnderlayEndpoint, PeerCounters>();
        foreach ((UnderlayEndpoint endpoint, PeerRecord peer) in _peers)
            peers[endpoint] = new PeerCounters(peer.Datagrams, peer.Bytes, peer.Dropped);
        return peers;
    }
}
