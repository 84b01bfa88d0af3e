using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Volumes;

/// <summary>What came of a kubelet's request for a token of a pod's service account (kubernetes pkg/kubelet/token).</summary>
/// <param name="Audience">Whom it is for; empty: the API.</param>
/// <param name="ExpirationSeconds">How long it was asked to count.</param>
/// <param name="Value">The token; null: there is none.</param>
/// <param name="Refusal">Why there is none.</param>
public sealed record PodToken(string Audience, long ExpirationSeconds, string? Value, string? Refusal)
{
    /// <summary>The longest that a chance part of the time takes off before a token is asked for anew.</summary>
    public static readonly TimeSpan MaxJitter = TimeSpan.FromSeconds(10);

    // kubernetes pkg/kubelet/token/token_manager.go, maxTTL.
    private static readonly TimeSpan MaxAge = TimeSpan.FromHours(24);

    private const long DefaultSeconds = 3600, LeftPercent = 20;

    /// <summary>When it ends, as the API told: of a token that lives longer than was asked for, when it was asked to end.</summary>
    public DateTimeOffset Expires { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>
    /// Whether a new one is to be asked for: four fifths of its time are over, or it is a day old (kubernetes pkg/kubelet/token/token_manager.go, requiresRefresh).
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="jitter">So much earlier, at most <see cref="MaxJitter"/>: tokens made together are not asked for together.</param>
    public bool NeedsRefresh(DateTimeOffset now, TimeSpan jitter)
    {
        if (Value is null)
            return true;
        if (Expires == DateTimeOffset.MaxValue)
            return false;
        DateTimeOffset issued = Expires - TimeSpan.FromSeconds(ExpirationSeconds);
        return now > issued + MaxAge - jitter || now > Expires - TimeSpan.FromSeconds(ExpirationSeconds * LeftPercent / 100) - jitter;
    }

    /// <summary>Whether it is what a volume asks for.</summary>
    /// <param name="source">The volume's source.</param>
    public bool IsFor(V1ServiceAccountTokenProjection source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Audience == (source.Audience ?? "") && ExpirationSeconds == SecondsOf(source);
    }

    /// <summary>How long a token is asked to count.</summary>
    /// <param name="source">What asks.</param>
    public static long SecondsOf(V1ServiceAccountTokenProjection source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return source.ExpirationSeconds ?? DefaultSeconds;
    }

    /// <summary>The tokens that a pod's volumes ask for.</summary>
    /// <param name="pod">The pod.</param>
    public static IEnumerable<V1ServiceAccountTokenProjection> AskedBy(V1Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        return (pod.Spec?.Volumes ?? []).SelectMany(static volume => volume.Projected?.Sources ?? []).Select(static source => source.ServiceAccountToken).OfType<V1ServiceAccountTokenProjection>();
    }
}
