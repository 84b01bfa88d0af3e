namespace ActorNet.Kubernetes.KubeProxy.Health;

/// <summary>What a load balancer is told about a Service of policy Local on a node's health check port.</summary>
/// <param name="Namespace">Namespace of the Service.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid.</param>
/// <param name="Port">spec.healthCheckNodePort.</param>
/// <param name="LocalEndpoints">Addresses of its endpoints that are ready and on this node (kubernetes pkg/proxy/endpointschangetracker.go LocalReadyEndpoints).</param>
public sealed record ServiceHealth(string Namespace, string Name, string Uid, ushort Port, int LocalEndpoints)
{
    /// <summary>What is said of a Service's ports; null when no balancer asks for it.</summary>
    /// <param name="service">namespace/name.</param>
    /// <param name="uid">Its uid.</param>
    /// <param name="ports">Its ports.</param>
    internal static ServiceHealth? Of(string service, string uid, IReadOnlyList<ProxyServicePort> ports)
    {
        if (ports.Count == 0 || ports[0].HealthCheckNodePort == 0)
            return null;
        int slash = service.IndexOf('/', StringComparison.Ordinal);
        int local = ports.SelectMany(static p => p.Endpoints).Where(static e => e is { IsLocal: true, IsReady: true }).Select(static e => e.Address).Distinct(StringComparer.Ordinal).Count();
        return new ServiceHealth(service[..slash], service[(slash + 1)..], uid, (ushort)ports[0].HealthCheckNodePort, local);
    }
}
