using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>A reader of <see cref="KindChanges"/>.</summary>
/// <param name="Keys">The keys that it wants.</param>
/// <param name="Signal">Wakes it.</param>
internal sealed record KindReader(KeyRange Keys, WatchSignal Signal)
{
    /// <summary>Every change up to this revision was read. Of a reader that has entered: under the lock of its <see cref="KindChanges"/>.</summary>
    public long Position { get; set; }

    /// <summary>Whether one of the changes is of its keys.</summary>
    public bool Concerns(IReadOnlyList<ObjectChange> changes)
    {
        foreach (ObjectChange each in changes)
        {
            if (Keys.Contains(each.Key))
                return true;
        }

        return false;
    }
}
