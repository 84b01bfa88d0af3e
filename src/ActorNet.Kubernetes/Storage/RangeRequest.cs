namespace ActorNet.Kubernetes.Storage;

/// <summary>Asks for the keys of a range, as etcd's RangeRequest; answers come in the order of the keys.</summary>
/// <param name="Keys">The range.</param>
/// <param name="Revision">The revision to read at; 0: the newest.</param>
/// <param name="Limit">At most so many objects; 0: all.</param>
public sealed record RangeRequest(KeyRange Keys, long Revision = 0, int Limit = 0);

/// <summary>What a range held.</summary>
/// <param name="Revision">The store's newest revision when it answered, whatever revision was read.</param>
/// <param name="Objects">The objects in the order of their keys.</param>
/// <param name="Count">How many the range holds at that revision, the limit aside.</param>
public sealed record RangeResult(long Revision, IReadOnlyList<StoredObject> Objects, long Count)
{
    /// <summary>True when the limit cut the answer.</summary>
    public bool More => Count > Objects.Count;
}
