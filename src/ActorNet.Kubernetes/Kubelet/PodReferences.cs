using System.Collections.Immutable;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet;

/// <summary>
/// The objects that a pod's spec names, all in the pod's namespace: what its kubelet has to follow (kubernetes pkg/api/v1/pod/util.go,
/// VisitPodConfigmapNames and VisitPodSecretNames, without image pull secrets).
/// </summary>
/// <param name="ConfigMaps">Names of ConfigMaps.</param>
/// <param name="Secrets">Names of Secrets.</param>
public sealed record PodReferences(ImmutableSortedSet<string> ConfigMaps, ImmutableSortedSet<string> Secrets)
{
    /// <summary>Finds the references of a pod.</summary>
    /// <param name="pod">The pod.</param>
    public static PodReferences Of(V1Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        V1Container[] containers = [.. pod.Spec.Containers, .. pod.Spec.InitContainers ?? []];
        V1EnvVarSource[] sources = [.. containers.SelectMany(static c => c.Env ?? []).Where(static e => e.ValueFrom is not null).Select(static e => e.ValueFrom)];
        V1EnvFromSource[] environments = [.. containers.SelectMany(static c => c.EnvFrom ?? [])];
        IList<V1Volume> volumes = pod.Spec.Volumes ?? [];
        V1VolumeProjection[] projections = [.. volumes.SelectMany(static v => v.Projected?.Sources ?? [])];
        return new PodReferences(
            Names(
                sources.Select(static s => s.ConfigMapKeyRef?.Name), environments.Select(static e => e.ConfigMapRef?.Name),
                volumes.Select(static v => v.ConfigMap?.Name), projections.Select(static p => p.ConfigMap?.Name)),
            Names(
                sources.Select(static s => s.SecretKeyRef?.Name), environments.Select(static e => e.SecretRef?.Name),
                volumes.Select(static v => v.Secret?.SecretName), projections.Select(static p => p.Secret?.Name)));
    }

    private static ImmutableSortedSet<string> Names(params IEnumerable<string?>[] names) =>
        [.. names.SelectMany(static n => n).Where(static n => !string.IsNullOrEmpty(n)).Select(static n => n!).Distinct().Order(StringComparer.Ordinal)];
}
