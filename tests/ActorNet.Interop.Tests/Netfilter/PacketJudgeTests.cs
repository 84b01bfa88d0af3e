using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Tests.Ip;
using ActorNet.Dataplane.Tests.Netfilter;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Interop.Tests.TcpScripts;
using ActorNet.Packets;
using CsCheck;
using NetworkNamespace = ActorNet.Interop.Tests.Netns.NetworkNamespace;

namespace ActorNet.Interop.Tests.Netfilter;

/// <summary>
/// The kernel as packet judge: the same random rules in a kernel namespace and in ours, the same packets into both. What comes out has to be the
/// same byte for byte, and at the end the counters of every rule and the table of connections too: by them marks and states are compared as well.
/// </summary>
public sealed partial class PacketJudgeTests
{
    private const int RuleSets = 40;
    private const int FlowsPerRuleSet = 16;

    [Fact]
    public async Task The_same_packets_meet_the_same_fate_in_the_kernel()
    {
        Need.Namespaces();
        Need.Tool("iptables-legacy-restore", "iptables-legacy-save");
        await TunDevice.EnsureNodeAsync();
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        for (uint seed = 1; seed <= RuleSets; seed++)
        {
            string rules = TrafficRules.All.Generate(new PCG(seed, 0x1CE), null, out _);
            await JudgeAsync(await lab.AddNamespaceAsync($"r{seed}"), rules, seed);
        }
    }

    private static async Task JudgeAsync(NetworkNamespace ns, string rules, uint seed)
    {
        using TunDevice left = NamespaceSocket.Open(ns, static () => TunDevice.Open("tun0"));
        using TunDevice right = NamespaceSocket.Open(ns, static () => TunDevice.Open("tun1"));
        await ConfigureAsync(ns);
        (await ns.TryExecAsync(["iptables-legacy-restore"], TimeSpan.FromSeconds(60), rules)).EnsureSuccess();
        // Our devices are eth0 and eth1 where the kernel's are tun0 and tun1.
        using NetfilterBench ours = Make(rules, shortPath: true);
        using NetfilterBench walking = Make(rules, shortPath: false);
        var pair = new Pair(left, right, [ours, walking]);
        foreach (Flow flow in Flow.Any.Array[FlowsPerRuleSet].Generate(new PCG(seed, 0xF10), null, out _).Select(static (f, i) => f with { Port = 20_000 + i }))
            Run(pair, flow, rules);
        await CompareTablesAsync(ns, ours, rules);
        await CompareTablesAsync(ns, walking, rules);
    }

    internal static NetfilterBench Make(string rules, bool shortPath)
    {
        var ours = new NetfilterBench(rules.Replace("tun", "eth", StringComparison.Ordinal), new NetfilterOptions { ShortPath = shortPath }, static o => o with { IcmpRateMask = 0 });
        foreach (int host in Enumerable.Range(2, 20))
        {
            ours.Bench.Know("eth0", $"10.0.0.{host}");
            ours.Bench.Know("eth1", $"10.0.1.{host}");
        }

        Assert.Equal(RouteError.None, ours.Bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.96.0.0/16"), Gateway = NamespaceBench.Ip("10.0.1.9") }));
        return ours;
    }

    internal static async Task ConfigureAsync(NetworkNamespace ns)
    {
        await ns.SetSysctlAsync("net.ipv4.ip_forward", "1");
        await ns.SetSysctlAsync("net.ipv4.icmp_ratemask", "0");
        foreach (string device in new[] { "tun0", "tun1" })
        {
            await ns.SetSysctlAsync($"net.ipv4.conf.{device}.rp_filter", "0");
            await ns.SetSysctlAsync($"net.ipv4.conf.{device}.send_redirects", "0");
            await ns.IpAsync($"addr add 10.0.{device[^1]}.1/24 dev {device}");
            await ns.IpAsync($"link set {device} mtu 1500 up");
        }

        await ns.SetSysctlAsync("net.ipv4.conf.all.rp_filter", "0");
        await ns.SetSysctlAsync("net.ipv4.conf.all.send_redirects", "0");
        // An unroutable address would bring ip_error's own limit in, which counts real time.
        await ns.IpAsync("route add 10.96.0.0/16 via 10.0.1.9 dev tun1");
        // The shortest life is 10 s; our time stands still and a busy machine's does not.
        await ns.SetSysctlAsync("net.netfilter.nf_conntrack_tcp_timeout_close", "300");
    }

    // One flow: the first packet, and what a server would answer to what reached it, to the end.
    private static void Run(Pair pair, Flow flow, string rules)
    {
        string client = $"10.0.0.{flow.Host}";
        switch (flow.Kind)
        {
            case FlowKind.Tcp:
                RunTcp(pair, flow, client, rules);
                break;
            case FlowKind.Udp:
                byte[]? request = pair.Send(true, NetfilterBench.Udp(client, flow.Destination, flow.Port, flow.DestinationPort), rules);
                if (request is not null && flow.Ending == 0)
                    pair.Send(false, Error(request), rules);
                else if (request is not null)
                    pair.Send(false, Reverse(request, 0, 0, 0), rules);
                // After an answer and two seconds a flow is assured: a third packet would depend on the time.
                if (flow.Ending == 0)
                    pair.Send(true, NetfilterBench.Udp(client, flow.Destination, flow.Port, flow.DestinationPort, 20), rules);
                break;
            default:
                byte[]? echo = pair.Send(true, Dataplane.Tests.Ip.Packets.Ipv4(client, flow.Destination, 1, Dataplane.Tests.Ip.Packets.Icmp(8, 0, (uint)flow.Port << 16, new byte[16])), rules);
                if (echo is not null)
                    pair.Send(false, EchoReply(echo), rules);
                break;
        }
    }

    private static void RunTcp(Pair pair, Flow flow, string client, string rules)
    {
        byte[] Segment(TcpFlags flags, uint sequence, uint ack, int data = 0) =>
            NetfilterBench.Tcp(client, flow.Destination, flow.Port, flow.DestinationPort, flags, sequence, ack, data);
        byte[]? syn = pair.Send(true, Segment(TcpFlags.Syn, 1000, 0), rules);
        if (syn is null)
            return;
        if (flow.Ending == 0)
        {
            // Refused by the server.
            pair.Send(false, Reverse(syn, 0, 1001, TcpFlags.Rst | TcpFlags.Ack), rules);
            return;
        }

        pair.Send(false, Reverse(syn, 5000, 1001, TcpFlags.Syn | TcpFlags.Ack), rules);
        pair.Send(true, Segment(TcpFlags.Ack, 1001, 5001), rules);
        pair.Send(true, Segment(TcpFlags.Ack | TcpFlags.Psh, 1001, 5001, 100), rules);
        pair.Send(false, Reverse(syn, 5001, 1101, TcpFlags.Ack), rules);
        if (flow.Ending == 1)
        {
            // Far out of window: invalid.
            pair.Send(true, Segment(TcpFlags.Ack, 0x7000_0000, 5001, 10), rules);
            pair.Send(true, Segment(TcpFlags.Rst, 1101, 0), rules);
            return;
        }

        pair.Send(true, Segment(TcpFlags.Fin | TcpFlags.Ack, 1101, 5001), rules);
        pair.Send(false, Reverse(syn, 5001, 1102, TcpFlags.Fin | TcpFlags.Ack), rules);
        pair.Send(true, Segment(TcpFlags.Ack, 1102, 5002), rules);
        // And again from TIME-WAIT.
        pair.Send(true, Segment(TcpFlags.Syn, 900_000, 0), rules);
    }

    // The packet back: addresses and ports exchanged; TCP with these numbers.
    internal static byte[] Reverse(byte[] packet, uint sequence, uint ack, TcpFlags flags)
    {
        string source = Address(packet, 16);
        string destination = Address(packet, 12);
        int sourcePort = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(22));
        int destinationPort = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(20));
        return packet[9] == 6
            ? NetfilterBench.Tcp(source, destination, sourcePort, destinationPort, flags, sequence, ack)
            : NetfilterBench.Udp(source, destination, sourcePort, destinationPort, 30);
    }

    private static byte[] Error(byte[] packet) =>
        Dataplane.Tests.Ip.Packets.Ipv4(Address(packet, 16), Address(packet, 12), 1, Dataplane.Tests.Ip.Packets.Icmp(3, 3, 0, packet));

    private static byte[] EchoReply(byte[] echo) =>
        Dataplane.Tests.Ip.Packets.Ipv4(Address(echo, 16), Address(echo, 12), 1, Dataplane.Tests.Ip.Packets.Icmp(0, 0, BinaryPrimitives.ReadUInt32BigEndian(echo.AsSpan(24)), echo[28..]));

    private static string Address(byte[] packet, int offset) => new Ipv4Address(BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(offset))).ToString();

    private static async Task CompareTablesAsync(NetworkNamespace ns, NetfilterBench ours, string rules)
    {
        string kernel = (await ns.ExecAsync("iptables-legacy-save", "-c")).Output;
        string own = ours.Netfilter.Save(DateTimeOffset.UnixEpoch, counters: true).Replace("eth", "tun", StringComparison.Ordinal);
        Assert.True(Rules(kernel) == Rules(own), $"{rules}\nkernel:\n{Rules(kernel)}\nours:\n{Rules(own)}");
        string entries = (await ns.ExecAsync("cat", "/proc/net/nf_conntrack")).Output;
        string[] kernelConnections = [.. entries.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static l => l.StartsWith("ipv4", StringComparison.Ordinal)).Select(Connection).Order(StringComparer.Ordinal)];
        string[] ownConnections = [.. ours.Connections().Select(Connection).Order(StringComparer.Ordinal)];
        Assert.Equal(kernelConnections, ownConnections);
    }

    // Rules with their counters, table by table.
    internal static string Rules(string saved)
    {
        string table = "";
        var lines = new List<string>();
        foreach (string line in saved.Split('\n'))
        {
            if (line.StartsWith('*'))
                table = line;
            else if (line.StartsWith('[') || line.StartsWith(':'))
                lines.Add($"{table} {line}");
        }

        return string.Join('\n', lines.OrderBy(static l => l.Split(' ')[0], StringComparer.Ordinal));
    }

    // Time left and reference counts aside; /proc has the zone and the layer in addition.
    internal static string Connection(string line) =>
        Clutter().Replace(Time().Replace(line, "$1 ", 1), "").Trim();

    [GeneratedRegex(@"^(?:ipv4\s+2 )?(\w+\s+\d+) \d+ ")]
    private static partial Regex Time();

    [GeneratedRegex(@"(zone=\d+ )?use=\d+")]
    private static partial Regex Clutter();

    /// <summary>A flow to be.</summary>
    private sealed record Flow(FlowKind Kind, int Host, int Port, string Destination, int DestinationPort, int Ending)
    {
        internal static readonly Gen<Flow> Any = Gen.Select(
            Gen.OneOfConst(FlowKind.Tcp, FlowKind.Tcp, FlowKind.Udp, FlowKind.Icmp),
            Gen.Int[7, 12],
            Gen.OneOfConst("10.96.0.1", "10.96.0.1", "10.0.1.9", "10.0.1.10", "10.96.0.2"),
            Gen.OneOfConst(80, 80, 53, 8081),
            Gen.Int[0, 3],
            static (kind, host, destination, port, ending) => new Flow(kind, host, 0, destination, kind == FlowKind.Udp ? 53 : port, ending));
    }

    private enum FlowKind
    {
        Tcp,
        Udp,
        Icmp,
    }

    /// <summary>The kernel's router and ours, with the short path and without. A write to a TUN device runs the kernel's whole way before it returns, so nothing has to be waited for.</summary>
    internal sealed class Pair(TunDevice left, TunDevice right, NetfilterBench[] ours)
    {
        /// <summary>Gives each a packet and compares what they send; the answer is what came out at the far side.</summary>
        internal byte[]? Send(bool fromClient, byte[] packet, string rules)
        {
            (fromClient ? left : right).Write(packet);
            List<byte[]> kernelLeft = Drain(left);
            List<byte[]> kernelRight = Drain(right);
            string what = $"{NetfilterBench.Describe(packet)}\n{rules}";
            foreach (NetfilterBench own in ours)
            {
                (List<byte[]> ownLeft, List<byte[]> ownRight) = fromClient ? own.FromClient(packet) : own.FromServer(packet);
                Same(kernelLeft, ownLeft, "to clients", what);
                Same(kernelRight, ownRight, "to servers", what);
            }

            return (fromClient ? kernelRight : kernelLeft).FirstOrDefault();
        }

        internal static List<byte[]> Drain(TunDevice device)
        {
            var packets = new List<byte[]>();
            while (device.Read(TimeSpan.Zero) is { } packet)
                packets.Add(packet);
            return packets;
        }

        private static void Same(List<byte[]> kernel, List<byte[]> own, string where, string what)
        {
            string k = string.Join('\n', kernel.Select(Hex));
            string o = string.Join('\n', own.Select(Hex));
            Assert.True(k == o, $"{where}: {what}\nkernel:\n{string.Join('\n', kernel.Select(NetfilterBench.Describe))}\n{k}\nours:\n{string.Join('\n', own.Select(NetfilterBench.Describe))}\n{o}");
        }

        // What a router makes itself has an identification of its own choice, and with it the header's checksum.
        internal static string Hex(byte[] packet)
        {
            byte[] copy = [.. packet];
            copy.AsSpan(4, 2).Clear();
            copy.AsSpan(10, 2).Clear();
            return Convert.ToHexString(copy).ToLower(CultureInfo.InvariantCulture);
        }
    }
}
