using ActorNet.Kubernetes.Api;

namespace ActorNet.Cluster.Informers;

/// <summary>One change of one object, in order, for whoever follows a kind on this host. Immutable.</summary>
/// <param name="Epoch">The API server's epoch.</param>
/// <param name="Revision">The revision this host's view is at with it.</param>
/// <param name="Type">What happened, seen from what was delivered before.</param>
/// <param name="Key">Which object: "name", or "namespace/name".</param>
/// <param name="Object">The object; when deleted, as it was last delivered.</param>
public sealed record ObjectChange(long Epoch, long Revision, ObjectChangeType Type, string Key, ApiObject Object);
