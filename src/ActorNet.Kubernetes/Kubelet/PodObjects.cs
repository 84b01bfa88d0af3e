using System.Collections.Immutable;
using ActorNet.Kubernetes.Kubelet.Volumes;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet;

/// <summary>The objects around a pod that its containers are made from.</summary>
public sealed record PodObjects
{
    /// <summary>No object at all, as for static pods.</summary>
    public static PodObjects None { get; } = new();

    /// <summary>ConfigMaps of the pod's namespace, by name.</summary>
    public ImmutableDictionary<string, V1ConfigMap> ConfigMaps { get; init; } = ImmutableDictionary<string, V1ConfigMap>.Empty;

    /// <summary>Secrets of the pod's namespace, by name.</summary>
    public ImmutableDictionary<string, V1Secret> Secrets { get; init; } = ImmutableDictionary<string, V1Secret>.Empty;

    /// <summary>Services of the pod's namespace and of the namespace default.</summary>
    public ImmutableArray<V1Service> Services { get; init; } = [];

    /// <summary>The tokens of the pod's service account.</summary>
    public ImmutableArray<PodToken> Tokens { get; init; } = [];

    /// <summary>Takes from an assignment what concerns the pods of a namespace.</summary>
    /// <param name="assigned">The assignment.</param>
    /// <param name="ns">Namespace.</param>
    public static PodObjects Of(PodsAssigned assigned, string ns)
    {
        ArgumentNullException.ThrowIfNull(assigned);
        return new PodObjects
        {
            ConfigMaps = assigned.ConfigMaps.Where(m => m.Metadata.NamespaceProperty == ns).ToImmutableDictionary(static m => m.Metadata.Name),
            Secrets = assigned.Secrets.Where(s => s.Metadata.NamespaceProperty == ns).ToImmutableDictionary(static s => s.Metadata.Name),
            Services = [.. assigned.Services.Where(s => s.Metadata.NamespaceProperty == ns || s.Metadata.NamespaceProperty == "default")],
        };
    }
}

/// <summary>Where a pod is: what the downward API tells.</summary>
/// <param name="NodeName">Its node.</param>
/// <param name="HostIp">The node's address.</param>
/// <param name="PodIp">Its own address, or null before it has one.</param>
/// <param name="Settings">The kubelet's settings, whose capacity stands for limits that are not set.</param>
public sealed record PodPlace(string NodeName, string HostIp, string? PodIp, KubeletSettings Settings);
