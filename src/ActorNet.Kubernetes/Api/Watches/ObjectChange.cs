using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>A change of one object: read once, and what is made of it is made once, however many watches tell it.</summary>
internal sealed class ObjectChange
{
    private readonly ApiObject? _before, _after;
    private readonly SharedBytes _bytesBefore = new(), _bytesAfter = new();

    /// <summary>Takes a change of the store.</summary>
    public ObjectChange(KindDescriptor kind, StoreEvent change)
    {
        Key = change.Object.Key;
        Revision = change.Revision;
        // A deletion tells the object's last state with the revision that deleted it.
        _before = change.Previous is null ? null : ApiObject.OfKept(kind, change.Previous.Value, change.Revision);
        _after = change.IsDeletion ? null : ApiObject.OfKept(kind, change.Object.Value, change.Revision);
        Size = (change.Previous?.Value.Length ?? 0) + change.Object.Value.Length;
    }

    /// <summary>The key in the store.</summary>
    public string Key { get; }

    /// <summary>The revision of the change.</summary>
    public long Revision { get; }

    /// <summary>Bytes of the object before and after.</summary>
    public int Size { get; }

    /// <summary>What a watch tells of it; null: nothing, it never saw the object and does not now.</summary>
    /// <param name="filter">What the watch wants. An object that begins to match is new to it, and one that no longer does is gone from it.</param>
    public WatchEvent? As(ObjectFilter filter)
    {
        bool wasSeen = _before is not null && IsWanted(filter, _before), isSeen = _after is not null && IsWanted(filter, _after);
        return (wasSeen, isSeen) switch
        {
            (false, true) => new WatchEvent(WatchEventType.Added, _after, Revision) { Bytes = _bytesAfter },
            (true, true) => new WatchEvent(WatchEventType.Modified, _after, Revision) { Bytes = _bytesAfter },
            (true, false) => new WatchEvent(WatchEventType.Deleted, _before, Revision) { Bytes = _bytesBefore },
            _ => null,
        };
    }

    private static bool IsWanted(ObjectFilter filter, ApiObject candidate) => filter.IsEverything || filter.Matches(candidate);
}
