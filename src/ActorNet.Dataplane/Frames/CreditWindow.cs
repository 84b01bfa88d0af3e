namespace ActorNet.Dataplane.Frames;

/// <summary>
/// How many vectors may be under way on a link between two actors. The sender takes a place before it sends and drops, counted, when there is
/// none, as a NIC's full ring does; the receiver gives the place back. Nothing blocks and no mailbox grows without bound.
/// </summary>
/// <param name="size">Vectors under way at most.</param>
public sealed class CreditWindow(int size)
{
    private int _free = size;
    private Action? _whenHalfFree;

    /// <summary>The window's size in vectors.</summary>
    public int Size { get; } = size;

    /// <summary>Places free now.</summary>
    public int Free => Volatile.Read(ref _free);

    /// <summary>Takes a place if there is one.</summary>
    public bool TryTake()
    {
        if (Interlocked.Decrement(ref _free) >= 0)
            return true;
        Interlocked.Increment(ref _free);
        return false;
    }

    /// <summary>Gives a place back.</summary>
    public void Return()
    {
        int free = Interlocked.Increment(ref _free);
        if (free >= Size / 2 && Volatile.Read(ref _whenHalfFree) is not null)
            Interlocked.Exchange(ref _whenHalfFree, null)?.Invoke();
    }

    /// <summary>Calls back once, on whichever thread returns the place that makes half the window free; at once when it is. A sender that waits for room does so with this.</summary>
    /// <param name="callback">What to do: tell an actor.</param>
    public void NotifyWhenHalfFree(Action callback)
    {
        Volatile.Write(ref _whenHalfFree, callback);
        if (Free >= Size / 2)
            Interlocked.Exchange(ref _whenHalfFree, null)?.Invoke();
    }
}
