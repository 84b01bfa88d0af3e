using System.Collections.Immutable;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Edge;

/// <summary>A port of the node that a pod has: by hostPort, or because it has the node's network and names the port.</summary>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="Address">hostIP; null for every address of the node.</param>
/// <param name="Port">The port.</param>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Its uid.</param>
public sealed record HostPortClaim(IpProtocol Protocol, Ipv4Address? Address, ushort Port, string Namespace, string Name, string Uid)
{
    /// <summary>The ports of a pod; SCTP and IPv6 addresses are not among them.</summary>
    /// <param name="pod">The pod.</param>
    public static ImmutableArray<HostPortClaim> Of(V1Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        bool isHosts = pod.Spec.HostNetwork == true;
        return [.. pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).SelectMany(static c => c.Ports ?? []).Select(p => Of(pod.Metadata, p, isHosts)).OfType<HostPortClaim>().Distinct()];
    }

    private static HostPortClaim? Of(V1ObjectMeta pod, V1ContainerPort port, bool isHosts)
    {
        // With the node's network hostPort is containerPort, and may be left out.
        int number = port.HostPort ?? (isHosts ? port.ContainerPort : 0);
        if (number is < 1 or > ushort.MaxValue || (port.Protocol ?? "TCP") is not ("TCP" or "UDP"))
            return null;
        Ipv4Address? address = null;
        if (port.HostIP is not (null or "" or "0.0.0.0"))
        {
            if (!Ipv4Address.TryParse(port.HostIP, out Ipv4Address one))
                return null;
            address = one;
        }

        return new HostPortClaim(port.Protocol == "UDP" ? IpProtocol.Udp : IpProtocol.Tcp, address, (ushort)number, pod.NamespaceProperty ?? "", pod.Name, pod.Uid ?? "");
    }
}
