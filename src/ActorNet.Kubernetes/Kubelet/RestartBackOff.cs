namespace ActorNet.Kubernetes.Kubelet;

/// <summary>
/// How long a container that ended waits before it starts again: the first restart at once, the next after 10 s, and twice as long each time up to
/// five minutes; what ran for ten minutes begins anew (kubernetes client-go util/flowcontrol/backoff.go as doBackOff of
/// pkg/kubelet/kuberuntime/kuberuntime_manager.go uses it).
/// </summary>
/// <param name="initial">The first wait.</param>
/// <param name="longest">The longest.</param>
public sealed class RestartBackOff(TimeSpan initial, TimeSpan longest)
{
    private DateTimeOffset? _lastUpdate;

    /// <summary>The wait now; zero before the first restart.</summary>
    public TimeSpan Current { get; private set; }

    /// <summary>When a container that ended may start again; the past when at once.</summary>
    /// <param name="finishedAt">When it ended.</param>
    public DateTimeOffset DueAfter(DateTimeOffset finishedAt) =>
        _lastUpdate is not { } last || IsForgotten(finishedAt, last) ? DateTimeOffset.MinValue : finishedAt + Current;

    /// <summary>It starts again.</summary>
    /// <param name="finishedAt">When it ended.</param>
    /// <param name="now">Now.</param>
    public void Next(DateTimeOffset finishedAt, DateTimeOffset now)
    {
        bool anew = _lastUpdate is not { } last || IsForgotten(finishedAt, last);
        TimeSpan wait = anew ? initial : Current * 2;
        Current = wait < longest ? wait : longest;
        _lastUpdate = now;
    }

    private bool IsForgotten(DateTimeOffset finishedAt, DateTimeOffset last) => finishedAt - last > longest * 2;
}
