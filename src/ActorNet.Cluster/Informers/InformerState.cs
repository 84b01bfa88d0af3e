using System.Collections.Immutable;
using ActorNet.Cluster.Serialization;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Kinds;

namespace ActorNet.Cluster.Informers;

/// <summary>
/// A host's view of all objects of one kind, kept right although events get lost: list, then apply events whose previous revision
/// is not beyond ours; a gap, a late bookmark or a new epoch makes it ask. A plain object that outlives control systems: what it has
/// delivered stays true until it is told otherwise. Times are monotonic, from any one origin. Single-threaded.
/// </summary>
public sealed class InformerState
{
    /// <summary>How long after the last sign of the API server this host asks by itself: three bookmarks.</summary>
    public static readonly TimeSpan LateAfter = TimeSpan.FromSeconds(3);

    /// <summary>How long an answer may take before the question is put again.</summary>
    public static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan AskRecoveringAgainAfter = TimeSpan.FromMilliseconds(200);

    private readonly KindDescriptor _kind;
    private readonly Func<string> _newRequestId;
    private readonly Dictionary<string, ApiObject> _listed = new(StringComparer.Ordinal);
    private readonly Queue<ObjectEvent> _staged = new();
    private readonly Queue<ObjectItem> _missing = new();
    private Phase _phase = Phase.Listing;
    private string _outstanding = "";
    private TimeSpan _askAt = TimeSpan.Zero;
    private TimeSpan _heardAt = TimeSpan.Zero;
    private long _listRevision;
    private string _after = "";
    private bool _listedAll;
    private long _announced;
    private byte[] _fetched = [];
    private int _fetchedLength;
    private long _listsForgotten;

    /// <summary>Makes an informer that knows nothing.</summary>
    /// <param name="kind">The kind it follows.</param>
    /// <param name="newRequestId">Gives a unique id each time.</param>
    public InformerState(KindDescriptor kind, Func<string> newRequestId)
    {
        ArgumentNullException.ThrowIfNull(kind);
        (_kind, _newRequestId, Topic) = (kind, newRequestId, kind.Resource.ToString());
    }

    private enum Phase
    {
        Listing,
        Synced,
        Behind,
    }

    /// <summary>The kind's topic, as "pods" or "deployments.apps".</summary>
    public string Topic { get; }

    /// <summary>The highest epoch seen.</summary>
    public long Epoch { get; private set; }

    /// <summary>The revision the view is at.</summary>
    public long Revision { get; private set; }

    /// <summary>The newest revision of the topic that this host has heard of.</summary>
    public long Announced => Math.Max(_announced, Revision);

    /// <summary>The highest revision of any epoch that this host has heard of.</summary>
    public long Heard { get; private set; }

    /// <summary>Whether nothing is known to be missing.</summary>
    public bool IsSynced => _phase == Phase.Synced;

    /// <summary>Whether everything was listed once, so that the view is a state the API server had.</summary>
    public bool HasListed => Lists > _listsForgotten;

    /// <summary>How often the view was caught up by asking, for gaps and late bookmarks.</summary>
    public long Gaps { get; private set; }

    /// <summary>How often everything was listed.</summary>
    public long Lists { get; private set; }

    /// <summary>How many objects were left out because their bytes are no object of the kind.</summary>
    public long Refused { get; private set; }

    /// <summary>Every object by key.</summary>
    public ImmutableSortedDictionary<string, ApiObject> Objects { get; private set; } = ImmutableSortedDictionary.Create<string, ApiObject>(StringComparer.Ordinal);

    /// <summary>A new control system: what was asked through the old one gets no answer.</summary>
    public void Reconnect()
    {
        _outstanding = "";
        _askAt = TimeSpan.Zero;
        if (_phase == Phase.Synced)
            _phase = Phase.Behind;
    }

    /// <summary>
    /// What this host knows is no state of the cluster that it comes into next: nobody is offered it, and any epoch is a new one. What was delivered stays until that cluster's
    /// objects have been listed, and the list says what differs.
    /// </summary>
    public void Forget()
    {
        (Epoch, _announced, _listsForgotten) = (0, 0, Lists);
        ListAgain();
    }

    /// <summary>Takes note of an epoch that was heard of elsewhere.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="now">Monotonic time.</param>
    public void NoteEpoch(long epoch, TimeSpan now)
    {
        if (epoch > Epoch)
            IsCurrent(epoch, now);
    }

    /// <summary>What to ask the API server now, or null. Call after every message and several times a second.</summary>
    /// <param name="now">Monotonic time.</param>
    public IWireMessage? Poll(TimeSpan now)
    {
        if (_phase == Phase.Synced && now - _heardAt > LateAfter)
            FallBehind();
        if (_phase == Phase.Synced || now < _askAt)
            return null;
        _outstanding = _newRequestId();
        _askAt = now + AnswerLimit;
        if (_phase == Phase.Behind)
        {
            return _staged.TryPeek(out ObjectEvent? large)
                ? new FetchObject(_outstanding, Topic, Epoch, large.Key, large.Revision, _fetchedLength)
                : new WatchFrom(_outstanding, Topic, Epoch, Revision);
        }
        return _missing.TryPeek(out ObjectItem? item)
            ? new FetchObject(_outstanding, Topic, Epoch, item.Key, _listRevision, _fetchedLength)
            : new ListObjects(_outstanding, Topic, Epoch, _after.Length == 0 ? 0 : _listRevision, _after);
    }

    /// <summary>Takes an event, a bookmark or an answer.</summary>
    /// <param name="message">The message; others, and those of other topics, are ignored.</param>
    /// <param name="now">Monotonic time.</param>
    /// <returns>The changes to deliver, in order.</returns>
    public IReadOnlyList<ObjectChange> Take(IWireMessage message, TimeSpan now)
    {
        switch (message)
        {
            case ObjectEvent e when e.Topic == Topic && IsCurrent(e.Epoch, now):
                Announce(e.Revision);
                return _phase == Phase.Synced ? Follow(e) : [];
            case Bookmark bookmark when IsCurrent(bookmark.Epoch, now):
                Follow(bookmark);
                return [];
            case ObjectPage page when IsAnswer(page.RequestId, page.Epoch, now):
                return Page(page);
            case WatchReplay replay when IsAnswer(replay.RequestId, replay.Epoch, now):
                return Replay(replay);
            case ObjectPiece piece when IsAnswer(piece.RequestId, piece.Epoch, now):
                return Piece(piece);
            case WatchExpired expired when IsAnswer(expired.RequestId, expired.Epoch, now):
                ListAgain();
                return [];
            case ApiRecovering recovering when IsAnswer(recovering.RequestId, recovering.Epoch, now):
                _askAt = now + AskRecoveringAgainAfter;
                return [];
            default:
                return [];
        }
    }

    /// <summary>Whether the speaker is the newest API server known; a newer one starts a new epoch here.</summary>
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
        // What a new epoch's API server answers to a question of the old one is not an answer to it.
        return IsCurrent(epoch, now) && (epoch == before || before == 0);
    }

    private void ListAgain()
    {
        _phase = Phase.Listing;
        _outstanding = "";
        _after = "";
        _listedAll = false;
        _listed.Clear();
        _missing.Clear();
        _staged.Clear();
        ForgetPiece();
    }

    private void FallBehind()
    {
        _phase = Phase.Behind;
        Gaps++;
    }

    private IReadOnlyList<ObjectChange> Follow(ObjectEvent e)
    {
        if (e.Revision <= Revision)
            return [];
        if (e.PreviousRevision > Revision)
        {
            FallBehind();
            return [];
        }
        if (IsComplete(e))
            return Apply(e);
        // What comes meanwhile is caught up by asking.
        _phase = Phase.Behind;
        _staged.Enqueue(e);
        return [];
    }

    private void Follow(Bookmark bookmark)
    {
        Heard = Math.Max(Heard, bookmark.Revision);
        int at = Array.IndexOf(bookmark.Topics, Topic);
        if (at < 0)
            return;
        Announce(bookmark.Heads[at]);
        if (_phase != Phase.Synced)
            return;
        if (bookmark.Heads[at] > Revision)
            FallBehind();
        else
            // A quiet topic stays above compaction.
            Revision = Math.Max(Revision, bookmark.Revision);
    }

    private void Announce(long revision)
    {
        _announced = Math.Max(_announced, revision);
        Heard = Math.Max(Heard, revision);
    }

    private static bool IsComplete(ObjectEvent e) => e.Type == ObjectChangeType.Deleted || e.Json.Length > 0;

    private IReadOnlyList<ObjectChange> Apply(ObjectEvent e)
    {
        Revision = e.Revision;
        if (e.Type == ObjectChangeType.Deleted)
        {
            if (!Objects.TryGetValue(e.Key, out ApiObject? gone))
                return [];
            Objects = Objects.Remove(e.Key);
            return [new ObjectChange(Epoch, Revision, ObjectChangeType.Deleted, e.Key, gone)];
        }
        if (Read(e.Revision, e.Json) is not { } read)
            return [];
        ObjectChangeType type = Objects.ContainsKey(e.Key) ? ObjectChangeType.Modified : ObjectChangeType.Added;
        Objects = Objects.SetItem(e.Key, read);
        return [new ObjectChange(Epoch, Revision, type, e.Key, read)];
    }

    private List<ObjectChange> Replay(WatchReplay replay)
    {
        if (_phase != Phase.Behind || _staged.Count > 0)
            return [];
        foreach (ObjectEvent e in replay.Events)
            _staged.Enqueue(e);
        List<ObjectChange> changes = Drain();
        // Where a large object is waited for, what follows is asked for again from there.
        if (_staged.Count == 0 && !replay.More)
        {
            Revision = Math.Max(Revision, replay.Revision);
            Synced();
        }
        return changes;
    }

    private List<ObjectChange> Drain()
    {
        List<ObjectChange> changes = [];
        while (_staged.TryPeek(out ObjectEvent? e) && (e.Revision <= Revision || e.PreviousRevision > Revision || IsComplete(e)))
        {
            _staged.Dequeue();
            if (e.Revision > Revision && e.PreviousRevision <= Revision)
                changes.AddRange(Apply(e));
        }
        return changes;
    }

    /// <summary>Nothing is asked any more, unless something newer was announced meanwhile.</summary>
    private void Synced() => _phase = _announced > Revision ? Phase.Behind : Phase.Synced;

    private List<ObjectChange> Piece(ObjectPiece piece)
    {
        if (piece.Offset != _fetchedLength || (_fetchedLength > 0 && piece.Total != _fetched.Length))
        {
            ForgetPiece();
            return [];
        }
        if (_fetchedLength == 0)
            _fetched = new byte[piece.Total];
        piece.Bytes.CopyTo(_fetched, piece.Offset);
        _fetchedLength += piece.Bytes.Length;
        if (_fetchedLength < _fetched.Length)
            return [];
        byte[] whole = _fetched;
        ForgetPiece();
        if (_phase == Phase.Listing && _missing.TryDequeue(out ObjectItem? item))
        {
            Keep(item with { Json = whole });
            return FinishList();
        }
        if (_phase != Phase.Behind || !_staged.TryDequeue(out ObjectEvent? e))
            return [];
        return [.. Apply(e with { Json = whole }), .. Drain()];
    }

    private void ForgetPiece() => (_fetched, _fetchedLength) = ([], 0);

    private List<ObjectChange> Page(ObjectPage page)
    {
        if (_phase != Phase.Listing || (_after.Length > 0 && page.Revision != _listRevision))
        {
            ListAgain();
            return [];
        }
        _listRevision = page.Revision;
        foreach (ObjectItem item in page.Items)
        {
            if (item.Json.Length > 0)
                Keep(item);
            else
                _missing.Enqueue(item);
        }
        _after = page.Continue;
        _listedAll = _after.Length == 0;
        return FinishList();
    }

    private void Keep(ObjectItem item)
    {
        if (Read(item.Revision, item.Json) is { } read)
            _listed[item.Key] = read;
    }

    private List<ObjectChange> FinishList()
    {
        if (!_listedAll || _missing.Count > 0)
            return [];
        List<ObjectChange> changes = Replace(_listRevision);
        _listed.Clear();
        _listedAll = false;
        Lists++;
        Synced();
        return changes;
    }

    /// <summary>Makes the view what was listed and says what differs: removals first, so that what they held is free.</summary>
    private List<ObjectChange> Replace(long revision)
    {
        Revision = revision;
        Heard = Math.Max(Heard, revision);
        List<ObjectChange> changes = [];
        foreach ((string key, ApiObject gone) in Objects)
        {
            if (!_listed.ContainsKey(key))
                changes.Add(new ObjectChange(Epoch, revision, ObjectChangeType.Deleted, key, gone));
        }
        foreach ((string key, ApiObject each) in _listed.OrderBy(listed => listed.Key, StringComparer.Ordinal))
        {
            if (!Objects.TryGetValue(key, out ApiObject? known))
                changes.Add(new ObjectChange(Epoch, revision, ObjectChangeType.Added, key, each));
            else if (known.Revision != each.Revision || !known.Stored.Span.SequenceEqual(each.Stored.Span))
                changes.Add(new ObjectChange(Epoch, revision, ObjectChangeType.Modified, key, each));
        }
        Objects = Objects.Clear().AddRange(_listed);
        return changes;
    }

    private ApiObject? Read(long revision, byte[] json)
    {
        ApiObject? read = StoredObjects.Read(_kind, revision, json);
        if (read is null)
            Refused++;
        return read;
    }
}
