using System.Globalization;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>
/// Makes the ports that rules are compiled for of a Service and its EndpointSlices (kubernetes pkg/proxy/servicechangetracker.go, endpointslicecache.go).
/// What is no IPv4 address, port or name is left out, so that nothing that an object says can become a rule of its own.
/// </summary>
/// <param name="Ports">The IPv4 ports, in the Service's order; none for a Service that kube-proxy has nothing to do with.</param>
/// <param name="Problem">What was left out, a sentence; null for nothing.</param>
internal sealed record ServicePorts(IReadOnlyList<ProxyServicePort> Ports, string? Problem)
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <summary>Those of a Service that is gone.</summary>
    internal static ServicePorts None { get; } = new([], null);

    /// <summary>namespace/name of the Service that a slice is of; null for one of IPv6 or of none.</summary>
    internal static string? ServiceOf(V1EndpointSlice slice) =>
        slice.AddressType == "IPv4" && slice.Metadata?.Labels is { } labels && labels.TryGetValue(ServiceNameLabel, out string? name) ? $"{slice.Metadata.NamespaceProperty}/{name}" : null;

    /// <summary>The ports of a Service.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="slices">Its slices.</param>
    /// <param name="node">This node's name: its endpoints are local.</param>
    internal static ServicePorts Of(V1Service service, IEnumerable<V1EndpointSlice> slices, string node)
    {
        if (IsSkipped(service))
            return new ServicePorts([], null);
        string name = $"{service.Metadata.NamespaceProperty}/{service.Metadata.Name}";
        var left = new List<string>();
        string? address = Addresses(new[] { service.Spec.ClusterIP }.Concat(service.Spec.ClusterIPs ?? []), null).FirstOrDefault();
        if (address is null || !IsName(name))
            return new ServicePorts([], $"Service {name}: clusterIP {service.Spec.ClusterIP} is no IPv4 address, so it has no rules; give it one, or another family's proxy");
        V1EndpointSlice[] own = [.. slices];
        ProxyServicePort common = Common(service, address, left);
        var ports = new List<ProxyServicePort>();
        foreach (V1ServicePort port in service.Spec.Ports)
        {
            string protocol = (port.Protocol ?? "TCP").ToLowerInvariant();
            if (protocol is not ("tcp" or "udp" or "sctp") || !IsPort(port.Port) || !IsName(port.Name ?? ""))
            {
                left.Add(string.Create(CultureInfo.InvariantCulture, $"port {port.Name} {port.Port}/{port.Protocol}"));
                continue;
            }

            ports.Add(common with
            {
                Name = string.IsNullOrEmpty(port.Name) ? name : $"{name}:{port.Name}",
                Protocol = protocol,
                Port = port.Port,
                NodePort = port.NodePort is { } number && IsPort(number) ? number : 0,
                Endpoints = [.. own.SelectMany(s => EndpointsOf(s, port, node, left))],
            });
        }

        return new ServicePorts(ports, left.Count == 0 ? null : $"Service {name}: no rules for {string.Join(", ", left.Distinct().Take(5))}: not an IPv4 address, a port from 1 to 65535, or a protocol among TCP, UDP and SCTP");
    }

    // ShouldSkipService
    private static bool IsSkipped(V1Service service) => service.Spec?.ClusterIP is null or "" or "None" || service.Spec.Type == "ExternalName" || service.Spec.Ports is null;

    private static ProxyServicePort Common(V1Service service, string address, List<string> left)
    {
        V1ServiceSpec spec = service.Spec;
        bool balanced = spec.Type == "LoadBalancer";
        bool outside = balanced || spec.Type == "NodePort" || spec.ExternalIPs is { Count: > 0 };
        bool externalLocal = outside && spec.ExternalTrafficPolicy == "Local";
        return new ProxyServicePort
        {
            Name = "",
            Protocol = "",
            ClusterIP = address,
            Port = 0,
            ExternalIPs = Addresses(spec.ExternalIPs, left),
            LoadBalancerIPs = Addresses((service.Status?.LoadBalancer?.Ingress ?? []).Where(static i => i.IpMode != "Proxy").Select(static i => i.Ip), left),
            LoadBalancerSourceRanges = Ranges(spec.LoadBalancerSourceRanges, left),
            IsExternalLocal = externalLocal,
            IsInternalLocal = spec.InternalTrafficPolicy == "Local",
            AffinitySeconds = spec.SessionAffinity == "ClientIP" ? spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? 10_800 : 0,
            HealthCheckNodePort = balanced && externalLocal && spec.HealthCheckNodePort is { } number && IsPort(number) ? number : 0,
        };
    }

    private static IEnumerable<ProxyEndpoint> EndpointsOf(V1EndpointSlice slice, V1ServicePort port, string node, List<string> left)
    {
        foreach (Discoveryv1EndpointPort target in slice.Ports ?? [])
        {
            if ((target.Name ?? "") != (port.Name ?? "") || (target.Protocol ?? "TCP") != (port.Protocol ?? "TCP") || target.Port is not { } number)
                continue;
            foreach (V1Endpoint endpoint in slice.Endpoints ?? [])
            {
                if (endpoint.Addresses is not [var text, ..])
                    continue;
                if (!Ipv4Address.TryParse(text, out Ipv4Address address) || !IsPort(number))
                {
                    left.Add(string.Create(CultureInfo.InvariantCulture, $"endpoint {text}:{number}"));
                    continue;
                }

                // A condition that nobody set counts as true; terminating as false.
                bool ready = endpoint.Conditions?.Ready ?? true;
                yield return new ProxyEndpoint(address.ToString(), number, endpoint.NodeName == node, ready, endpoint.Conditions?.Serving ?? ready, endpoint.Conditions?.Terminating ?? false)
                {
                    ZoneHints = endpoint.Hints?.ForZones is { } zones ? [.. zones.Select(static z => z.Name)] : [],
                };
            }
        }
    }

    // Another family's addresses are for another proxy; they are not amiss.
    private static string[] Addresses(IEnumerable<string?>? texts, List<string>? left)
    {
        var addresses = new List<string>();
        foreach (string? text in texts ?? [])
        {
            if (string.IsNullOrEmpty(text))
                continue;
            if (Ipv4Address.TryParse(text, out Ipv4Address address))
                addresses.Add(address.ToString());
            else if (!text.Contains(':', StringComparison.Ordinal))
                left?.Add($"address {text}");
        }

        return [.. addresses];
    }

    private static string[] Ranges(IEnumerable<string>? texts, List<string> left)
    {
        var ranges = new List<string>();
        foreach (string text in texts ?? [])
        {
            if (Ipv4Prefix.TryParse(text.Trim(), out Ipv4Prefix prefix))
                ranges.Add(prefix.ToString());
            else if (!text.Contains(':', StringComparison.Ordinal))
                left.Add($"source range {text}");
        }

        return [.. ranges];
    }

    private static bool IsPort(int number) => number is > 0 and <= ushort.MaxValue;

    private static bool IsName(string name) => name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '/');
}
