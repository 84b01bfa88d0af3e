using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Lifecycle;

/// <summary>Deletes events when they are old (kube-apiserver --event-ttl, which upstream leaves to leases of etcd).</summary>
/// <param name="caches">The kinds.</param>
/// <param name="timeToLive">How long an event is kept after it was told last.</param>
public sealed class EventExpiry(ClusterCaches caches, TimeSpan timeToLive) : Controller
{
    private const string Key = "events";

    private readonly KindDescriptor _events = caches.Kinds.Of<Corev1Event>();

    private readonly TimeSpan _sweep = TimeSpan.FromTicks(Math.Min(TimeSpan.TicksPerMinute, timeToLive.Ticks));

    /// <inheritdoc/>
    public override string Name => "event-expiry";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue) => queue.AddAfter(Key, timeToLive);

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now) => new([new SweepWrite(_events, "", now - timeToLive)], _sweep);
}
