using k8s.Models;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>Makes the ports that rules are compiled for of Services and EndpointSlices (kubernetes pkg/proxy/servicechangetracker.go, endpointslicecache.go).</summary>
internal static class ServicePorts
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <summary>The IPv4 ports of all Services that have a cluster IP, by namespace, name and position.</summary>
    /// <param name="services">The Services.</param>
    /// <param name="slices">The EndpointSlices.</param>
    /// <param name="node">This node's name: its endpoints are local.</param>
    internal static IReadOnlyList<ProxyServicePort> Of(IEnumerable<V1Service> services, IEnumerable<V1EndpointSlice> slices, string node)
    {
        ILookup<(string?, string?), V1EndpointSlice> byService = slices
            .Where(static s => s.AddressType == "IPv4")
            .ToLookup(static s => (s.Metadata?.NamespaceProperty, s.Metadata?.Labels is { } labels && labels.TryGetValue(ServiceNameLabel, out string? name) ? name : null));
        var ports = new List<ProxyServicePort>();
        foreach (V1Service service in services.OrderBy(static s => s.Metadata.NamespaceProperty, StringComparer.Ordinal).ThenBy(static s => s.Metadata.Name, StringComparer.Ordinal))
        {
            if (!IsSkipped(service))
                AddPorts(ports, service, [.. byService[(service.Metadata.NamespaceProperty, service.Metadata.Name)]], node);
        }

        return ports;
    }

    // ShouldSkipService
    private static bool IsSkipped(V1Service service) => service.Spec?.ClusterIP is null or "" or "None" || service.Spec.Type == "ExternalName" || service.Spec.Ports is null;

    private static void AddPorts(List<ProxyServicePort> ports, V1Service service, List<V1EndpointSlice> slices, string node)
    {
        V1ServiceSpec spec = service.Spec;
        bool balanced = spec.Type == "LoadBalancer";
        bool outside = balanced || spec.Type == "NodePort" || spec.ExternalIPs is { Count: > 0 };
        bool externalLocal = outside && spec.ExternalTrafficPolicy == "Local";
        foreach (V1ServicePort port in spec.Ports)
        {
            string name = $"{service.Metadata.NamespaceProperty}/{service.Metadata.Name}";
            ports.Add(new ProxyServicePort
            {
                Name = string.IsNullOrEmpty(port.Name) ? name : $"{name}:{port.Name}",
                Protocol = (port.Protocol ?? "TCP").ToLowerInvariant(),
                ClusterIP = spec.ClusterIP,
                Port = port.Port,
                NodePort = port.NodePort ?? 0,
                ExternalIPs = [.. spec.ExternalIPs ?? []],
                LoadBalancerIPs = [.. (service.Status?.LoadBalancer?.Ingress ?? []).Where(static i => !string.IsNullOrEmpty(i.Ip) && i.IpMode != "Proxy").Select(static i => i.Ip)],
                LoadBalancerSourceRanges = [.. spec.LoadBalancerSourceRanges ?? []],
                IsExternalLocal = externalLocal,
                IsInternalLocal = spec.InternalTrafficPolicy == "Local",
                AffinitySeconds = spec.SessionAffinity == "ClientIP" ? spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? 10_800 : 0,
                HealthCheckNodePort = balanced && externalLocal ? spec.HealthCheckNodePort ?? 0 : 0,
                Endpoints = [.. slices.SelectMany(s => EndpointsOf(s, port, node))],
            });
        }
    }

    private static IEnumerable<ProxyEndpoint> EndpointsOf(V1EndpointSlice slice, V1ServicePort port, string node)
    {
        foreach (Discoveryv1EndpointPort target in slice.Ports ?? [])
        {
            if ((target.Name ?? "") != (port.Name ?? "") || (target.Protocol ?? "TCP") != (port.Protocol ?? "TCP") || target.Port is not { } number)
                continue;
            foreach (V1Endpoint endpoint in slice.Endpoints ?? [])
            {
                if (endpoint.Addresses is not [var address, ..])
                    continue;
                // A condition that nobody set counts as true; terminating as false.
                bool ready = endpoint.Conditions?.Ready ?? true;
                yield return new ProxyEndpoint(address, number, endpoint.NodeName == node, ready, endpoint.Conditions?.Serving ?? ready, endpoint.Conditions?.Terminating ?? false)
                {
                    ZoneHints = [.. (endpoint.Hints?.ForZones ?? []).Select(static z => z.Name)],
                };
            }
        }
    }
}
