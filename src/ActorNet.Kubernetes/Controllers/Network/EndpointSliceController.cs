using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Network;

/// <summary>
/// Writes the EndpointSlices of Services with a selector (kubernetes pkg/controller/endpointslice, k8s.io/endpointslice reconciler.go and
/// utils.go): a group of slices for each set of ports, at most 100 endpoints in each; endpoints stay in the slice where they are.
/// </summary>
/// <param name="caches">What it sees.</param>
public sealed class EndpointSliceController(ClusterCaches caches) : Controller
{
    /// <summary>The most endpoints of a slice (--max-endpoints-per-slice).</summary>
    public const int MaxEndpoints = 100;

    private const string ManagedBy = "endpointslice.kubernetes.io/managed-by", Manager = "endpointslice-controller.k8s.io", ServiceName = "kubernetes.io/service-name";

    private const string PreferClose = "PreferClose";

    private const string TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";

    private readonly KindDescriptor _kind = caches.Kinds.Of<V1EndpointSlice>(), _services = caches.Kinds.Of<V1Service>();

    /// <inheritdoc/>
    public override string Name => "endpoint-slice-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        ServicePods.Watch(caches, queue);
        caches.EndpointSlices.Changed += change =>
        {
            V1EndpointSlice slice = change.Latest;
            if (Labels.Get(slice, ManagedBy) == Manager && Labels.Get(slice, ServiceName) is { Length: > 0 } service)
                queue.Add(ObjectKey.Of(slice.Metadata.NamespaceProperty, service));
        };
        // A pod's zone is its node's.
        caches.Nodes.Changed += change =>
        {
            if (change is not { Before: { } before, After: { } after } || ZoneOf(before) == ZoneOf(after))
                return;
            foreach (V1Service service in caches.Services.Snapshot.All)
                queue.Add(ObjectKey.Of(service));
        };
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        (string space, string name) = ObjectKey.Split(key);
        V1EndpointSlice[] mine = [.. caches.EndpointSlices.Snapshot.By(ClusterCaches.ServiceIndex, key).Where(slice => Labels.Get(slice, ManagedBy) == Manager && slice.Metadata.DeletionTimestamp is null)];
        V1Service? service = caches.Services.Snapshot.Find(space, name);
        if (service is null || service.Spec.Type == "ExternalName")
            return new Step([.. mine.Select(Delete)]);
        if (!ServicePods.HasSelector(service) || service.Metadata.DeletionTimestamp is not null)
            return Step.Nothing;
        var writes = new List<ApiWrite>();
        var groups = GroupsOf(service);
        var slices = mine.ToLookup(slice => PortsKey(slice.Ports ?? []));
        string[] keys = [.. groups.Keys.Union(slices.Select(group => group.Key)).Order(StringComparer.Ordinal)];
        foreach (string ports in keys)
            ReconcileGroup(service, groups.GetValueOrDefault(ports), [.. slices[ports].Where(slice => slice.AddressType == "IPv4")], now, writes);
        writes.AddRange(mine.Where(slice => slice.AddressType != "IPv4").Select(Delete));
        KeepOne(service, writes, mine, now);
        return new Step(writes);
    }

    // reconcileByPortMapping: what is there is kept or changed in place, the rest fills free places, and what is left makes new slices.
    private void ReconcileGroup(V1Service service, Group? group, V1EndpointSlice[] slices, DateTimeOffset now, List<ApiWrite> writes)
    {
        if (group is null)
        {
            writes.AddRange(slices.Select(Delete));
            return;
        }

        var wanted = group.Endpoints.ToDictionary(IdOf);
        var kept = new List<(V1EndpointSlice Slice, List<V1Endpoint> Endpoints, bool IsChanged)>();
        foreach (V1EndpointSlice slice in slices)
        {
            var left = new List<V1Endpoint>();
            bool isChanged = !SameLabels(service, slice);
            foreach (V1Endpoint endpoint in slice.Endpoints ?? [])
            {
                if (!wanted.Remove(IdOf(endpoint), out V1Endpoint? now2))
                {
                    isChanged = true;
                    continue;
                }

                isChanged |= !ModelCopy.Same(endpoint, now2);
                left.Add(now2);
            }

            kept.Add((slice, left, isChanged));
        }

        var more = new Queue<V1Endpoint>(wanted.Values.OrderBy(IdOf, StringComparer.Ordinal));
        // Slices that change anyway are filled first, the fullest first; then one that has room for the rest; then new ones.
        foreach ((V1EndpointSlice slice, List<V1Endpoint> endpoints, bool isChanged) in kept.OrderByDescending(each => each.Endpoints.Count))
        {
            bool fills = more.Count > 0 && endpoints.Count < MaxEndpoints && (isChanged || endpoints.Count + (more.Count % MaxEndpoints) <= MaxEndpoints);
            while (fills && more.Count > 0 && endpoints.Count < MaxEndpoints)
                endpoints.Add(more.Dequeue());
            if (endpoints.Count == 0)
                writes.Add(Delete(slice));
            else if (isChanged || fills)
                writes.Add(new UpdateWrite<V1EndpointSlice>(Filled(ModelCopy.Of(slice), service, group.Ports, endpoints, now)) { Tolerates = [404] });
        }

        foreach (V1Endpoint[] chunk in more.Chunk(MaxEndpoints))
            writes.Add(new CreateWrite<V1EndpointSlice>(Filled(New(service), service, group.Ports, [.. chunk], now)));
    }

    // A Service without endpoints has one empty slice (placeholder), so that its readers know that it was looked at.
    private void KeepOne(V1Service service, List<ApiWrite> writes, V1EndpointSlice[] mine, DateTimeOffset now)
    {
        int deleted = writes.OfType<DeleteWrite>().Count();
        if (writes.Any(write => write is CreateWrite<V1EndpointSlice>) || deleted < mine.Length)
            return;
        if (mine.Length == 0)
        {
            writes.Add(new CreateWrite<V1EndpointSlice>(Filled(New(service), service, [], [], now)));
            return;
        }

        V1EndpointSlice stays = mine.FirstOrDefault(slice => slice.AddressType == "IPv4") ?? mine[0];
        int index = writes.FindIndex(write => write is DeleteWrite delete && delete.Name == stays.Metadata.Name);
        if (stays.Endpoints is not { Count: > 0 } && stays.Ports is not { Count: > 0 } && SameLabels(service, stays))
            writes.RemoveAt(index);
        else
            writes[index] = new UpdateWrite<V1EndpointSlice>(Filled(ModelCopy.Of(stays), service, [], [], now));
    }

    private static V1EndpointSlice Filled(V1EndpointSlice slice, V1Service service, List<Discoveryv1EndpointPort> ports, List<V1Endpoint> endpoints, DateTimeOffset now)
    {
        slice.Endpoints = endpoints;
        slice.Ports = ports;
        slice.Metadata.Labels = LabelsOf(service);
        slice.Metadata.Annotations ??= new Dictionary<string, string>();
        // RFC3339Nano: kube-proxy measures from it (network_programming_duration_seconds).
        slice.Metadata.Annotations[TriggerTime] = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", System.Globalization.CultureInfo.InvariantCulture);
        return slice;
    }

    private V1EndpointSlice New(V1Service service) => new()
    {
        AddressType = "IPv4",
        Metadata = new V1ObjectMeta
        {
            GenerateName = service.Metadata.Name + "-",
            NamespaceProperty = service.Metadata.NamespaceProperty,
            OwnerReferences = [OwnerRules.ReferenceTo(service, _services)],
        },
    };

    private static Dictionary<string, string> LabelsOf(V1Service service)
    {
        Dictionary<string, string> labels = service.Metadata.Labels is { } own ? new(own) : [];
        labels[ServiceName] = service.Metadata.Name;
        labels[ManagedBy] = Manager;
        if (ServicePods.IsHeadless(service))
            labels[ServicePods.Headless] = "";
        else
            labels.Remove(ServicePods.Headless);
        return labels;
    }

    private static bool SameLabels(V1Service service, V1EndpointSlice slice)
    {
        Dictionary<string, string> wanted = LabelsOf(service);
        return slice.Metadata.Labels?.Count == wanted.Count && wanted.All(each => Labels.Get(slice, each.Key) == each.Value);
    }

    private Dictionary<string, Group> GroupsOf(V1Service service)
    {
        var groups = new Dictionary<string, Group>(StringComparer.Ordinal);
        foreach (V1Pod pod in caches.Pods.Snapshot.InNamespace(service.Metadata.NamespaceProperty).Where(pod => Labels.Select(service.Spec.Selector, pod)))
        {
            if (!ServicePods.IsEndpoint(pod, includeTerminating: true))
                continue;
            List<Discoveryv1EndpointPort> ports = [.. ServicePods.PortsOf(service, pod).Select(port => new Discoveryv1EndpointPort { Name = port.Name, Port = port.Number, Protocol = port.Protocol, AppProtocol = port.AppProtocol })];
            string key = PortsKey(ports);
            if (!groups.TryGetValue(key, out Group? group))
                groups[key] = group = new Group(ports, []);
            group.Endpoints.Add(EndpointOf(service, pod));
        }

        return groups;
    }

    // With trafficDistribution PreferClose a ready endpoint is meant for its own zone (k8s.io/endpointslice trafficdist/trafficdist.go ReconcileHints).
    // podToEndpoint: a pod that is going is not ready, and serves as long as its probe says so.
    private V1Endpoint EndpointOf(V1Service service, V1Pod pod)
    {
        bool serving = pod.IsReady(), terminating = pod.IsTerminating();
        bool ready = service.Spec.PublishNotReadyAddresses == true || (serving && !terminating);
        string? zone = pod.Spec.NodeName is { Length: > 0 } on && caches.Nodes.Snapshot.Find("", on) is { } found ? ZoneOf(found) : null;
        return new V1Endpoint
        {
            Addresses = [pod.Status.PodIP],
            Conditions = new V1EndpointConditions { Ready = ready, Serving = serving, Terminating = terminating },
            Hostname = ServicePods.HostnameOf(service, pod),
            NodeName = pod.Spec.NodeName is { Length: > 0 } node ? node : null,
            TargetRef = new V1ObjectReference { Kind = "Pod", NamespaceProperty = pod.Metadata.NamespaceProperty, Name = pod.Metadata.Name, Uid = pod.Metadata.Uid },
            Zone = zone,
            Hints = ready && zone is not null && service.Spec.TrafficDistribution == PreferClose ? new V1EndpointHints { ForZones = [new V1ForZone { Name = zone }] } : null,
        };
    }

    private static string? ZoneOf(V1Node node) => Labels.Get(node, "topology.kubernetes.io/zone") is { Length: > 0 } zone ? zone : null;

    private static string IdOf(V1Endpoint endpoint) => endpoint.TargetRef?.Uid ?? endpoint.Addresses[0];

    private static string PortsKey(IEnumerable<Discoveryv1EndpointPort> ports) =>
        string.Join(',', ports.Select(port => $"{port.Name}/{port.Protocol}/{port.Port}/{port.AppProtocol}").Order(StringComparer.Ordinal));

    private DeleteWrite Delete(V1EndpointSlice slice) =>
        new(_kind, slice.Metadata.NamespaceProperty, slice.Metadata.Name, new Api.DeleteOptions(Uid: slice.Metadata.Uid)) { Tolerates = [404] };

    private sealed record Group(List<Discoveryv1EndpointPort> Ports, List<V1Endpoint> Endpoints);
}
