using ActorNet.Kubernetes.Kinds;
using ActorNet.Kubernetes.Storage;

namespace ActorNet.Kubernetes.Api.Watches;

/// <summary>Where a watch reads.</summary>
/// <param name="Log">The newest changes, shared.</param>
/// <param name="Store">What is older.</param>
/// <param name="Kind">The kind.</param>
internal sealed record WatchSource(ChangeLog Log, IObjectSource Store, KindDescriptor Kind);
