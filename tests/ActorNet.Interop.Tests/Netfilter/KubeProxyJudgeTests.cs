using System.Buffers.Binary;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Tests.Netfilter;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Interop.Tests.TcpScripts;
using ActorNet.Kubernetes.Kubelet.HostPorts;
using ActorNet.Kubernetes.KubeProxy;
using ActorNet.Packets;
using CsCheck;
using k8s.Models;
using NetworkNamespace = ActorNet.Interop.Tests.Netns.NetworkNamespace;

namespace ActorNet.Interop.Tests.Netfilter;

/// <summary>
/// The kernel as packet judge of kube-proxy's rules: the program of random Services in a kernel namespace and in ours, with the short path and without, and
/// the same flows through all three; beside them pods with host ports, whose rules the kernel is given one by one by the real iptables, as CNI's portmap
/// gives them. What comes out is the same, and counters and connections at the end; where chance has a part, by membership: of several
/// endpoints each has to choose one of the Service's, and a port by --random-fully is one of its class.
/// </summary>
public sealed partial class KubeProxyJudgeTests
{
    private const int RuleSets = 18;
    private const int FlowsPerRuleSet = 32;
    private const int Services = 8;
    private const string NodeIp = "10.0.0.1";
    private const string FarNodeIp = "10.0.1.1";

    [Fact]
    public async Task Flows_to_services_meet_the_same_fate_in_the_kernel()
    {
        Need.Namespaces();
        Need.Tool("iptables-legacy-restore", "iptables-legacy-save");
        await TunDevice.EnsureNodeAsync();
        await using NetnsLab lab = await NetnsLab.CreateAsync();
        long shortened = 0;
        for (uint seed = 1; seed <= RuleSets; seed++)
        {
            // In every third set Services have several endpoints.
            IReadOnlyList<Service> ports = [.. Enumerable.Range(0, Services).Select(i => PortOf(i, seed % 3 == 0, new PCG(seed, (ulong)(0xA0 + i))))];
            HostPod[] pods = [.. Enumerable.Range(0, 2).Select(i => PodOf(i, new PCG(seed, (ulong)(0xB0 + i))))];
            shortened += await JudgeAsync(await lab.AddNamespaceAsync($"p{seed}"), ports, pods, seed);
        }

        // Over all: of one set every flow may be UDP or refused.
        Assert.True(shortened > 0, "no packet took the short path, so nothing was judged about it");
    }

    // Hosts 8 to 11 of the clients' net are the node's pods. Two of one number cannot be: the scheduler and kubelet refuse them.
    private static HostPod PodOf(int index, PCG random)
    {
        string protocol = random.Next(3) == 0 ? "udp" : "tcp";
        string? address = random.Next(3) == 0 ? NodeIp : null;
        return new HostPod($"10.0.0.{8 + (2 * index) + (int)random.Next(2)}", protocol, 31_900 + index, address);
    }

    private static Service PortOf(int index, bool several, PCG random)
    {
        bool Chance(uint of) => random.Next(of) == 0;
        string protocol = Chance(3) ? "udp" : "tcp";
        // Hosts 8 to 12 of the clients' net are pods too: one may reach itself.
        Endpoint Chosen(int n)
        {
            bool local = Chance(3);
            return new Endpoint(local ? $"10.0.0.{8 + random.Next(4)}" : $"10.0.1.{2 + n + (int)random.Next(4)}", local, !Chance(8), Chance(8));
        }

        int endpoints = Chance(8) ? 0 : several ? 3 : 1;
        return new Service
        {
            Name = $"s{index}",
            Protocol = protocol,
            ClusterIP = $"10.96.0.{index + 1}",
            Port = protocol == "udp" ? 53 : 80,
            NodePort = Chance(2) ? 30_000 + index : 0,
            ExternalIPs = Chance(4) ? [$"10.96.1.{index + 1}"] : [],
            LoadBalancerIPs = Chance(3) ? [$"10.96.2.{index + 1}"] : [],
            LoadBalancerSourceRanges = Chance(2) ? ["10.0.0.8/30"] : [],
            IsExternalLocal = Chance(4),
            IsInternalLocal = Chance(6),
            AffinitySeconds = Chance(3) ? 10_800 : 0,
            Endpoints = [.. Enumerable.Range(0, endpoints).Select(Chosen).DistinctBy(static e => e.Address)],
        };
    }

    // How many packets took the short path.
    private static async Task<long> JudgeAsync(NetworkNamespace ns, IReadOnlyList<Service> ports, HostPod[] pods, uint seed)
    {
        using TunDevice left = NamespaceSocket.Open(ns, static () => TunDevice.Open("tun0"));
        using TunDevice right = NamespaceSocket.Open(ns, static () => TunDevice.Open("tun1"));
        await PacketJudgeTests.ConfigureAsync(ns);
        var options = new ProxyOptions { Node = "n1", ClusterCidr = "10.0.0.8/29", NodeAddresses = [NodeIp], HasAccounting = false };
        var state = new ProxyState(options);
        state.Apply(new ServiceChanges
        {
            IsWhole = true,
            Services = [.. ports.Select(static p => KeyValuePair.Create($"default/{p.Name}", (V1Service?)p.ToService()))],
            Slices = [.. ports.Select(static p => KeyValuePair.Create($"default/{p.Name}-x", (V1EndpointSlice?)p.ToSlice()))],
        });
        string program = state.Next()!.Text;
        using NetfilterBench ours = PacketJudgeTests.Make("", shortPath: true);
        using NetfilterBench walking = PacketJudgeTests.Make("", shortPath: false);
        foreach (NetfilterBench own in new[] { ours, walking })
        {
            Assert.Equal(RestoreResult.Success, own.Netfilter.Ensure(NodeRules.KubeProxy));
            Assert.Equal(RestoreResult.Success, own.Netfilter.Restore(program, noFlush: true, counters: true));
        }

        (await ns.TryExecAsync(["iptables-legacy-restore"], TimeSpan.FromSeconds(60), ours.Netfilter.Save(DateTimeOffset.UnixEpoch))).EnsureSuccess();
        HostPortRules[] mapped = [.. pods.Select(static p => p.Rules)];
        string commands = string.Join('\n', mapped.SelectMany(static m => m.Added).Select(Command));
        (await ns.TryExecAsync(["sh", "-e"], TimeSpan.FromSeconds(60), commands)).EnsureSuccess();
        foreach (NetfilterBench own in new[] { ours, walking })
            Assert.All(mapped, m => Assert.Equal(RestoreResult.Success, own.Netfilter.Ensure(m.Added)));
        program += commands;
        Side[] sides =
        [
            new((fromClient, packet) =>
            {
                (fromClient ? left : right).Write(packet);
                return (PacketJudgeTests.Pair.Drain(left), PacketJudgeTests.Pair.Drain(right));
            }),
            new((fromClient, packet) => fromClient ? ours.FromClient(packet) : ours.FromServer(packet)),
            new((fromClient, packet) => fromClient ? walking.FromClient(packet) : walking.FromServer(packet)),
        ];
        var random = new PCG(seed, 0xF1);
        for (int i = 0; i < FlowsPerRuleSet; i++)
            new Flow(sides, random.Next(4) == 0 ? pods[random.Next((uint)pods.Length)].AsService : ports[(int)random.Next(Services)], $"10.0.0.{7 + random.Next(6)}", 20_000 + i, (int)random.Next(6), program).Run();
        await CompareAsync(ns, [ours, walking], ports, program);
        // DEL, by the real iptables-restore and by ours: the rules of the pods are gone, all else is as it was.
        foreach (HostPortRules each in mapped)
        {
            (await ns.TryExecAsync(["iptables-legacy-restore", "--noflush"], TimeSpan.FromSeconds(60), each.Removal)).EnsureSuccess();
            Assert.Equal(RestoreResult.Success, ours.Netfilter.Restore(each.Removal, noFlush: true));
            Assert.Equal(RestoreResult.Success, walking.Netfilter.Restore(each.Removal, noFlush: true));
        }

        await CompareAsync(ns, [ours, walking], ports, program, policies: false);
        Assert.DoesNotContain("CNI-DN-", ours.Netfilter.Save(DateTimeOffset.UnixEpoch), StringComparison.Ordinal);
        Assert.Equal(0, walking.Netfilter.ShortPathPackets);
        return ours.Netfilter.ShortPathPackets;
    }

    // As the plugin does it: a chain is made where there is none, a rule is put there where it is not.
    private static string Command(EnsuredRule rule)
    {
        string table = $"iptables-legacy -w -t {rule.Table}";
        return rule.Rule is null
            ? $"{table} -n -L {rule.Chain} >/dev/null 2>&1 || {table} -N {rule.Chain}"
            : $"{table} -C {rule.Chain} {rule.Rule} 2>/dev/null || {table} -{(rule.Prepend ? 'I' : 'A')} {rule.Chain} {rule.Rule}";
    }

    // Without policies: the legacy iptables-restore begins the counters of a table's built-in chains anew when it deletes from it.
    private static async Task CompareAsync(NetworkNamespace ns, NetfilterBench[] ours, IReadOnlyList<Service> ports, string program, bool policies = true)
    {
        bool chance = ports.Any(static p => p.Endpoints.Count > 1);
        string kernel = PacketJudgeTests.Rules((await ns.ExecAsync("iptables-legacy-save", "-c")).Output);
        string entries = (await ns.ExecAsync("cat", "/proc/net/nf_conntrack")).Output;
        string[] kernelConnections = [.. entries.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static l => l.StartsWith("ipv4", StringComparison.Ordinal)).Select(l => Connection(l, chance)).Order(StringComparer.Ordinal)];
        foreach (NetfilterBench own in ours)
        {
            string rules = PacketJudgeTests.Rules(own.Netfilter.Save(DateTimeOffset.UnixEpoch, counters: true).Replace("eth", "tun", StringComparison.Ordinal));
            // What a random rule did not take, the next counts: then only what the rules are is the same.
            Assert.True(Comparable(kernel) == Comparable(rules), $"{program}\nkernel:\n{kernel}\nours:\n{rules}");
            Assert.Equal(kernelConnections, own.Connections().Select(l => Connection(l, chance)).Order(StringComparer.Ordinal));
        }

        string Comparable(string saved) => chance ? Counters().Replace(saved, "") : policies ? saved : Policies().Replace(saved, "$1");
    }

    // The reply tuple has the chosen endpoint as its source, and where the node's address is its destination a port by chance; which of the node's
    // addresses, and whether at all, depends on the endpoint too: one is the client itself.
    private static string Connection(string line, bool chance)
    {
        string text = PacketJudgeTests.Connection(line);
        int reply = text.LastIndexOf("src=", StringComparison.Ordinal);
        string answer = Masqueraded().Replace(text[reply..], "$1dport=R");
        return text[..reply] + (chance ? Answerer().Replace(answer, "src=E dst=D sport=E dport=R") : answer);
    }

    [GeneratedRegex(@"(:\w+ ACCEPT )\[\d+:\d+\]")]
    private static partial Regex Policies();

    [GeneratedRegex(@"\[\d+:\d+\]")]
    private static partial Regex Counters();

    [GeneratedRegex(@"(dst=10\.0\.[01]\.1 sport=\d+ )dport=\d+")]
    private static partial Regex Masqueraded();

    [GeneratedRegex(@"src=\S+ dst=\S+ sport=\d+ dport=\w+")]
    private static partial Regex Answerer();

    /// <summary>A Service of one port.</summary>
    private sealed record Service
    {
        internal required string Name { get; init; }

        internal required string Protocol { get; init; }

        internal required string ClusterIP { get; init; }

        internal required int Port { get; init; }

        internal int NodePort { get; init; }

        internal string[] ExternalIPs { get; init; } = [];

        internal string[] LoadBalancerIPs { get; init; } = [];

        internal string[] LoadBalancerSourceRanges { get; init; } = [];

        internal bool IsExternalLocal { get; init; }

        internal bool IsInternalLocal { get; init; }

        internal int AffinitySeconds { get; init; }

        internal IReadOnlyList<Endpoint> Endpoints { get; init; } = [];

        private string Type => LoadBalancerIPs.Length > 0 ? "LoadBalancer" : NodePort != 0 ? "NodePort" : "ClusterIP";

        internal V1Service ToService() => new()
        {
            Metadata = new V1ObjectMeta { Name = Name, NamespaceProperty = "default" },
            Spec = new V1ServiceSpec
            {
                Type = Type,
                ClusterIP = ClusterIP,
                ExternalIPs = ExternalIPs,
                LoadBalancerSourceRanges = LoadBalancerSourceRanges,
                ExternalTrafficPolicy = IsExternalLocal ? "Local" : "Cluster",
                InternalTrafficPolicy = IsInternalLocal ? "Local" : "Cluster",
                SessionAffinity = AffinitySeconds > 0 ? "ClientIP" : "None",
                SessionAffinityConfig = new V1SessionAffinityConfig { ClientIP = new V1ClientIPConfig { TimeoutSeconds = AffinitySeconds } },
                Ports = [new V1ServicePort { Name = "p", Port = Port, Protocol = Protocol.ToUpperInvariant(), NodePort = NodePort == 0 ? null : NodePort }],
            },
            Status = new V1ServiceStatus { LoadBalancer = new V1LoadBalancerStatus { Ingress = [.. LoadBalancerIPs.Select(static ip => new V1LoadBalancerIngress { Ip = ip, IpMode = "VIP" })] } },
        };

        internal V1EndpointSlice ToSlice() => new()
        {
            AddressType = "IPv4",
            Metadata = new V1ObjectMeta { Name = Name + "-x", NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = Name } },
            Ports = [new Discoveryv1EndpointPort { Name = "p", Port = 8000, Protocol = Protocol.ToUpperInvariant() }],
            Endpoints = [.. Endpoints.Select(static e => new V1Endpoint { Addresses = [e.Address], NodeName = e.IsLocal ? "n1" : "n2", Conditions = new V1EndpointConditions { Ready = e.IsReady, Serving = true, Terminating = e.IsTerminating } })],
        };
    }

    /// <summary>A pod of the node with a host port.</summary>
    private sealed record HostPod(string Address, string Protocol, int Port, string? HostIp)
    {
        internal HostPortRules Rules => HostPortRules.Of(
            new V1Pod { Spec = new V1PodSpec { Containers = [new V1Container { Ports = [new V1ContainerPort { ContainerPort = 8000, HostPort = Port, HostIP = HostIp, Protocol = Protocol.ToUpperInvariant() }] }] } },
            $"sandbox{Port}", Ipv4Address.Parse(Address), Ipv4Prefix.Parse("10.0.0.8/29"))!;

        /// <summary>What a flow to it is like: one endpoint, by the node's address.</summary>
        internal Service AsService => new()
        {
            Name = $"hostport-{Port}",
            Protocol = Protocol,
            ClusterIP = NodeIp,
            Port = Port,
            NodePort = HostIp is null ? Port : 0,
            Endpoints = [new Endpoint(Address, true, true, false)],
        };
    }

    private sealed record Endpoint(string Address, bool IsLocal, bool IsReady, bool IsTerminating)
    {
        internal string Text => $"{Address}:8000";
    }

    /// <summary>One of those who are compared.</summary>
    /// <param name="Send">Gives it a packet from the clients' side or the other; what it sends to either.</param>
    private sealed record Side(Func<bool, byte[], (List<byte[]> Left, List<byte[]> Right)> Send)
    {
        /// <summary>Which endpoint a client was given, by service.</summary>
        internal Dictionary<(string Service, string Client), string> Given { get; } = [];
    }

    /// <summary>A client's flow to a Service.</summary>
    private sealed class Flow(Side[] sides, Service service, string client, int port, int way, string program)
    {
        private bool IsTcp => service.Protocol == "tcp";

        private (string Address, int Port) Target => way switch
        {
            0 when service.NodePort != 0 => (NodeIp, service.NodePort),
            1 when service.NodePort != 0 => (FarNodeIp, service.NodePort),
            2 when service.ExternalIPs.Length > 0 => (service.ExternalIPs[0], service.Port),
            3 when service.LoadBalancerIPs.Length > 0 => (service.LoadBalancerIPs[0], service.Port),
            _ => (service.ClusterIP, service.Port),
        };

        internal void Run()
        {
            (bool Right, byte[] Packet)[] there = ToEndpoint(FromClient(TcpFlags.Syn, 1000, 0));
            if (there.Length == 0)
                return;
            Answer(there, 5000, 1001, TcpFlags.Syn | TcpFlags.Ack);
            if (!IsTcp)
                return;
            ToEndpoint(FromClient(TcpFlags.Ack, 1001, 5001));
            ToEndpoint(FromClient(TcpFlags.Ack | TcpFlags.Psh, 1001, 5001, 100));
            Answer(there, 5001, 1101, TcpFlags.Ack);
            ToEndpoint(FromClient(TcpFlags.Fin | TcpFlags.Ack, 1101, 5001));
            Answer(there, 5001, 1102, TcpFlags.Fin | TcpFlags.Ack);
            ToEndpoint(FromClient(TcpFlags.Ack, 1102, 5002));
        }

        private byte[] FromClient(TcpFlags flags, uint sequence, uint ack, int data = 0) => IsTcp
            ? NetfilterBench.Tcp(client, Target.Address, port, Target.Port, flags, sequence, ack, data)
            : NetfilterBench.Udp(client, Target.Address, port, Target.Port);

        // To all the same packet; what reached an endpoint, for each, or nothing when it was refused.
        private (bool Right, byte[] Packet)[] ToEndpoint(byte[] packet)
        {
            (List<byte[]> Left, List<byte[]> Right)[] sent = [.. sides.Select(s => s.Send(true, packet))];
            for (int i = 0; i < sides.Length; i++)
                Same(Text(sides[0], sent[0]), Text(sides[i], sent[i]), packet);
            return sent.All(static s => Reached(s) is not null) ? [.. sent.Select(static s => Reached(s)!.Value)] : [];
        }

        // Each endpoint answers what reached it: the client gets the same from all.
        private void Answer((bool Right, byte[] Packet)[] there, uint sequence, uint ack, TcpFlags flags)
        {
            string? first = null;
            for (int i = 0; i < sides.Length; i++)
            {
                byte[] answer = PacketJudgeTests.Reverse(there[i].Packet, sequence, ack, flags);
                (List<byte[]> left, List<byte[]> right) = sides[i].Send(!there[i].Right, answer);
                Assert.Empty(right);
                string text = string.Join('\n', left.Select(PacketJudgeTests.Pair.Hex));
                Same(first ??= text, text, answer);
            }
        }

        private static (bool Right, byte[] Packet)? Reached((List<byte[]> Left, List<byte[]> Right) sent) =>
            sent.Right.Find(static p => p[9] != 1) is { } right ? (true, right) : sent.Left.Find(static p => p[9] != 1) is { } left ? (false, left) : null;

        private void Same(string kernel, string own, byte[] packet) =>
            Assert.True(kernel == own, $"{service.Name} {service.Protocol} {NetfilterBench.Describe(packet)}\nkernel: {kernel}\nours:   {own}\n{program}");

        private string Text(Side side, (List<byte[]> Left, List<byte[]> Right) sent)
        {
            bool several = service.Endpoints.Count > 1;
            // Endpoints of several may be on either side.
            IEnumerable<string> left = sent.Left.Select(p => (several && p[9] != 1 ? "" : "left ") + Text(side, p));
            return string.Join('\n', left.Concat(sent.Right.Select(p => (several && p[9] != 1 ? "" : "right ") + Text(side, p))));
        }

        // Without what chance decides, and the checksums over it, which have been found right.
        private string Text(Side side, byte[] packet)
        {
            string what = NetfilterBench.Describe(packet);
            if (packet[9] == 1)
                return PacketJudgeTests.Pair.Hex(packet);
            byte[] copy = [.. packet];
            string source = new Ipv4Address(BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(12))).ToString();
            bool masqueraded = source is NodeIp or FarNodeIp;
            if (masqueraded)
                Assert.InRange(BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(20)), 1024, 65_535);
            // Masqueraded by the device that leads to the endpoint; a client that is one of several endpoints only when it was given itself.
            if (masqueraded || (service.Endpoints.Count > 1 && service.Endpoints.Any(e => e.Address == client)))
            {
                copy.AsSpan(20, 2).Clear();
                copy.AsSpan(12, 4).Clear();
            }

            string endpoint = what.Split(" > ")[1];
            Assert.Contains(endpoint, service.Endpoints.Select(static e => e.Text));
            // Under policy Local a client may have one endpoint by the cluster's chain and another by the local one, and is on both lists then.
            if (service is { AffinitySeconds: > 0, IsExternalLocal: false, IsInternalLocal: false })
                Assert.Equal(side.Given.TryAdd((service.Name, client), endpoint) ? endpoint : side.Given[(service.Name, client)], endpoint);
            if (service.Endpoints.Count > 1)
            {
                copy.AsSpan(16, 4).Clear();
                copy.AsSpan(22, 2).Clear();
            }

            copy.AsSpan(10, 2).Clear();
            copy.AsSpan(packet[9] == 6 ? 36 : 26, 2).Clear();
            return Convert.ToHexString(copy).ToLower(CultureInfo.InvariantCulture);
        }
    }
}
