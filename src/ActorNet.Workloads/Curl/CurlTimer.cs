namespace ActorNet.Workloads.Curl;

/// <summary>The end of a time that an option limits.</summary>
internal static class CurlTimer
{
    // The runtime's timers count ticks of the coarse clock and go off up to a tick early; curl never ends before its limit, and says so in ms.
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    /// <summary>A source that is cancelled when the limit is reached, never before.</summary>
    /// <param name="limit">The limit, or null for none.</param>
    /// <param name="time">The clock.</param>
    public static CancellationTokenSource Start(TimeSpan? limit, TimeProvider time) =>
        new(limit is { } length ? length + Tick : Timeout.InfiniteTimeSpan, time);
}
