using System.Collections.Immutable;
using ActorNet.Cluster.Serialization;

namespace ActorNet.Cluster.Nodes;

/// <summary>One change of one Node, in order, for the data plane of a host. Immutable.</summary>
/// <param name="Epoch">The registry's epoch.</param>
/// <param name="Revision">The revision this host is at with it.</param>
/// <param name="Type">What happened, seen from what was delivered before.</param>
/// <param name="Name">The Node's name.</param>
/// <param name="Json">The v1.Node as JSON; when deleted, as it was last delivered.</param>
public sealed record NodeChange(long Epoch, long Revision, NodeEventType Type, string Name, ReadOnlyMemory<byte> Json);

/// <summary>
/// A host's view of all Nodes, kept right although events get lost: list, then apply events whose previous revision is ours; a
/// gap, a late bookmark or a new epoch makes it ask. A plain object that outlives control systems: what it has delivered stays
/// true until it is told otherwise. Times are monotonic, from any one origin. Single-threaded.
/// </summary>
public sealed class InformerState
{
    /// <summary>How long after the last sign of the registry this host asks by itself: three bookmarks.</summary>
    public static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(3);

    /// <summary>How long an answer may take before the question is put again.</summary>
    public static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan AskRecoveringAgainAfter = TimeSpan.FromMilliseconds(200);

    private readonly Func<string> _newRequestId;
    private readonly List<byte[]> _pages = [];
    private Phase _phase = Phase.Listing;
    private string _outstanding = "";
    private TimeSpan _askAt = TimeSpan.Zero;
    private TimeSpan _heardAt = TimeSpan.Zero;
    private long _listRevision;
    private string _after = "";
    private long _announced;

    /// <summary>Makes an informer that knows nothing.</summary>
    /// <param name="newRequestId">Gives a unique id each time.</param>
    public InformerState(Func<string> newRequestId) => _newRequestId = newRequestId;

    private enum Phase
    {
        Listing,
        Synced,
        Behind,
    }

    /// <summary>The highest epoch seen.</summary>
    public long Epoch { get; private set; }

    /// <summary>The revision the view is at.</summary>
    public long Revision { get; private set; }

    /// <summary>Whether nothing is known to be missing.</summary>
    public bool IsSynced => _phase == Phase.Synced;

    /// <summary>How often the view was caught up by asking, for gaps and late bookmarks.</summary>
    public long Gaps { get; private set; }

    /// <summary>How often everything was listed.</summary>
    public long Lists { get; private set; }

    /// <summary>Every Node by name, as JSON.</summary>
    public ImmutableSortedDictionary<string, byte[]> Nodes { get; private set; } = ImmutableSortedDictionary.Create<string, byte[]>(StringComparer.Ordinal);

    /// <summary>A new control system: what was asked through the old one gets no answer.</summary>
    public void Reconnect()
    {
        _outstanding = "";
        _askAt = TimeSpan.Zero;
        if (_phase == Phase.Synced)
            _phase = Phase.Behind;
    }

    /// <summary>What to ask the registry now, or null. Call after every message and several times a second.</summary>
    /// <param name="now">Monotonic time.</param>
    public IWireMessage? Poll(TimeSpan now)
    {
        if (_phase == Phase.Synced && now - _heardAt > LateAfter)
            FallBehind();
        if (_phase == Phase.Synced || now < _askAt)
            return null;
        _outstanding = _newRequestId();
        _askAt = now + AnswerLimit;
        return _phase == Phase.Behind ? new WatchFrom(_outstanding, Epoch, Revision) : new ListNodes(_outstanding, Epoch, _after.Length == 0 ? 0 : _listRevision, _after);
    }

    /// <summary>Takes an event, a bookmark or an answer.</summary>
    /// <param name="message">The message; others are ignored.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>The changes to deliver, in order.</returns>
    public IReadOnlyList<NodeChange> Take(IWireMessage message, TimeSpan now)
    {
        switch (message)
        {
            case NodeEvent e when IsCurrent(e.Epoch, now):
                _announced = Math.Max(_announced, e.Revision);
                return _phase == Phase.Synced ? Follow(e) : [];
            case Bookmark bookmark when IsCurrent(bookmark.Epoch, now):
                _announced = Math.Max(_announced, bookmark.Revision);
                if (_phase == Phase.Synced && bookmark.Revision > Revision)
                    FallBehind();
                return [];
            case NodeList list when IsAnswer(list.RequestId, list.Epoch, now):
                return Page(list);
            case WatchReplay replay when IsAnswer(replay.RequestId, replay.Epoch, now):
                return Replay(replay);
            case WatchExpired expired when IsAnswer(expired.RequestId, expired.Epoch, now):
                ListAgain();
                return [];
            case RegistryRecovering recovering when IsAnswer(recovering.RequestId, recovering.Epoch, now):
                _askAt = now + AskRecoveringAgainAfter;
                return [];
            default:
                return [];
        }
    }

    /// <summary>Whether the speaker is the newest registry known; a newer one starts a new epoch here.</summary>
    private bool IsCurrent(long epoch, TimeSpan now)
    {
        if (epoch < Epoch)
            return false;
        _heardAt = now;
        if (epoch > Epoch)
        {
            Epoch = epoch;
            _announced = 0;
            _askAt = TimeSpan.Zero;
            ListAgain();
        }
        return true;
    }

    private bool IsAnswer(string requestId, long epoch, TimeSpan now)
    {
        if (requestId != _outstanding || _outstanding.Length == 0)
            return false;
        long before = Epoch;
        _outstanding = "";
        _askAt = TimeSpan.Zero;
        // What a new epoch's registry answers to a question of the old one is not an answer to it.
        return IsCurrent(epoch, now) && (epoch == before || before == 0);
    }

    private void ListAgain()
    {
        _phase = Phase.Listing;
        _outstanding = "";
        _after = "";
        _pages.Clear();
    }

    private void FallBehind()
    {
        _phase = Phase.Behind;
        Gaps++;
    }

    private IReadOnlyList<NodeChange> Follow(NodeEvent e)
    {
        if (e.Revision <= Revision)
            return [];
        if (e.PreviousRevision != Revision)
        {
            FallBehind();
            return [];
        }
        return [Apply(e)];
    }

    private NodeChange Apply(NodeEvent e)
    {
        Revision = e.Revision;
        NodeEventType type = e.Type == NodeEventType.Deleted ? NodeEventType.Deleted : Nodes.ContainsKey(e.Name) ? NodeEventType.Modified : NodeEventType.Added;
        Nodes = type == NodeEventType.Deleted ? Nodes.Remove(e.Name) : Nodes.SetItem(e.Name, e.Json);
        return new NodeChange(Epoch, Revision, type, e.Name, e.Json);
    }

    private List<NodeChange> Replay(WatchReplay replay)
    {
        List<NodeChange> changes = [];
        if (_phase != Phase.Behind)
            return changes;
        foreach (NodeEvent e in replay.Events)
        {
            if (e.PreviousRevision == Revision)
                changes.Add(Apply(e));
        }
        if (!replay.More)
            Synced();
        return changes;
    }

    /// <summary>Nothing is asked any more, unless something newer was announced meanwhile.</summary>
    private void Synced() => _phase = _announced > Revision ? Phase.Behind : Phase.Synced;

    private List<NodeChange> Page(NodeList list)
    {
        if (_phase != Phase.Listing || (_after.Length > 0 && list.Revision != _listRevision))
        {
            ListAgain();
            return [];
        }
        _listRevision = list.Revision;
        _pages.AddRange(list.Items);
        _after = list.Continue;
        if (list.Continue.Length > 0)
            return [];
        List<NodeChange> changes = Replace(list.Revision);
        _pages.Clear();
        Lists++;
        Synced();
        return changes;
    }

    /// <summary>Makes the view what was listed and says what differs: removals first, so that a subnet that moved is free.</summary>
    private List<NodeChange> Replace(long revision)
    {
        Dictionary<string, byte[]> listed = new(StringComparer.Ordinal);
        foreach (byte[] json in _pages)
        {
            if (NodeDocument.TryRead(json, out _) is { } node)
                listed[node.Name] = json;
        }
        Revision = revision;
        List<NodeChange> changes = [];
        foreach ((string name, byte[] json) in Nodes)
        {
            if (!listed.ContainsKey(name))
                changes.Add(new NodeChange(Epoch, revision, NodeEventType.Deleted, name, json));
        }
        foreach ((string name, byte[] json) in listed.OrderBy(node => node.Key, StringComparer.Ordinal))
        {
            if (!Nodes.TryGetValue(name, out byte[]? known))
                changes.Add(new NodeChange(Epoch, revision, NodeEventType.Added, name, json));
            else if (!known.AsSpan().SequenceEqual(json))
                changes.Add(new NodeChange(Epoch, revision, NodeEventType.Modified, name, json));
        }
        Nodes = Nodes.Clear().AddRange(listed);
        return changes;
    }
}
