using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Network;

/// <summary>Writes the Endpoints of Services with a selector (kubernetes pkg/controller/endpoint/endpoints_controller.go, pkg/api/v1/endpoints/util.go).</summary>
/// <param name="caches">What it sees.</param>
public sealed class EndpointsController(ClusterCaches caches) : Controller
{
    private const string OverCapacity = "endpoints.kubernetes.io/over-capacity", TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";

    private readonly KindDescriptor _kind = caches.Kinds.Of<V1Endpoints>();

    /// <inheritdoc/>
    public override string Name => "endpoint-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        ServicePods.Watch(caches, queue);
        caches.Endpoints.Changed += change => queue.Add(ObjectKey.Of(change.Latest));
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        (string space, string name) = ObjectKey.Split(key);
        V1Endpoints? current = caches.Endpoints.Snapshot.Find(space, name);
        if (caches.Services.Snapshot.Find(space, name) is not { } service)
        {
            // Endpoints without a Service that somebody made by hand are theirs; upstream deletes those that have the name of a Service that went.
            return current is null || current.Metadata.Annotations?.ContainsKey(TriggerTime) != true
                ? Step.Nothing
                : new Step([new DeleteWrite(_kind, space, name, new Api.DeleteOptions(Uid: current.Metadata.Uid)) { Tolerates = [404] }]);
        }

        if (!ServicePods.HasSelector(service) || service.Metadata.DeletionTimestamp is not null)
            return Step.Nothing;
        (List<V1EndpointSubset> subsets, bool isCut) = SubsetsOf(service);
        Dictionary<string, string> labels = LabelsOf(service);
        if (current is not null && ModelCopy.Same(Canonical(current.Subsets), subsets) && SameLabels(current.Metadata.Labels, labels) && (current.Metadata.Annotations?.ContainsKey(OverCapacity) == true) == isCut)
            return Step.Nothing;
        V1Endpoints wanted = current is null ? New(service) : ModelCopy.Of(current);
        wanted.Subsets = subsets.Count == 0 ? null : subsets;
        wanted.Metadata.Labels = labels;
        wanted.Metadata.Annotations ??= new Dictionary<string, string>();
        wanted.Metadata.Annotations[TriggerTime] = Documents.ScalarReader.Time(now);
        if (isCut)
            wanted.Metadata.Annotations[OverCapacity] = "truncated";
        else
            wanted.Metadata.Annotations.Remove(OverCapacity);
        // A name that exists although the cache lacks it is met again when the cache has it.
        return new Step([current is null ? new CreateWrite<V1Endpoints>(wanted) : new UpdateWrite<V1Endpoints>(wanted)]);
    }

    private static V1Endpoints New(V1Service service) =>
        new() { Metadata = new V1ObjectMeta { Name = service.Metadata.Name, NamespaceProperty = service.Metadata.NamespaceProperty } };

    private static Dictionary<string, string> LabelsOf(V1Service service)
    {
        Dictionary<string, string> labels = service.Metadata.Labels is { } own ? new(own) : [];
        labels["endpoints.kubernetes.io/managed-by"] = "endpoint-controller";
        if (ServicePods.IsHeadless(service))
            labels[ServicePods.Headless] = "";
        return labels;
    }

    private static bool SameLabels(IDictionary<string, string>? one, Dictionary<string, string> other) =>
        (one?.Count ?? 0) == other.Count && other.All(each => one!.TryGetValue(each.Key, out string? value) && value == each.Value);

    private (List<V1EndpointSubset> Subsets, bool IsCut) SubsetsOf(V1Service service)
    {
        var entries = new List<(TargetPort[] Ports, V1EndpointAddress Address, bool IsReady)>();
        foreach (V1Pod pod in caches.Pods.Snapshot.InNamespace(service.Metadata.NamespaceProperty).Where(pod => Labels.Select(service.Spec.Selector, pod)))
        {
            if (!ServicePods.IsEndpoint(pod, service.Spec.PublishNotReadyAddresses == true))
                continue;
            bool isReady = service.Spec.PublishNotReadyAddresses == true || pod.IsReady();
            V1EndpointAddress address = AddressOf(service, pod);
            IReadOnlyList<TargetPort> ports = ServicePods.PortsOf(service, pod);
            if (service.Spec.Ports is not { Count: > 0 })
            {
                // A headless Service may have no port at all.
                if (ServicePods.IsHeadless(service))
                    entries.Add(([], address, isReady));
                continue;
            }

            entries.AddRange(ports.Select(port => (new[] { port }, address, isReady)));
        }

        return Repack(entries);
    }

    // RepackSubsets: pods that serve the same ports share a subset, whose lists are in order.
    private static (List<V1EndpointSubset> Subsets, bool IsCut) Repack(List<(TargetPort[] Ports, V1EndpointAddress Address, bool IsReady)> entries)
    {
        var pods = entries.GroupBy(entry => (entry.Address.Ip, entry.Address.TargetRef?.Uid))
            .Select(group => (Ports: group.SelectMany(entry => entry.Ports).OrderBy(port => port.Name, StringComparer.Ordinal).ThenBy(port => port.Number).ThenBy(port => port.Protocol, StringComparer.Ordinal).ToArray(), group.First().Address, group.First().IsReady))
            .OrderBy(pod => pod.Address.Ip, StringComparer.Ordinal).ThenBy(pod => pod.Address.TargetRef?.Uid, StringComparer.Ordinal)
            .ToArray();
        List<V1EndpointSubset> subsets =
        [
            .. pods.GroupBy(pod => string.Join(',', pod.Ports.Select(port => $"{port.Name}/{port.Protocol}/{port.Number}/{port.AppProtocol}")))
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => new V1EndpointSubset
                {
                    Addresses = Some(group.Where(pod => pod.IsReady).Select(pod => pod.Address)),
                    NotReadyAddresses = Some(group.Where(pod => !pod.IsReady).Select(pod => pod.Address)),
                    Ports = Some(group.First().Ports.Select(port => new Corev1EndpointPort { Name = port.Name.Length == 0 ? null : port.Name, Port = port.Number, Protocol = port.Protocol, AppProtocol = port.AppProtocol })),
                }),
        ];
        bool isCut = EndpointCapacity.Cut(subsets);
        // A subset of which nothing is left has nothing to say.
        subsets.RemoveAll(subset => subset.Addresses is null && subset.NotReadyAddresses is null);
        return (subsets, isCut);
    }

    private static V1EndpointAddress AddressOf(V1Service service, V1Pod pod) => new()
    {
        Ip = pod.Status.PodIP,
        Hostname = ServicePods.HostnameOf(service, pod),
        NodeName = pod.Spec.NodeName is { Length: > 0 } node ? node : null,
        TargetRef = new V1ObjectReference { Kind = "Pod", NamespaceProperty = pod.Metadata.NamespaceProperty, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
    };

    private static List<V1EndpointSubset> Canonical(IList<V1EndpointSubset>? subsets) => subsets is null ? [] : [.. subsets];

    private static List<T>? Some<T>(IEnumerable<T> items)
    {
        List<T> list = [.. items];
        return list.Count == 0 ? null : list;
    }
}
