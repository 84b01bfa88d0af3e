using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Packets;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.HostPorts;

/// <summary>
/// The rules that CNI's portmap plugin puts into a node's root namespace for a pod with host ports (containernetworking/plugins
/// plugins/meta/portmap/portmap_iptables.go): what is for an address of the node and the port goes to the pod. They stand behind kube-proxy's, so a
/// node port wins.
/// </summary>
public sealed class HostPortRules
{
    // "name" of flannel's CNI configuration (kube-flannel.yml, cni-conf.json).
    private const string Network = "cbr0";

    // A chain of iptables has 28 characters; multiport takes 15 ports.
    private const int ChainLength = 28;
    private const int PortsOfOneRule = 15;

    private const string SetMark = "CNI-HOSTPORT-SETMARK";
    private const string Masquerade = "CNI-HOSTPORT-MASQ";
    private const string Entry = "CNI-HOSTPORT-DNAT";
    private const string ToNode = "-m addrtype --dst-type LOCAL -j " + Entry;

    private static readonly ImmutableArray<EnsuredRule> Shared =
    [
        new("nat", SetMark),
        new("nat", SetMark, "-m comment --comment \"CNI portfwd masquerade mark\" -j MARK --set-xmark 0x2000/0x2000"),
        new("nat", Masquerade),
        new("nat", Masquerade, "-m mark --mark 0x2000/0x2000 -j MASQUERADE"),
        new("nat", "POSTROUTING", $"-m comment --comment \"CNI portfwd requiring masquerade\" -j {Masquerade}", Prepend: true),
        new("nat", Entry),
        new("nat", "PREROUTING", ToNode),
        new("nat", "OUTPUT", ToNode),
    ];

    private readonly string _chain;
    private readonly ImmutableArray<EnsuredRule> _entries;

    private HostPortRules(string chain, ImmutableArray<EnsuredRule> entries, ImmutableArray<EnsuredRule> own, ImmutableArray<ushort> udp)
    {
        (_chain, _entries, UdpPorts) = (chain, entries, udp);
        Added = [.. Shared, new("nat", chain), .. own, .. entries];
    }

    /// <summary>ADD: chains and rules, in their order.</summary>
    public ImmutableArray<EnsuredRule> Added { get; }

    /// <summary>Host ports of UDP: connections to them from before ADD are deleted, for they would go on leading elsewhere.</summary>
    public ImmutableArray<ushort> UdpPorts { get; }

    /// <summary>DEL: for iptables-restore --noflush.</summary>
    public string Removal => string.Concat(_entries.Select(static e => $"-D {e.Chain} {e.Rule}\n").Prepend("*nat\n")) + $"-F {_chain}\n-X {_chain}\nCOMMIT\n";

    /// <summary>The rules of a pod; null when it has no host port, or the node's network, where its ports are the node's anyway.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="sandbox">Identifier of its sandbox.</param>
    /// <param name="address">Its address.</param>
    /// <param name="subnet">The node's pods.</param>
    public static HostPortRules? Of(V1Pod pod, string sandbox, Ipv4Address address, Ipv4Prefix subnet)
    {
        ArgumentNullException.ThrowIfNull(pod);
        if (pod.Spec.HostNetwork == true)
            return null;
        V1ContainerPort[] ports = [.. pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).SelectMany(static c => c.Ports ?? []).Where(IsMapped)];
        if (ports.Length == 0)
            return null;
        string chain = NameOf(sandbox);
        return new HostPortRules(
            chain,
            [.. ports.GroupBy(ProtocolOf).OrderBy(static g => g.Key, StringComparer.Ordinal).SelectMany(g => EntriesOf(g.Key, g, sandbox, chain))],
            [.. ports.SelectMany(p => RulesOf(p, chain, address, subnet))],
            [.. ports.Where(static p => p.Protocol == "UDP").Select(static p => (ushort)p.HostPort!.Value)]);
    }

    /// <summary>MustFormatHashWithPrefix (pkg/utils/utils.go): a hash of network and sandbox, as long as a chain's name may be.</summary>
    internal static string NameOf(string sandbox)
    {
        string hash = Convert.ToHexStringLower(SHA512.HashData(Encoding.UTF8.GetBytes(Network + sandbox)));
        return ("CNI-DN-" + hash)[..ChainLength];
    }

    private static bool IsMapped(V1ContainerPort port) => port.HostPort is > 0 and <= ushort.MaxValue && port.ContainerPort is > 0 and <= ushort.MaxValue && AddressOf(port) is not null;

    // "" for every address of the node; null for one that is none of IPv4.
    private static string? AddressOf(V1ContainerPort port) =>
        port.HostIP is null or "" or "0.0.0.0" ? "" : Ipv4Address.TryParse(port.HostIP, out Ipv4Address address) ? address.ToString() : null;

    private static string ProtocolOf(V1ContainerPort port) => port.Protocol switch
    {
        "UDP" => "udp",
        "SCTP" => "sctp",
        _ => "tcp",
    };

    private static IEnumerable<EnsuredRule> EntriesOf(string protocol, IEnumerable<V1ContainerPort> ports, string sandbox, string chain) =>
        ports.Select(static p => p.HostPort!.Value).Distinct().Order().Chunk(PortsOfOneRule).Select(some => new EnsuredRule(
            "nat",
            Entry,
            $"-p {protocol} -m comment --comment \"dnat name: \\\"{Network}\\\" id: \\\"{sandbox}\\\"\" -m multiport --dports {string.Join(',', some)} -j {chain}"));

    // From its own node's pods and from loopback the pod would answer past the translation: they are masqueraded.
    private static EnsuredRule[] RulesOf(V1ContainerPort port, string chain, Ipv4Address address, Ipv4Prefix subnet)
    {
        string to = AddressOf(port) is { Length: > 0 } host ? $"-d {host} " : "";
        string what = string.Create(CultureInfo.InvariantCulture, $"{to}-p {ProtocolOf(port)} --dport {port.HostPort}");
        return
        [
            new("nat", chain, $"{what} -s {subnet} -j {SetMark}"),
            new("nat", chain, $"{what} -s 127.0.0.1 -j {SetMark}"),
            new("nat", chain, string.Create(CultureInfo.InvariantCulture, $"{what} -j DNAT --to-destination {address}:{port.ContainerPort}")),
        ];
    }
}
