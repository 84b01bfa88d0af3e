using System.Net;
using System.Net.Sockets;

namespace ActorNet.Cli.Lab;

/// <summary>
/// Where the hosts of a one-machine lab listen: 127.0.10.1, .2, ... with the usual ports. A system that binds only 127.0.0.1 (macOS), or
/// the environment variable ACTORNET_SINGLE_LOOPBACK=1, gives them that one address with ports apart; ports that are taken are passed over.
/// </summary>
internal sealed record LabAddress(string Address, int ControlPort, int ApiPort, int KubeletPort, int UnderlayPort, int LanPort, string NodeIp)
{
    /// <summary>The options that say it.</summary>
    public IEnumerable<string> Options =>
        ["--control-port", $"{ControlPort}", "--api-port", $"{ApiPort}", "--kubelet-port", $"{KubeletPort}", "--underlay-port", $"{UnderlayPort}", "--lan-port", $"{LanPort}", "--node-ip", NodeIp];

    /// <summary>host:port of the control link.</summary>
    public string Control => $"{Address}:{ControlPort}";

    /// <summary>Chooses addresses for a lab.</summary>
    /// <param name="hosts">How many.</param>
    public static IReadOnlyList<LabAddress> Choose(int hosts)
    {
        bool apart = Environment.GetEnvironmentVariable("ACTORNET_SINGLE_LOOPBACK") == "1" || !CanBind("127.0.10.1");
        var chosen = new List<LabAddress>();
        int control = Host.HostOptions.DefaultControlPort;
        int api = Host.HostOptions.DefaultApiPort, kubelet = Host.HostOptions.DefaultKubeletPort;
        int underlay = Packets.VxlanView.LinuxPort, lan = Host.HostOptions.DefaultLanPort;
        for (int i = 0; i < hosts; i++)
        {
            string address = apart ? "127.0.0.1" : $"127.0.10.{i + 1}";
            control = FirstFree(address, control, ProtocolType.Tcp);
            api = FirstFree(address, api, ProtocolType.Tcp);
            kubelet = FirstFree(address, kubelet, ProtocolType.Tcp);
            underlay = FirstFree(address, underlay, ProtocolType.Udp);
            // One above the other may be free only by itself: they must not meet where the hosts share an address.
            lan = FirstFree(address, apart ? Math.Max(lan, underlay + 1) : lan, ProtocolType.Udp);
            chosen.Add(new LabAddress(address, control, api, kubelet, underlay, lan, $"192.168.56.{11 + i}"));
            if (apart)
            {
                control++;
                api++;
                kubelet++;
                underlay = lan + 1;
                lan += 2;
            }
        }

        return chosen;
    }

    private static bool CanBind(string address)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FirstFree(string address, int from, ProtocolType protocol)
    {
        for (int port = from; port < from + 200; port++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), port));
                return port;
            }
            catch (SocketException)
            {
                // Taken: the next one is tried.
            }
        }

        throw new UsageException($"no free {protocol} port on {address} from {from} to {from + 199}. End what holds them, or wait.");
    }
}
