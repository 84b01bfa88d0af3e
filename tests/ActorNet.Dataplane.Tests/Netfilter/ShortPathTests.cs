using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Neighbours;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Tests.Ip;
using ActorNet.Packets;
using CsCheck;
using static ActorNet.Dataplane.Tests.Ip.Packets;
using static ActorNet.Dataplane.Tests.Netfilter.NetfilterBench;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>The short path of established connections is never to be seen: the same packets with it and without come out alike and are counted alike.</summary>
public sealed class ShortPathTests
{
    private const string ManyRules =
        "*mangle\n-A PREROUTING -j MARK --set-xmark 0x1/0x1\n-A POSTROUTING -m mark --mark 0x1/0x1 -m comment --comment out\nCOMMIT\n*nat\n-A PREROUTING -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9:8080\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n*filter\n:F - [0:0]\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\n-A FORWARD -j F\n-A F -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n";

    [Fact]
    public void With_any_rules_and_packets_output_counters_and_connections_are_the_same()
    {
        long taken = 0;
        Gen.Select(TrafficRules.All, Step.Any.Array[1, 60]).Sample(
            (rules, steps) =>
            {
                rules = rules.Replace("tun", "eth", StringComparison.Ordinal);
                using NetfilterBench with = Make(rules, true);
                using NetfilterBench without = Make(rules, false);
                var state = new Dictionary<int, (uint Client, uint Server)>();
                foreach (Step step in steps)
                {
                    string a = step.Run(with, rules, state, out (uint, uint) numbers);
                    string b = step.Run(without, rules, state, out _);
                    state[step.Flow] = numbers;
                    Assert.Equal(b, a);
                    Assert.Equal(Seen(without), Seen(with));
                }

                Interlocked.Add(ref taken, with.Netfilter.ShortPathPackets);
                Assert.Equal(0, without.Netfilter.ShortPathPackets);
            },
            iter: 400,
            threads: 1);
        // Else nothing was tested.
        Assert.True(taken > 400, $"{taken} packets took the short path");
    }

    [Fact]
    public void Every_rule_that_a_walk_would_count_is_counted()
    {
        using NetfilterBench bench = Make(ManyRules, true);
        Open(bench);
        for (int i = 0; i < 10; i++)
            Assert.Equal("10.0.1.1:40000 > 10.0.1.9:8080", Describe(Assert.Single(bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001)).ToServers)));
        Assert.Equal(10, bench.Netfilter.ShortPathPackets);
        string saved = bench.Netfilter.Save(DateTimeOffset.UnixEpoch, counters: true);
        Assert.Contains("[13:520] -A PREROUTING -j MARK", saved, StringComparison.Ordinal);
        Assert.Contains("[13:520] -A FORWARD -j F", saved, StringComparison.Ordinal);
        Assert.Contains("[12:480] -A F -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", saved, StringComparison.Ordinal);
        Assert.Contains("[13:520] -A POSTROUTING -m mark --mark 0x1/0x1", saved, StringComparison.Ordinal);
        Assert.Contains("[1:40] -A PREROUTING -d 10.96.0.1/32", saved, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_packets_count_while_a_program_is_carried_out_stays_counted(bool shortPath)
    {
        using NetfilterBench bench = Make(ManyRules, shortPath);
        Open(bench);
        byte[] data = Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001);
        RestoreRun run = bench.Netfilter.Begin(RestoreProgram.Read("*mangle\n-A POSTROUTING -m comment --comment one\n-A POSTROUTING -m comment --comment two\nCOMMIT\n", false, "iptables-restore"), noFlush: true);
        RestoreResult? result;
        int sent = 0;
        do
        {
            Assert.Single(bench.FromClient(data).ToServers);
            sent++;
            result = run.Advance(1);
        }
        while (result is null);
        Assert.Equal(RestoreResult.Success, result);
        Assert.True(sent > 3, $"{sent} pieces");
        string saved = bench.Netfilter.Save(DateTimeOffset.UnixEpoch, counters: true);
        // The three of the handshake, and those.
        Assert.Contains($":POSTROUTING ACCEPT [{sent + 3}:{(sent + 3) * 40}]", saved, StringComparison.Ordinal);
        Assert.Contains($"[{sent + 3}:{(sent + 3) * 40}] -A POSTROUTING -m mark", saved, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rule")]
    [InlineData("route")]
    [InlineData("neighbour")]
    [InlineData("address")]
    [InlineData("device")]
    public void A_change_is_in_force_for_the_next_packet(string what)
    {
        using NetfilterBench bench = Make(ManyRules, true);
        Open(bench);
        byte[] data = Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001);
        Assert.Single(bench.FromClient(data).ToServers);
        Assert.Equal(1, bench.Netfilter.ShortPathPackets);
        switch (what)
        {
            case "rule":
                Assert.Equal(RestoreResult.Success, bench.Netfilter.Restore("*filter\n-I FORWARD 1 -p tcp -j DROP\nCOMMIT\n", noFlush: true));
                Assert.Empty(bench.FromClient(data).ToServers);
                break;
            case "route":
                Assert.Equal(RouteError.None, bench.Bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.0.1.9/32"), Gateway = NamespaceBench.Ip("10.0.0.10") }));
                (List<byte[]> toClients, List<byte[]> toServers) = bench.FromClient(data);
                Assert.Empty(toServers);
                Assert.Single(toClients);
                break;
            case "neighbour":
                bench.Bench.Know("eth1", Server, "02:00:00:00:00:55");
                bench.Bench.Eth0.Arrive(Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, data));
                Assert.Equal("02:00:00:00:00:55", MacAddress.Read(Assert.Single(bench.Bench.Eth1.TakeSent())).ToString());
                break;
            case "address":
                // The client's address becomes the router's own: its packets are martians.
                bench.Bench.Namespace.AddAddress(bench.Bench.In1, InterfaceAddress.Parse($"{Client}/32"));
                Assert.Empty(bench.FromClient(data).ToServers);
                break;
            default:
                bench.Bench.Eth1.SetUp(false);
                bench.Bench.Namespace.DeviceChanged(bench.Bench.Eth1);
                Assert.Empty(bench.FromClient(data).ToServers);
                break;
        }

        // A neighbour's new address needs no walk: it is the neighbour that has it.
        Assert.Equal(what == "neighbour" ? 2 : 1, bench.Netfilter.ShortPathPackets);
    }

    [Theory]
    [InlineData("-m limit --limit 5/sec")]
    [InlineData("-m statistic --mode nth --every 2 --packet 0")]
    [InlineData("-m recent --set --name A")]
    [InlineData("-p tcp -m tcp --tcp-flags PSH PSH")]
    [InlineData("-m connmark --mark 0x1/0x1")]
    [InlineData("-m conntrack --ctexpire 1:100")]
    [InlineData("-m conntrack --ctstatus ASSURED")]
    public void A_rule_that_may_tell_packets_of_one_connection_apart_keeps_all_on_the_long_way(string match)
    {
        using NetfilterBench bench = Make(ManyRules, true);
        Assert.Equal(RestoreResult.Success, bench.Netfilter.Restore($"*filter\n-A FORWARD {match}\nCOMMIT\n"));
        Open(bench);
        for (int i = 0; i < 3; i++)
            Assert.Single(bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001)).ToServers);
        Assert.Equal(0, bench.Netfilter.ShortPathPackets);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_packet_of_an_established_connection_allocates_nothing(bool shortPath)
    {
        using NetfilterBench bench = Make(ManyRules, shortPath);
        Open(bench);
        bench.Bench.Eth1.Discard = true;
        byte[] data = Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001, 100));
        void Turn()
        {
            bench.Bench.Frames.TryRentVector(out FrameVector vector);
            for (int i = 0; i < FrameVector.Capacity; i++)
            {
                bench.Bench.Frames.TryRentFrame(data.Length, out Frame frame);
                data.CopyTo(frame.Span);
                vector.Add(frame);
            }

            bench.Bench.Eth0.Receive(vector);
        }

        for (int i = 0; i < 100; i++)
            Turn();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200; i++)
            Turn();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(shortPath ? 300L * FrameVector.Capacity : 0, bench.Netfilter.ShortPathPackets);
    }

    [Fact]
    public void Between_pods_of_one_node_frames_take_it_too()
    {
        const string rules = "*nat\n-A PREROUTING -d 10.96.1.2/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.244.1.3:8080\n-A POSTROUTING -s 10.244.1.3/32 -d 10.244.1.3/32 -j MASQUERADE\nCOMMIT\n*filter\n-A FORWARD -i cni0 -o cni0 -m conntrack --ctstate RELATED,ESTABLISHED\nCOMMIT\n";
        using var with = new BridgedNode(rules);
        using var without = new BridgedNode(rules, shortPath: false);
        foreach (int pod in new[] { 0, 1 })
        {
            int port = 40000 + pod;
            string from = BridgedNode.Ip(pod);
            Both(n => n.FromPod(pod, Tcp(from, "10.96.1.2", port, 80, TcpFlags.Syn)));
            // To itself it is the gateway that seems to ask.
            MacAddress asker = pod == 1 ? BridgedNode.BridgeMac : BridgedNode.Mac(0);
            string seen = pod == 1 ? "10.244.1.1" : from;
            Both(n => n.Arrive(1, asker, Tcp(BridgedNode.Ip(1), seen, 8080, port, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001)));
            for (uint i = 0; i < 5; i++)
            {
                Both(n => n.FromPod(pod, Tcp(from, "10.96.1.2", port, 80, TcpFlags.Ack, 1001 + (i * 10), 5001 + (i * 20), 10)));
                Both(n => n.Arrive(1, asker, Tcp(BridgedNode.Ip(1), seen, 8080, port, TcpFlags.Ack, 5001 + (i * 20), 1011 + (i * 10), 20)));
            }
        }

        // Of each direction the first is noted: 4 of 5, and of answers, whose first is the SYN-ACK, 5 of 5.
        Assert.Equal(2 * (4 + 5), with.Netfilter!.ShortPathPackets);
        Assert.Equal(without.Netfilter!.Save(DateTimeOffset.UnixEpoch, counters: true), with.Netfilter.Save(DateTimeOffset.UnixEpoch, counters: true));
        Assert.Equal(without.Connections(), with.Connections());

        void Both(Func<BridgedNode, List<(string Device, byte[] Frame)>> send)
        {
            List<(string Device, byte[] Frame)> a = send(with);
            List<(string Device, byte[] Frame)> b = send(without);
            Assert.NotEmpty(a);
            Assert.Equal(b.Select(static f => $"{f.Device} {Convert.ToHexString(f.Frame)}"), a.Select(static f => $"{f.Device} {Convert.ToHexString(f.Frame)}"));
        }
    }

    private static NetfilterBench Make(string rules, bool shortPath)
    {
        var bench = new NetfilterBench(rules, new NetfilterOptions { ShortPath = shortPath }, static o => o with { IcmpRateMask = 0 });
        Assert.Equal(RouteError.None, bench.Bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.96.0.0/16"), Gateway = NamespaceBench.Ip(Server) }));
        return bench;
    }

    // A handshake through the service: the last packet of it is the first of an established connection in its direction.
    private static void Open(NetfilterBench bench)
    {
        bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Syn));
        bench.FromServer(Tcp(Server, "10.0.1.1", 8080, 40000, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001));
        Assert.Single(bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001)).ToServers);
    }

    private static string Seen(NetfilterBench bench)
    {
        NetworkNamespace ns = bench.Bench.Namespace;
        return string.Join('\n', bench.Netfilter.Save(DateTimeOffset.UnixEpoch, counters: true), bench.Netfilter.ListConnections(), bench.Netfilter.ListStatistics(),
            string.Join(' ', ns.Drops.Snapshot().OrderBy(static d => d.Key)), $"{ns.Ip.InReceives} {ns.Ip.ForwDatagrams} {ns.Ip.InHdrErrors} {ns.Ip.FragOKs} {ns.Ip.InDiscards} {bench.Netfilter.Logged}");
    }

    /// <summary>A packet of one of a few connections, or a change of what they meet.</summary>
    private sealed record Step(int Flow, int Kind, int Variant)
    {
        public static readonly Gen<Step> Any = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 19], Gen.Int[0, 9], static (f, k, v) => new Step(f, k, v));

        private string Destination => Flow switch { 0 or 1 => "10.96.0.1", 2 => Server, _ => "10.0.1.10" };

        private int Port => 40_000 + Flow;

        /// <summary>Does it to one of the two; what came out is the answer.</summary>
        public string Run(NetfilterBench bench, string rules, Dictionary<int, (uint Client, uint Server)> state, out (uint Client, uint Server) numbers)
        {
            numbers = state.GetValueOrDefault(Flow);
            (uint client, uint server) = numbers;
            switch (Kind)
            {
                case 0:
                    Change(bench, rules);
                    return "";
                case 1:
                    bench.Bench.Advance(TimeSpan.FromSeconds(Variant * 3));
                    return "";
                case 2 or 3:
                    numbers = (1001, 5001);
                    string opened = Text(bench.FromClient(Segment(TcpFlags.Syn, 1000, 0)));
                    opened += Text(bench.FromServer(Answer(bench, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001)));
                    return opened + Text(bench.FromClient(Segment(TcpFlags.Ack, 1001, 5001)));
                case 4 or 5:
                    return Text(bench.FromClient(Udp(Client, Destination, Port, 53, 20))) + Text(bench.FromServer(Udp(Server, "10.0.1.1", 53, Port))) + Text(bench.FromServer(Udp(Server, Client, 53, Port)));
                case 6 when Variant < 5:
                    // Never answered: every packet begins something.
                    return Text(bench.FromClient(Udp(Client, Destination, Port, 5353, Variant)));
                case 6:
                    return Text(bench.FromClient(Ipv4(Client, Destination, 1, Icmp(8, 0, (uint)Port << 16, new byte[16])))) + Text(bench.FromServer(Ipv4(Server, Client, 1, Icmp(0, 0, (uint)Port << 16, new byte[16]))));
                case 7:
                    return Text(bench.FromClient(Segment(Variant == 0 ? TcpFlags.Rst : TcpFlags.Fin | TcpFlags.Ack, client, server)));
                case 8:
                    return Text(bench.FromServer(Answer(bench, TcpFlags.Fin | TcpFlags.Ack, server, client)));
                case 9:
                    return Text(bench.FromClient(Odd(Segment(TcpFlags.Ack, client, server, 10))));
                case 10 or 11 or 12:
                    numbers = (client, server + 20);
                    return Text(bench.FromServer(Answer(bench, TcpFlags.Ack, server, client, 20)));
                case 13:
                    numbers = (client + 3000, server);
                    return Train(bench, client, server);
                default:
                    numbers = (client + 10, server);
                    return Text(bench.FromClient(Segment(Variant == 1 ? TcpFlags.Ack | TcpFlags.Psh : TcpFlags.Ack, client, server, 10)));
            }
        }

        private byte[] Segment(TcpFlags flags, uint sequence, uint ack, int data = 0) => Tcp(Client, Destination, Port, 80, flags, sequence, ack, data);

        // From whatever tuple the connection's answers have.
        private byte[] Answer(NetfilterBench bench, TcpFlags flags, uint sequence, uint ack, int data = 0)
        {
            string? line = bench.Connections().FirstOrDefault(l => l.StartsWith("tcp", StringComparison.Ordinal) && l.Contains($"sport={Port} ", StringComparison.Ordinal));
            if (line is null)
                return Tcp(Server, Client, 80, Port, flags, sequence, ack, data);
            string[] words = line[line.LastIndexOf("src=", StringComparison.Ordinal)..].Split(' ');
            string Value(int i) => words[i][(words[i].IndexOf('=', StringComparison.Ordinal) + 1)..];
            return Tcp(Value(0), Value(1), int.Parse(Value(2), null), int.Parse(Value(3), null), flags, sequence, ack, data);
        }

        // What routing looks at, or conntrack takes for wrong.
        private byte[] Odd(byte[] packet)
        {
            switch (Variant)
            {
                case 0:
                    return Ipv4(Client, Destination, 6, packet[20..], ttl: 1);
                case 1:
                    return Ipv4(Client, Destination, 6, packet[20..], options: [1, 1, 1, 0]);
                case 2:
                    return Ipv4(Client, Destination, 6, packet[20..40], flagsAndOffset: 0x2000);
                case 3:
                    return Tcp(Client, Destination, Port, 80, TcpFlags.Ack, 0x7000_0000, 1, 10);
                case 4:
                    packet[37] ^= 0xFF;
                    return packet;
                default:
                    return Tcp(Client, Destination, Port, 80, TcpFlags.Ack, 1001, 5001, 1400 + (Variant * 20));
            }
        }

        private string Train(NetfilterBench bench, uint client, uint server)
        {
            FrameCache frames = bench.Bench.Frames;
            byte[][] segments = [.. Enumerable.Range(0, 3).Select(i => Segment(i == 2 ? TcpFlags.Ack | TcpFlags.Psh : TcpFlags.Ack, client + (uint)(i * 1000), server, 1000))];
            Assert.True(FrameTrain.TryRent(frames, 1020, 3, 0, out Frame train));
            for (int i = 0; i < 3; i++)
                segments[i].AsSpan(20).CopyTo(FrameTrain.SpanOf(train, i));
            train.Push(34);
            Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, segments[0]).AsSpan(0, 34).CopyTo(train.Span);
            Assert.True(frames.TryRentVector(out FrameVector vector));
            vector.Add(train);
            bench.Bench.Eth0.Receive(vector);
            return string.Join(' ', bench.Bench.Eth0.TakeSent().Concat(bench.Bench.Eth1.TakeSent()).Select(Convert.ToHexString));
        }

        private void Change(NetfilterBench bench, string rules)
        {
            NetworkNamespace ns = bench.Bench.Namespace;
            switch (Variant)
            {
                case 0:
                    bench.Netfilter.Restore("*filter\n-I FORWARD 1 -p tcp -m comment --comment more\nCOMMIT\n", noFlush: true);
                    break;
                case 1:
                    bench.Netfilter.Restore(rules);
                    break;
                case 2:
                    ns.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.0.1.10/32"), Gateway = NamespaceBench.Ip(Server) });
                    break;
                case 3:
                    ns.DeleteRoute(new Route { Destination = Ipv4Prefix.Parse("10.0.1.10/32") });
                    break;
                case 4:
                    ns.SetNeighbour("eth1", NamespaceBench.Ip(Server), MacAddress.Parse(NamespaceBench.HostMac), NeighbourState.Stale);
                    break;
                case 5:
                    ns.RemoveNeighbour("eth1", NamespaceBench.Ip(Server));
                    break;
                case 6:
                    bench.Netfilter.DeleteConnections(IpProtocol.Udp, static (_, _) => true);
                    break;
                default:
                    bench.Bench.Know("eth1", Server, $"02:00:00:00:00:{0x60 + Variant:x2}");
                    break;
            }
        }

        private static string Text((List<byte[]> ToClients, List<byte[]> ToServers) sent) =>
            string.Join(' ', sent.ToClients.Select(static p => "c" + Convert.ToHexString(p)).Concat(sent.ToServers.Select(static p => "s" + Convert.ToHexString(p))));
    }
}
