namespace ActorNet.Kubernetes.Caches;

/// <summary>Waits on a clock that came from outside.</summary>
internal static class Pause
{
    /// <summary>Waits until a time has passed or the wait is cancelled; never throws for either.</summary>
    public static async Task ForAsync(TimeSpan wait, TimeProvider time, CancellationToken cancel)
    {
        try
        {
            await new TaskCompletionSource().Task.WaitAsync(wait, time, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Either was what is waited for.
        }
    }
}
