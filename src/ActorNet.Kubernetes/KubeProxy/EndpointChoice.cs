namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>Which endpoints a port's traffic may go to (kubernetes pkg/proxy/topology.go CategorizeEndpoints).</summary>
/// <param name="Cluster">For policy Cluster.</param>
/// <param name="Local">For policy Local.</param>
/// <param name="All">Those that need a chain: both, in the order of address:port.</param>
/// <param name="HasAny">Whether there are endpoints anywhere, usable here or not.</param>
internal sealed record EndpointChoice(IReadOnlyList<ProxyEndpoint> Cluster, IReadOnlyList<ProxyEndpoint> Local, IReadOnlyList<ProxyEndpoint> All, bool HasAny)
{
    /// <summary>Chooses.</summary>
    /// <param name="port">The port with its endpoints.</param>
    /// <param name="node">This node.</param>
    /// <param name="zone">This node's zone, or null.</param>
    internal static EndpointChoice Of(ProxyServicePort port, string node, string? zone)
    {
        // Of one address:port told of twice the local one counts; the order is that of the text.
        List<ProxyEndpoint> endpoints =
        [
            .. port.Endpoints.OrderBy(static e => e.Text, StringComparer.Ordinal).ThenByDescending(static e => e.IsLocal).DistinctBy(static e => e.Text),
        ];
        List<ProxyEndpoint> cluster = [];
        if (port.UsesClusterEndpoints)
        {
            cluster = [.. ForHere([.. endpoints.Where(static e => e.IsReady)], node, zone)];
            if (cluster.Count == 0)
                cluster = [.. endpoints.Where(IsLeaving)];
        }

        List<ProxyEndpoint> local = [];
        if (port.UsesLocalEndpoints)
        {
            local = [.. endpoints.Where(static e => e.IsLocal && e.IsReady)];
            if (local.Count == 0)
                local = [.. endpoints.Where(static e => e.IsLocal && IsLeaving(e))];
        }

        bool any = endpoints.Exists(static e => e.IsReady || IsLeaving(e));
        return new EndpointChoice(cluster, local, [.. endpoints.Where(e => cluster.Contains(e) || local.Contains(e))], any);
    }

    private static bool IsLeaving(ProxyEndpoint endpoint) => endpoint is { IsServing: true, IsTerminating: true };

    // topologyModeFromHints: hints count when every endpoint has one and one of them means this place.
    private static IEnumerable<ProxyEndpoint> ForHere(List<ProxyEndpoint> ready, string node, string? zone)
    {
        if (ready.Count > 0 && ready.TrueForAll(static e => e.NodeHints.Count > 0) && ready.Exists(e => e.NodeHints.Contains(node)))
            return ready.Where(e => e.NodeHints.Contains(node));
        if (zone is not null && ready.Count > 0 && ready.TrueForAll(static e => e.ZoneHints.Count > 0) && ready.Exists(e => e.ZoneHints.Contains(zone)))
            return ready.Where(e => e.ZoneHints.Contains(zone));
        return ready;
    }
}
