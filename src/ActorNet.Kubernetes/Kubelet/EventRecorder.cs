using System.Globalization;
using ActorNet.Kubernetes.Kubelet.Life;
using ActorNet.Kubernetes.Kubelet.Status;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet;

/// <summary>
/// Makes the Events of a node's component: what is said again of the same object becomes a count of the first (kubernetes client-go tools/record/events_cache.go,
/// eventLogger). It remembers a bounded number of them and forgets the oldest.
/// </summary>
/// <param name="node">The node's name: source.host.</param>
/// <param name="component">Who says it: source.component.</param>
public sealed class EventRecorder(string node, string component = "kubelet")
{
    // maxLruCacheEntries.
    private const int MostRemembered = 4096;

    private readonly Dictionary<(string, PodEvent), Corev1Event> _known = [];
    private readonly Queue<(string, PodEvent)> _order = new();

    /// <summary>Makes an event about a pod.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="said">What is said.</param>
    /// <param name="now">UTC.</param>
    public Corev1Event Record(V1Pod pod, PodEvent said, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(pod);
        return Record(
            new V1ObjectReference
            {
                ApiVersion = "v1",
                Kind = "Pod",
                Name = pod.Metadata.Name,
                NamespaceProperty = pod.Metadata.NamespaceProperty,
                Uid = pod.Metadata.Uid,
                ResourceVersion = pod.Metadata.ResourceVersion,
            },
            said,
            now);
    }

    /// <summary>Makes an event about an object.</summary>
    /// <param name="about">The object; one without a namespace, as a Node, has its events in default.</param>
    /// <param name="said">What is said.</param>
    /// <param name="now">UTC.</param>
    public Corev1Event Record(V1ObjectReference about, PodEvent said, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(about);
        ArgumentNullException.ThrowIfNull(said);
        (string, PodEvent) key = ($"{about.Kind}/{about.NamespaceProperty}/{about.Name}/{about.Uid}", said);
        DateTime time = ContainerStatuses.Seconds(now);
        Corev1Event made = _known.TryGetValue(key, out Corev1Event? before)
            ? Make(about, said, before.Metadata.Name, before.FirstTimestamp ?? time, time, (before.Count ?? 1) + 1)
            : Make(about, said, Name(about, now), time, time, 1);
        if (before is null)
            Remember(key);
        _known[key] = made;
        return made;
    }

    private void Remember((string, PodEvent) key)
    {
        _order.Enqueue(key);
        if (_order.Count > MostRemembered)
            _known.Remove(_order.Dequeue());
    }

    private Corev1Event Make(V1ObjectReference about, PodEvent said, string name, DateTime first, DateTime last, int count) => new()
    {
        ApiVersion = "v1",
        Kind = "Event",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = about.NamespaceProperty ?? "default" },
        InvolvedObject = new V1ObjectReference
        {
            ApiVersion = about.ApiVersion,
            Kind = about.Kind,
            Name = about.Name,
            NamespaceProperty = about.NamespaceProperty,
            Uid = about.Uid,
            ResourceVersion = about.ResourceVersion,
            FieldPath = said.FieldPath,
        },
        Type = said.IsWarning ? "Warning" : "Normal",
        Reason = said.Reason,
        Message = said.Message,
        Source = new V1EventSource { Component = component, Host = node },
        ReportingComponent = component,
        ReportingInstance = node,
        FirstTimestamp = first,
        LastTimestamp = last,
        Count = count,
    };

    // The object's name and the time in nanoseconds, in hexadecimal digits; what comes within the same tick is told apart by its number.
    private string Name(V1ObjectReference about, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{about.Name}.{((now - DateTimeOffset.UnixEpoch).Ticks * 100) + (++_made % 100):x}");

    private long _made;
}
