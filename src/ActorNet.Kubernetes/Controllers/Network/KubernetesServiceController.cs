using ActorNet.Kubernetes.Controllers.Nodes;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Network;

/// <summary>
/// The endpoints of the API's own Service, default/kubernetes: every node that is ready, for every node answers the API on its own address
/// (kubernetes pkg/controlplane/reconcilers keeps those of the API servers). Each endpoint names its node, so that the Service's
/// internalTrafficPolicy Local, which upstream's has not, leads everyone to the node that it is on.
/// </summary>
/// <param name="caches">What it sees.</param>
public sealed class KubernetesServiceController(ClusterCaches caches) : Controller
{
    private const string Key = "default/kubernetes", Space = "default", Service = "kubernetes", PortName = "https";

    /// <inheritdoc/>
    public override string Name => "kubernetes-service-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.Nodes.Changed += change =>
        {
            if (change.Before is null || change.After is null || AddressOf(change.Before) != AddressOf(change.After))
                queue.Add(Key);
        };
        caches.Services.Changed += change => Note(change.Latest.Metadata);
        caches.Endpoints.Changed += change => Note(change.Latest.Metadata);
        caches.EndpointSlices.Changed += change => Note(change.Latest.Metadata);

        void Note(V1ObjectMeta changed)
        {
            if (changed.Name == Service && changed.NamespaceProperty == Space)
                queue.Add(Key);
        }
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        if (caches.Services.Snapshot.Find(Space, Service) is not { Metadata.DeletionTimestamp: null } service)
            return Step.Nothing;
        int port = service.Spec.Ports is [{ TargetPort.Value: { } text }, ..] && int.TryParse(text, out int number) ? number : 6443;
        (string Node, string Address)[] nodes = [.. caches.Nodes.Snapshot.All.Select(static node => (node.Metadata.Name, Address: AddressOf(node))).Where(static each => each.Address.Length > 0).OrderBy(static each => each.Address, StringComparer.Ordinal)];
        var writes = new List<ApiWrite>();
        Write(Endpoints(nodes, port), caches.Endpoints.Snapshot.Find(Space, Service), static (one, other) => ModelCopy.Same(one.Subsets, other.Subsets), writes);
        Write(Slice(nodes, port), caches.EndpointSlices.Snapshot.Find(Space, Service), static (one, other) => ModelCopy.Same(one.Endpoints, other.Endpoints) && ModelCopy.Same(one.Ports, other.Ports), writes);
        return new Step(writes);
    }

    private static void Write<T>(T wanted, T? current, Func<T, T, bool> isSame, List<ApiWrite> writes)
        where T : class, k8s.IKubernetesObject<V1ObjectMeta>
    {
        if (current is not null && isSame(current, wanted))
            return;
        if (current is not null)
            wanted.Metadata.ResourceVersion = current.Metadata.ResourceVersion;
        writes.Add(current is null ? new CreateWrite<T>(wanted) { Tolerates = [409] } : new UpdateWrite<T>(wanted) { Tolerates = [404, 409] });
    }

    // What a node's kubelet says counts; a foreign tunnel peer has none, and no API either.
    private static string AddressOf(V1Node node) => node.Metadata.DeletionTimestamp is null && NodeState.IsReady(node)
        ? node.Status?.Addresses?.FirstOrDefault(static each => each.Type == "InternalIP")?.Address ?? ""
        : "";

    private static V1Endpoints Endpoints((string Node, string Address)[] nodes, int port) => new()
    {
        Metadata = new V1ObjectMeta { Name = Service, NamespaceProperty = Space, Labels = new Dictionary<string, string> { ["endpointslice.kubernetes.io/skip-mirror"] = "true" } },
        Subsets = nodes.Length == 0 ? null :
        [
            new V1EndpointSubset
            {
                Addresses = [.. nodes.Select(static each => new V1EndpointAddress { Ip = each.Address, NodeName = each.Node })],
                Ports = [new Corev1EndpointPort { Name = PortName, Port = port, Protocol = "TCP" }],
            },
        ],
    };

    private static V1EndpointSlice Slice((string Node, string Address)[] nodes, int port) => new()
    {
        Metadata = new V1ObjectMeta { Name = Service, NamespaceProperty = Space, Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = Service } },
        AddressType = "IPv4",
        Endpoints = [.. nodes.Select(static each => new V1Endpoint { Addresses = [each.Address], Conditions = new V1EndpointConditions { Ready = true }, NodeName = each.Node })],
        Ports = [new Discoveryv1EndpointPort { Name = PortName, Port = port, Protocol = "TCP" }],
    };
}
