using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Volumes;

/// <summary>What came of a kubelet's request for a token of a pod's service account (kubernetes pkg/kubelet/token).</summary>
/// <param name="Audience">Whom it is for; empty: the API.</param>
/// <param name="ExpirationSeconds">How long it was asked to count.</param>
/// <param name="Value">The token; null: there is none.</param>
/// <param name="Refusal">Why there is none.</param>
public sealed record PodToken(string Audience, long ExpirationSeconds, string? Value, string? Refusal)
{
    private const long DefaultSeconds = 3600;

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
