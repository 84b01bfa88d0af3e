using System.Collections.Immutable;
using k8s.Models;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>What a kube-proxy is told of the API: objects by namespace/name, null for one that is gone. Nobody changes an object in it once it is sent.</summary>
public sealed record ServiceChanges
{
    /// <summary>Whether it is the whole: what is not in it does not exist. The first one is, and one after the caches were lost.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Services.</summary>
    public ImmutableArray<KeyValuePair<string, V1Service?>> Services { get; init; } = [];

    /// <summary>EndpointSlices.</summary>
    public ImmutableArray<KeyValuePair<string, V1EndpointSlice?>> Slices { get; init; } = [];

    /// <summary>This node's Node; null when it did not change.</summary>
    public V1Node? Node { get; init; }
}
