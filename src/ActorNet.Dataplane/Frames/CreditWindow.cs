namespace ActorNet.Dataplane.Frames;

/// <summary>
/// How much may be under way on a link between two actors, in frames (a train is one, as a GSO packet is in a queue of Linux) or in whatever
/// its user counts. The sender takes places before it sends and drops, counted, when there is none, as a full transmit queue does; the
/// receiver gives them back. Nothing blocks and no mailbox grows without bound.
/// </summary>
/// <param name="size">Places. What is admitted while one is free may take more of them than there are: less than a vector's frames too many.</param>
public sealed class CreditWindow(int size)
{
    private int _free = size;
    private Action? _whenHalfFree;

    /// <summary>The window's size in places.</summary>
    public int Size { get; } = size;

    /// <summary>Places free now; below 0 when the last that was admitted took more.</summary>
    public int Free => Volatile.Read(ref _free);

    /// <summary>Takes places if there is one.</summary>
    /// <param name="places">How many.</param>
    public bool TryTake(int places)
    {
        if (Interlocked.Add(ref _free, -places) + places > 0)
            return true;
        Interlocked.Add(ref _free, places);
        return false;
    }

    /// <summary>Gives places back.</summary>
    /// <param name="places">As many as were taken.</param>
    public void Return(int places)
    {
        int free = Interlocked.Add(ref _free, places);
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

/// <summary>Places that a vector takes in a link's window while it is under way.</summary>
/// <param name="Window">The window, or null when it takes none.</param>
/// <param name="Places">How many.</param>
public readonly record struct LinkCredit(CreditWindow? Window, int Places)
{
    /// <summary>Gives them back.</summary>
    public void Return() => Window?.Return(Places);
}
