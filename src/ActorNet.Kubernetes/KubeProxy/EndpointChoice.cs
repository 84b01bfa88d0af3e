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
    /// <param name="zone">This node's zone, or null.</param>
    internal static EndpointChoice Of(ProxyServicePort port, string? zone)
    {
        List<ProxyEndpoint> endpoints = Sorted(port.Endpoints);
        List<ProxyEndpoint> cluster = [];
        if (port.UsesClusterEndpoints)
        {
            cluster = [.. ForHere([.. endpoints.Where(static e => e.IsReady)], zone)];
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
        List<ProxyEndpoint> all = UsedOf(endpoints, cluster, local);
        foreach (ProxyEndpoint endpoint in all)
            endpoint.NameChain(port);
        return new EndpointChoice(cluster, local, all, any);
    }

    // Of one address:port told of twice the local one counts; the order is that of the text.
    private static List<ProxyEndpoint> Sorted(IReadOnlyList<ProxyEndpoint> told)
    {
        List<ProxyEndpoint> endpoints = [.. told];
        endpoints.Sort(static (a, b) => string.CompareOrdinal(a.Text, b.Text) is not 0 and var order ? order : b.IsLocal.CompareTo(a.IsLocal));
        int kept = 0;
        for (int i = 0; i < endpoints.Count; i++)
        {
            if (kept == 0 || endpoints[kept - 1].Text != endpoints[i].Text)
                endpoints[kept++] = endpoints[i];
        }

        endpoints.RemoveRange(kept, endpoints.Count - kept);
        return endpoints;
    }

    private static List<ProxyEndpoint> UsedOf(List<ProxyEndpoint> endpoints, List<ProxyEndpoint> cluster, List<ProxyEndpoint> local)
    {
        if (cluster.Count == endpoints.Count)
            return cluster;
        if (local.Count == 0)
            return cluster;
        var used = new HashSet<ProxyEndpoint>(cluster.Concat(local), ReferenceEqualityComparer.Instance);
        return endpoints.FindAll(used.Contains);
    }

    private static bool IsLeaving(ProxyEndpoint endpoint) => endpoint is { IsServing: true, IsTerminating: true };

    // canUseTopology (1.32): hints count when every endpoint has one and one of them means this zone. Those of nodes came with 1.33 (KEP-3015).
    private static IEnumerable<ProxyEndpoint> ForHere(List<ProxyEndpoint> ready, string? zone)
    {
        if (zone is not null && ready.Count > 0 && ready.TrueForAll(static e => e.ZoneHints.Count > 0) && ready.Exists(e => e.ZoneHints.Contains(zone)))
            return ready.Where(e => e.ZoneHints.Contains(zone));
        return ready;
    }
}
