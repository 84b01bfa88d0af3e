namespace ActorNet.Cluster.Formation;

/// <summary>
/// A host's word to let one host and nobody else form the cluster. Whoever forms needs the word of a majority, and any two majorities share a host. It ends by
/// itself: by then the host has joined whom it was given to, or that one could not be reached. A process has one, whatever becomes of its control systems. The
/// process before it may have given one and been killed: so none is given to form with until that one has ended, too, and nothing has to be on disk.
/// </summary>
internal sealed class FormationPromise(TimeProvider time)
{
    /// <summary>How long it lasts. Whoever holds it forms within half of that, or not at all.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromSeconds(8);

    private readonly Lock _gate = new();
    private readonly long _begun = time.GetTimestamp();
    private ControlEndpoint? _to;
    private long _given;

    /// <summary>Who has it now, or null.</summary>
    public ControlEndpoint? Holder
    {
        get
        {
            lock (_gate)
                return IsHeld ? _to : null;
        }
    }

    /// <summary>
    /// Gives it to one that wants to form with it, as <see cref="TryGive"/>. False, too, while the process before this one may have given it to another: then it
    /// counts for nothing, and yet nobody else gets it.
    /// </summary>
    public bool TryGiveToForm(ControlEndpoint to) => TryGive(to) && time.GetElapsedTime(_begun) >= Lasts;

    /// <summary>Whether another one than this has it.</summary>
    public bool IsOfAnother(ControlEndpoint than) => Holder is { } holder && holder != than;

    /// <summary>Gives it to one that is a member already, or again to whom has it; false: another one has it.</summary>
    public bool TryGive(ControlEndpoint to)
    {
        lock (_gate)
        {
            if (IsHeld && _to != to)
                return false;
            (_to, _given) = (to, time.GetTimestamp());
            return true;
        }
    }

    /// <summary>This host's word to itself is of no use any more: it did not form.</summary>
    public void TakeBack(ControlEndpoint self)
    {
        lock (_gate)
        {
            if (_to == self)
                _to = null;
        }
    }

    private bool IsHeld => _to is not null && time.GetElapsedTime(_given) < Lasts;
}
