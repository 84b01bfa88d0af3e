using System.Collections.Immutable;
using ActorNet.Kubernetes.Api;

namespace ActorNet.Cluster.Informers;

/// <summary>
/// A kind as this host's informer has it, for who needs a few of its objects: none is read before somebody asks for it. May lag behind the API, never
/// mixes revisions. One writer; it is read from any thread.
/// </summary>
public sealed class StoredView : ICacheFeed
{
    private volatile State? _state;

    /// <summary>Told behind a change, with the object's key ("namespace/name", or "name"), or null when any may have changed; the call is the writer's: it must be short and must not throw.</summary>
    public event Action<string?>? Changed;

    /// <summary>True once it was filled.</summary>
    public bool HasSynced => _state is not null;

    /// <summary>The revision that it is at; 0: it was not filled yet.</summary>
    public long Revision => _state?.Revision ?? 0;

    /// <summary>One object, or null. The same instance until it changes.</summary>
    /// <param name="key">"namespace/name", or "name".</param>
    public ApiObject? Find(string key) => _state?.Objects.GetValueOrDefault(key);

    void ICacheFeed.Replace(InformerState informer)
    {
        _state = new State(informer.Objects, informer.Revision);
        Changed?.Invoke(null);
    }

    void ICacheFeed.Apply(InformerState informer, IReadOnlyList<ObjectChange> changes)
    {
        // What is known before the first list is not all that there is.
        if (_state is null)
            return;
        _state = new State(informer.Objects, informer.Revision);
        foreach (ObjectChange each in changes)
            Changed?.Invoke(each.Key);
    }

    private sealed record State(ImmutableSortedDictionary<string, ApiObject> Objects, long Revision);
}
