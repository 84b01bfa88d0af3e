namespace ActorNet.Kubernetes.Storage;

/// <summary>One change of one key, as etcd's mvccpb.Event.</summary>
/// <param name="IsDeletion">True when the key was deleted.</param>
/// <param name="Object">What was written. Of a deletion: the key and the revision that deleted it, without a value, Version 0.</param>
/// <param name="Previous">The object before, or null when the key was new.</param>
public sealed record StoreEvent(bool IsDeletion, StoredObject Object, StoredObject? Previous)
{
    /// <summary>The revision of the change.</summary>
    public long Revision => Object.ModRevision;
}

/// <summary>Changes of a watched range, whole revisions in their order.</summary>
/// <param name="Revision">Every change up to this revision is in here or was in an earlier answer of the same watch.</param>
/// <param name="Events">The changes, oldest first.</param>
public sealed record StoreChanges(long Revision, IReadOnlyList<StoreEvent> Events);
