using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Packets;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>
/// Which UDP connections of Services lead to an endpoint that does not serve any more (kubernetes pkg/proxy/conntrack/cleanup.go CleanStaleEntries):
/// they would go on leading there as long as a client sends. A Service without any serving endpoint keeps its connections. TCP is never touched.
/// </summary>
public sealed class StaleFlows
{
    private readonly Dictionary<(Ipv4Address Address, ushort Port), HashSet<(Ipv4Address Address, ushort Port)>> _frontends = [];
    private readonly Dictionary<ushort, HashSet<(Ipv4Address Address, ushort Port)>> _nodePorts = [];

    private StaleFlows()
    {
    }

    /// <summary>Whether a UDP connection is to be deleted.</summary>
    /// <param name="original">Tuple of its first packet.</param>
    /// <param name="reply">Tuple of an answer.</param>
    public bool IsStale(ConntrackTuple original, ConntrackTuple reply)
    {
        if (!_frontends.TryGetValue((original.Destination, original.DestinationPort), out var serving) && !_nodePorts.TryGetValue(original.DestinationPort, out serving))
            return false;
        return !serving.Contains((reply.Source, reply.SourcePort));
    }

    /// <summary>Takes the UDP ports of Services; null when none has a serving endpoint.</summary>
    internal static StaleFlows? Of(IEnumerable<ProxyServicePort> ports)
    {
        var flows = new StaleFlows();
        foreach (ProxyServicePort port in ports.Where(static p => p.Protocol == "udp"))
        {
            var serving = new HashSet<(Ipv4Address, ushort)>(port.Endpoints.Count);
            foreach (ProxyEndpoint endpoint in port.Endpoints)
            {
                if (endpoint.IsServing)
                    serving.Add((Ipv4Address.Parse(endpoint.Address), (ushort)endpoint.Port));
            }

            if (serving.Count == 0)
                continue;
            foreach (string address in port.ExternalIPs.Concat(port.LoadBalancerIPs).Prepend(port.ClusterIP))
                flows._frontends[(Ipv4Address.Parse(address), (ushort)port.Port)] = serving;
            if (port.NodePort != 0)
                flows._nodePorts[(ushort)port.NodePort] = serving;
        }

        return flows._frontends.Count == 0 ? null : flows;
    }
}
