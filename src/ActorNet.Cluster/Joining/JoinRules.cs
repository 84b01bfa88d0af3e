using ActorNet.Cluster.Membership;
using ActorNet.Kubernetes.Nodes;
using ActorNet.Kubernetes.Selectors;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Cluster.Joining;

/// <summary>What about a host does not fit a cluster, each a sentence with what was found, what was expected and what to do.</summary>
internal static class JoinRules
{
    /// <summary>Judges a host by what it says of itself and by the cluster's Nodes.</summary>
    public static IEnumerable<string> Problems(JoinApplication host, JoinTerms terms, IReadOnlyCollection<V1Node> nodes)
    {
        if (host.Protocol != terms.Protocol)
        {
            yield return $"Version: host {terms.Host} of the cluster speaks version {terms.Protocol} of the hosts' protocol, this host version {host.Protocol}. Start the actornet here that the cluster's hosts run{Running(terms)}.";
            // What else it says may mean something else.
            yield break;
        }

        foreach (string problem in OfReleases(host, terms))
            yield return problem;

        if (!ObjectNames.IsLabel(host.Name) || host.Name is "localhost" or "kubernetes")
        {
            yield return "Name: a DNS label of small letters, digits and '-', at most 63 characters, was expected, and neither localhost nor kubernetes. Give this host another --name.";
            yield break;
        }

        // kubeadm's rule (kubernetes cmd/kubeadm/app/phases: a Node of this name that is Ready must be deleted, or the new one be named otherwise).
        if (nodes.FirstOrDefault(node => node.Metadata.Name == host.Name) is { } same && IsReady(same))
            yield return $"Name: the cluster has a node {host.Name} already, and it is Ready ({AddressOf(same)}). Give this host another --name; if it is to replace that one, take that one out first (`actornet leave` there); if it is that one, start it with its state directory.";
        V1Node[] others = [.. nodes.Where(node => node.Metadata.Name != host.Name)];
        if (!Ipv4Address.TryParse(host.Address, out Ipv4Address address) || !Ipv4Address.TryParse(host.NodeIp, out Ipv4Address nodeIp))
        {
            yield return $"Address: '{host.Address}' and '{host.NodeIp}' are to be IPv4 addresses.";
            yield break;
        }

        foreach (string problem in OfAddresses(address, nodeIp, others))
            yield return problem;
        foreach (string problem in OfPodNetwork(host, terms, address, nodeIp, others))
            yield return problem;
    }

    private static IEnumerable<string> OfReleases(JoinApplication host, JoinTerms terms)
    {
        if (!Release.TryParse(host.Release, out Release own))
            yield break;
        foreach ((string name, string running) in terms.Releases)
        {
            // A host that joins in the place of a member of its name is not beside that one.
            if (name != host.Name && Release.TryParse(running, out Release its) && Release.Misfit(own, $"host {name} of the cluster", its) is { } misfit)
            {
                yield return $"Version: {misfit}";
                yield break;
            }
        }
    }

    private static string Running(JoinTerms terms) => terms.Releases.IsEmpty ? "" : $": {string.Join(", ", terms.Releases.Values.Distinct())}";

    private static IEnumerable<string> OfAddresses(Ipv4Address address, Ipv4Address nodeIp, V1Node[] others)
    {
        foreach (V1Node other in others)
        {
            // Both addresses stand in the certificate, so each must be nobody else's, as whatever the other has it. Hosts of one machine may share a loopback address.
            if (AddressOf(other) is var its && (its == nodeIp.ToString() || (!address.IsLoopback && its == address.ToString())))
                yield return $"Address: node {other.Metadata.Name} has {its} already. Give this host an address of its own (--address, --node-ip); if {other.Metadata.Name} is gone for good, delete it: kubectl delete node {other.Metadata.Name}.";
            else if (FlannelAnnotations.Read(other).Lease is { Underlay.Address: var end } && !end.IsLoopback && (end == address || end == nodeIp))
                yield return $"Address: the tunnel of node {other.Metadata.Name} ends at {end} already. Give this host an address of its own (--address, --node-ip); if {other.Metadata.Name} is gone for good, delete it: kubectl delete node {other.Metadata.Name}.";
        }
    }

    private static IEnumerable<string> OfPodNetwork(JoinApplication host, JoinTerms terms, Ipv4Address address, Ipv4Address nodeIp, V1Node[] others)
    {
        var pods = Ipv4Prefix.Parse(terms.ClusterCidr);
        if (pods.Contains(address) || pods.Contains(nodeIp))
            yield return $"Address: {(pods.Contains(address) ? address : nodeIp)} lies in the pods' network {pods}, so nothing could tell the host from a pod. Give an address outside (--address, --node-ip), or form the cluster with another --cluster-cidr.";
        if (host.PodCidr is null)
            yield break;
        if (!Ipv4Prefix.TryParse(host.PodCidr, out Ipv4Prefix wanted) || wanted.Length != terms.NodeMask || !pods.Contains(wanted.Network))
        {
            yield return $"Pod network: {host.PodCidr} is no /{terms.NodeMask} of the cluster's {pods}. Give one of its parts with --pod-cidr, or leave it out; a state directory of another cluster has to go (--state-dir).";
            yield break;
        }

        foreach (V1Node other in others)
        {
            if (Ipv4Prefix.TryParse(other.Spec?.PodCIDR ?? "", out Ipv4Prefix taken) && taken.Overlaps(wanted))
                yield return $"Pod network: {wanted} overlaps {taken}, which node {other.Metadata.Name} has. Give another --pod-cidr, or leave it out: the cluster then chooses.";
        }
    }

    private static bool IsReady(V1Node node) => node.Status?.Conditions?.Any(static condition => condition is { Type: "Ready", Status: "True" }) == true;

    private static string AddressOf(V1Node node) => node.Status?.Addresses?.FirstOrDefault(static each => each.Type == "InternalIP")?.Address ?? "";
}
