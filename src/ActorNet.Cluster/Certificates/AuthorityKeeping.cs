namespace ActorNet.Cluster.Certificates;

/// <summary>Brings the authority's key to a host that shall have it, as soon as it may be had: whoever forms a cluster may be gone tomorrow.</summary>
/// <param name="isWanted">Whether this host shall have the key and has not.</param>
/// <param name="keep">Tries to get it; says whether it is there.</param>
/// <param name="time">The clock.</param>
/// <param name="tell">Takes a sentence for whoever runs the host.</param>
public sealed class AuthorityKeeping(Func<bool> isWanted, Func<CancellationToken, Task<bool>> keep, TimeProvider time, Action<string> tell)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2), Longest = TimeSpan.FromMinutes(1);

    /// <summary>Looks until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        TimeSpan pause = Look;
        try
        {
            while (true)
            {
                await Task.Delay(pause, time, ct).ConfigureAwait(false);
                // Nobody may have it to give: then it is asked for less and less often.
                pause = !isWanted() || await TryAsync(ct).ConfigureAwait(false) ? Look : TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, Longest.Ticks));
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task<bool> TryAsync(CancellationToken ct)
    {
        try
        {
            if (!await keep(ct).ConfigureAwait(false))
                return false;
            tell("this host keeps the cluster's objects, so it has the authority's key now, too (pki/ca.key)");
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
        {
            tell($"the authority's key could not be kept, and is asked for again: {e.Message}");
            return false;
        }
    }
}
