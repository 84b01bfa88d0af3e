using System.Collections.Immutable;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Edge;

/// <summary>
/// Which ports of a node are open to the outside, as Services, EndpointSlices and the node's pods come and go. A port without an endpoint anywhere is not among
/// them: kube-proxy's rules reject it for everyone, so a real client is to find nobody there. One that has endpoints, but none on this node
/// under policy Local, stays: its packets are dropped, not rejected. What kube-proxy answers itself is always open. Plain and single-threaded.
/// </summary>
/// <param name="node">The node's own address.</param>
/// <param name="name">The node's name.</param>
/// <param name="proxyHealth">kube-proxy's own health port; 0 for none.</param>
public sealed class EdgeState(Ipv4Address node, string name, ushort proxyHealth)
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    private readonly Dictionary<string, V1Service> _services = new(StringComparer.Ordinal);
    private readonly Dictionary<string, V1EndpointSlice> _slices = new(StringComparer.Ordinal);
    private ImmutableArray<HostPortClaim> _hostPorts = [];

    /// <summary>Takes changes.</summary>
    /// <param name="changes">The changes.</param>
    public void Apply(ServiceChanges changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        if (changes.IsWhole)
        {
            _services.Clear();
            _slices.Clear();
        }

        foreach ((string key, V1Service? service) in changes.Services)
            Set(_services, key, service is { } s && IsOpen(s) ? s : null);
        foreach ((string key, V1EndpointSlice? slice) in changes.Slices)
            Set(_slices, key, slice);
    }

    /// <summary>Takes the ports that the node's pods have now.</summary>
    /// <param name="claims">All of them.</param>
    public void Apply(ImmutableArray<HostPortClaim> claims) => _hostPorts = claims;

    /// <summary>
    /// The ports that are open now; of two that claim one the older Service's, as kube-apiserver would have given it out, and a Service's before a
    /// pod's: kube-proxy's rules stand before those of host ports.
    /// </summary>
    public EdgePlan Plan()
    {
        ILookup<(string?, string?), V1EndpointSlice> slices = _slices.Values
            .Where(static s => s.AddressType == "IPv4")
            .ToLookup(static s => (s.Metadata?.NamespaceProperty, s.Metadata?.Labels is { } labels && labels.TryGetValue(ServiceNameLabel, out string? name) ? name : null));
        var ports = new Dictionary<EdgeTarget, EdgePort>();
        if (proxyHealth != 0)
            ports[new EdgeTarget(IpProtocol.Tcp, node, proxyHealth)] = new EdgePort(new EdgeTarget(IpProtocol.Tcp, node, proxyHealth), EdgePortKind.ProxyHealth, "", name, name);
        foreach (V1Service service in _services.Values.OrderBy(static s => s.Metadata.CreationTimestamp).ThenBy(static s => $"{s.Metadata.NamespaceProperty}/{s.Metadata.Name}", StringComparer.Ordinal))
        {
            foreach (V1ServicePort port in service.Spec.Ports)
            {
                if (slices[(service.Metadata.NamespaceProperty, service.Metadata.Name)].Any(s => HasEndpoint(s, port)))
                    Add(ports, service, port);
            }

            if (HealthCheckOf(service) is { } health)
                AddOne(ports, service, IpProtocol.Tcp, node, health, EdgePortKind.HealthCheck);
        }

        EdgeConflict[] conflicts = [.. _hostPorts.Select(claim => Add(ports, claim)).OfType<EdgeConflict>()];
        return new EdgePlan([.. ports.Values], [.. conflicts]);
    }

    private EdgeConflict? Add(Dictionary<EdgeTarget, EdgePort> ports, HostPortClaim claim)
    {
        var target = new EdgeTarget(claim.Protocol, claim.Address ?? node, claim.Port);
        var port = new EdgePort(target, EdgePortKind.HostPort, claim.Namespace, claim.Name, claim.Uid);
        // What is on loopback is for the node itself.
        if (target.Address.IsLoopback)
            return null;
        if (target.Address != node)
            return new EdgeConflict(port, $"hostIP {target.Address} is no address of node {name}, so nobody reaches port {claim.Port} there; leave hostIP out, or set it to {node}");
        if (ports.TryAdd(target, port))
            return null;
        EdgePort first = ports[target];
        return new EdgeConflict(port, $"hostPort {claim.Port} of node {name} leads to {Describe(first)} instead, which comes first; choose another port");
    }

    private static string Describe(EdgePort port) => port.Kind switch
    {
        EdgePortKind.HostPort => $"pod {port.Namespace}/{port.Name}",
        EdgePortKind.ProxyHealth => "kube-proxy's health port",
        _ => $"Service {port.Namespace}/{port.Name}",
    };

    private static void Set<T>(Dictionary<string, T> all, string key, T? value)
        where T : class
    {
        if (value is null)
            all.Remove(key);
        else
            all[key] = value;
    }

    private static bool IsOpen(V1Service service) =>
        service.Spec is { ClusterIP: not (null or "" or "None"), Ports: not null, Type: not "ExternalName" } spec
        && (HealthCheckOf(service) is not null || spec.Ports.Any(static p => p.NodePort is > 0) || spec.ExternalIPs is { Count: > 0 } || service.Status?.LoadBalancer?.Ingress is { Count: > 0 });

    private static int? HealthCheckOf(V1Service service) =>
        service.Spec is { Type: "LoadBalancer", ExternalTrafficPolicy: "Local", HealthCheckNodePort: > 0 and < 65536 } spec ? spec.HealthCheckNodePort : null;

    private static void AddOne(Dictionary<EdgeTarget, EdgePort> ports, V1Service service, IpProtocol protocol, Ipv4Address address, int number, EdgePortKind kind)
    {
        var target = new EdgeTarget(protocol, address, (ushort)number);
        ports.TryAdd(target, new EdgePort(target, kind, service.Metadata.NamespaceProperty ?? "", service.Metadata.Name, service.Metadata.Uid ?? ""));
    }

    private void Add(Dictionary<EdgeTarget, EdgePort> ports, V1Service service, V1ServicePort port)
    {
        if ((port.Protocol ?? "TCP") is not ("TCP" or "UDP") || port.Port is < 1 or > 65535)
            return;
        IpProtocol protocol = port.Protocol == "UDP" ? IpProtocol.Udp : IpProtocol.Tcp;
        if (port.NodePort is > 0 and < 65536)
            AddOne(ports, service, protocol, node, port.NodePort.Value, EdgePortKind.NodePort);
        foreach (string address in service.Spec.ExternalIPs ?? [])
            AddText(address, EdgePortKind.ExternalIP);
        foreach (V1LoadBalancerIngress ingress in service.Status?.LoadBalancer?.Ingress ?? [])
        {
            if (ingress.IpMode != "Proxy")
                AddText(ingress.Ip, EdgePortKind.LoadBalancer);
        }

        void AddText(string? text, EdgePortKind kind)
        {
            if (Ipv4Address.TryParse(text, out Ipv4Address address))
                AddOne(ports, service, protocol, address, port.Port, kind);
        }
    }

    private static bool HasEndpoint(V1EndpointSlice slice, V1ServicePort port) =>
        (slice.Ports ?? []).Any(p => (p.Name ?? "") == (port.Name ?? "") && (p.Protocol ?? "TCP") == (port.Protocol ?? "TCP") && p.Port is > 0)
        && (slice.Endpoints ?? []).Any(static e => e.Addresses is { Count: > 0 } && ((e.Conditions?.Ready ?? true) || e.Conditions is { Serving: true, Terminating: true }));
}
