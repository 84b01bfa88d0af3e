using System.Net;
using System.Net.Sockets;
using System.Text.Json.Serialization;
using ActorNet.Cli.Host;
using ActorNet.Cli.Lab.Linux;
using ActorNet.Packets;

namespace ActorNet.Cli.Lab;

/// <summary>
/// Where a host of a one-machine lab listens: 127.0.10.1, .2, ... with the usual ports. A system that binds only 127.0.0.1 (macOS), or
/// the environment variable ACTORNET_SINGLE_LOOPBACK=1, gives all of them that one address with ports apart; there ports that are taken are passed over.
/// </summary>
internal sealed record LabAddress(string Address, int ControlPort, int ApiPort, int KubeletPort, int StorePort, int UnderlayPort, int LanPort, string NodeIp)
{
    /// <summary>The first host's address when none is given.</summary>
    public const string DefaultFirst = "127.0.10.1";

    private const string SingleLoopback = "127.0.0.1";
    private const int PortsTried = 200;

    /// <summary>The options that say it.</summary>
    [JsonIgnore]
    public IEnumerable<string> Options =>
        ["--control-port", $"{ControlPort}", "--api-port", $"{ApiPort}", "--kubelet-port", $"{KubeletPort}", "--store-port", $"{StorePort}", "--underlay-port", $"{UnderlayPort}", "--lan-port", $"{LanPort}", "--node-ip", NodeIp];

    /// <summary>host:port of the control link.</summary>
    [JsonIgnore]
    public string Control => $"{Address}:{ControlPort}";

    private IEnumerable<(ProtocolType Protocol, int Port)> Ports =>
        [(ProtocolType.Tcp, ControlPort), (ProtocolType.Tcp, ApiPort), (ProtocolType.Tcp, KubeletPort), (ProtocolType.Tcp, StorePort), (ProtocolType.Udp, UnderlayPort), (ProtocolType.Udp, LanPort)];

    /// <summary>Chooses free places for the hosts of a lab that nobody has to find again: ports that are taken are passed over.</summary>
    /// <param name="hosts">How many.</param>
    /// <exception cref="UsageException">There are not as many free ports.</exception>
    public static IReadOnlyList<LabAddress> Choose(int hosts) => Choose(hosts, Ipv4Address.Parse(DefaultFirst));

    /// <summary>
    /// Chooses places for a lab that ends with this process: addresses of its own, so that two that start at the same moment do not look at the same ports.
    /// </summary>
    /// <param name="hosts">How many.</param>
    /// <exception cref="UsageException">There are not as many free ports.</exception>
    public static IReadOnlyList<LabAddress> ChooseForThisProcess(int hosts)
    {
        // 127.64.0.1 to 127.127.255.1, by the process id.
        var first = new Ipv4Address(0x7F40_0001u | (((uint)Environment.ProcessId & 0x3FFF) << 8));
        return Choose(hosts, first);
    }

    /// <summary>The places of a lab's hosts: each has an address of its own and the usual ports.</summary>
    /// <param name="hosts">How many.</param>
    /// <param name="first">The first host's address.</param>
    /// <exception cref="UsageException">A port is taken; the message names all that are, and by whom.</exception>
    public static IReadOnlyList<LabAddress> Plan(int hosts, Ipv4Address first)
    {
        if (NeedsPortsApart(first, hosts))
            return Apart(hosts);
        LabAddress[] planned = [.. Enumerable.Range(0, hosts).Select(i => At(first, i))];
        string[] taken = [.. planned.SelectMany(static at => at.Ports.Where(p => !IsFree(at.Address, p.Port, p.Protocol)).Select(p => Describe(at.Address, p.Port, p.Protocol)))];
        return taken.Length == 0
            ? planned
            : throw new UsageException($"these ports are taken, nothing was started:\n  {string.Join("\n  ", taken)}\nEnd what holds them, or give the lab other addresses: --address 127.0.20.1.");
    }

    private static List<LabAddress> Choose(int hosts, Ipv4Address first) =>
        NeedsPortsApart(first, hosts) ? Apart(hosts) : [.. Enumerable.Range(0, hosts).Select(i => Free(At(first, i)))];

    private static LabAddress At(Ipv4Address first, int index) => new(
        new Ipv4Address(first.Value + (uint)index).ToString(), HostOptions.DefaultControlPort, HostOptions.DefaultApiPort, HostOptions.DefaultKubeletPort, HostOptions.DefaultStorePort, VxlanView.LinuxPort, HostOptions.DefaultLanPort, NodeIpOf(index));

    private static string NodeIpOf(int index) => $"192.168.56.{11 + index}";

    private static LabAddress Free(LabAddress at) => at with
    {
        ControlPort = FirstFree(at.Address, at.ControlPort, ProtocolType.Tcp),
        ApiPort = FirstFree(at.Address, at.ApiPort, ProtocolType.Tcp),
        KubeletPort = FirstFree(at.Address, at.KubeletPort, ProtocolType.Tcp),
        StorePort = FirstFree(at.Address, at.StorePort, ProtocolType.Tcp),
        UnderlayPort = FirstFree(at.Address, at.UnderlayPort, ProtocolType.Udp),
        LanPort = FirstFree(at.Address, at.LanPort, ProtocolType.Udp),
    };

    private static List<LabAddress> Apart(int hosts)
    {
        var chosen = new List<LabAddress>();
        var next = new LabAddress(SingleLoopback, HostOptions.DefaultControlPort, HostOptions.DefaultApiPort, HostOptions.DefaultKubeletPort, HostOptions.DefaultStorePort, VxlanView.LinuxPort, 0, "");
        for (int i = 0; i < hosts; i++)
        {
            // The two UDP ports are neighbours and must not meet, neither in a host nor with the next one's.
            int underlay = FirstFree(SingleLoopback, next.UnderlayPort, ProtocolType.Udp);
            LabAddress free = Free(next with { UnderlayPort = underlay, LanPort = underlay + 1 }) with { NodeIp = NodeIpOf(i) };
            chosen.Add(free);
            next = new LabAddress(SingleLoopback, free.ControlPort + 1, free.ApiPort + 1, free.KubeletPort + 1, free.StorePort + 1, free.LanPort + 1, 0, "");
        }

        return chosen;
    }

    private static bool NeedsPortsApart(Ipv4Address first, int hosts) =>
        Environment.GetEnvironmentVariable("ACTORNET_SINGLE_LOOPBACK") == "1" || Enumerable.Range(0, hosts).Any(i => !IsFree(At(first, i).Address, 0, ProtocolType.Udp));

    private static string Describe(string address, int port, ProtocolType protocol)
    {
        string place = $"{(protocol == ProtocolType.Tcp ? "TCP" : "UDP")} {address}:{port}";
        return OperatingSystem.IsLinux() && ProcessTable.OwnerOf(protocol == ProtocolType.Tcp, IPAddress.Parse(address), port) is { } owner
            ? $"{place} by process {owner.Id} ({owner.Name})"
            : place;
    }

    private static bool IsFree(string address, int port, ProtocolType protocol)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FirstFree(string address, int from, ProtocolType protocol)
    {
        for (int port = from; port < from + PortsTried; port++)
        {
            if (IsFree(address, port, protocol))
                return port;
        }

        throw new UsageException($"no free {protocol} port on {address} from {from} to {from + PortsTried - 1}. End what holds them, or wait.");
    }
}
