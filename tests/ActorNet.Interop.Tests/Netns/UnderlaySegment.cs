namespace ActorNet.Interop.Tests.Netns;

/// <summary>
/// An Ethernet segment between hosts: a bridge in a namespace of its own, so that a capture on it sees what really crosses the wire.
/// </summary>
public sealed class UnderlaySegment
{
    private const string Switch = "lan0";
    private readonly NetnsLab _lab;
    private int _ports;

    private UnderlaySegment(NetnsLab lab, NetworkNamespace ns)
    {
        _lab = lab;
        Namespace = ns;
    }

    /// <summary>The namespace of the switch; port N is the device <c>portN</c>, from 1 on in the order of attachment.</summary>
    public NetworkNamespace Namespace { get; }

    /// <summary>Makes an empty segment.</summary>
    public static async Task<UnderlaySegment> CreateAsync(NetnsLab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var segment = new UnderlaySegment(lab, await lab.AddNamespaceAsync("lan"));
        await segment.Namespace.IpAsync($"link add name {Switch} type bridge forward_delay 0 mcast_snooping 0");
        await segment.Namespace.IpAsync($"link set {Switch} up");
        return segment;
    }

    /// <summary>Gives a host's namespace an eth0 on the segment.</summary>
    /// <param name="host">The host's namespace.</param>
    /// <param name="address">Its IPv4 address, taken as a /24.</param>
    /// <returns>The name of the switch port, in <see cref="Namespace"/>.</returns>
    public async Task<string> AttachAsync(NetworkNamespace host, string address)
    {
        ArgumentNullException.ThrowIfNull(host);
        string port = $"port{++_ports}";
        await _lab.AddVethAsync(host, "eth0", Namespace, port);
        await Namespace.IpAsync($"link set {port} master {Switch}");
        await host.IpAsync($"addr add {address}/24 brd + dev eth0");
        return port;
    }
}
