using System.Collections.Immutable;
using ActorNet.Kubernetes.Kubelet.Volumes;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet;

/// <summary>
/// The pods that a node is to run, and what they name: the whole of it each time, so that one message lost does no harm. Nobody changes an object in
/// it once it is sent. A pod stays in it from its binding until the API object is gone: one with a deletionTimestamp is ended, one that is no longer
/// in it is ended at once with the grace period it had.
/// </summary>
/// <param name="Revision">The store's revision that it is of, for the reader of a log: messages are taken in the order in which the host's one sender sent them, for the revisions of a store that was lost are no measure.</param>
/// <param name="Pods">The pods of this node, defaulted and valid.</param>
/// <param name="ConfigMaps">The ConfigMaps that they name (<see cref="PodReferences"/>); one that is not in it does not exist.</param>
/// <param name="Secrets">The Secrets that they name; one that is not in it does not exist.</param>
/// <param name="Services">The Services of their namespaces and of the namespace default, for the service environment variables.</param>
public sealed record PodsAssigned(
    long Revision, ImmutableArray<V1Pod> Pods, ImmutableArray<V1ConfigMap> ConfigMaps, ImmutableArray<V1Secret> Secrets, ImmutableArray<V1Service> Services)
{
    /// <summary>The tokens of the pods' service accounts by the pods' uids.</summary>
    public ImmutableDictionary<string, ImmutableArray<PodToken>> Tokens { get; init; } = ImmutableDictionary<string, ImmutableArray<PodToken>>.Empty;

    /// <summary>The tokens of a pod.</summary>
    /// <param name="uid">The pod's uid.</param>
    public ImmutableArray<PodToken> TokensOf(string uid) => Tokens.TryGetValue(uid, out ImmutableArray<PodToken> tokens) ? tokens : [];
}
