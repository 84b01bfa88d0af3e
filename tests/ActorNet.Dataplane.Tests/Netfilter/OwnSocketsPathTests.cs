using System.Buffers.Binary;
using System.Globalization;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Tests.Ip;
using ActorNet.Packets;
using CsCheck;
using static ActorNet.Dataplane.Tests.Netfilter.NetfilterBench;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>The short path of what is for the namespace's own sockets, and from them: never to be seen either.</summary>
public sealed class OwnSocketsPathTests
{
    private const string Rules =
        "*nat\n-A OUTPUT -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9:8080\n-A PREROUTING -d 10.0.0.1/32 -p tcp -m tcp --dport 81 -j REDIRECT --to-ports 80\nCOMMIT\n*filter\n-A INPUT -m conntrack --ctstate NEW\n-A INPUT -m conntrack --ctstate ESTABLISHED\n-A OUTPUT -o eth1 -m conntrack --ctstate NEW,ESTABLISHED\nCOMMIT\n";

    [Fact]
    public void With_any_rules_what_sockets_get_and_send_is_counted_and_comes_out_the_same()
    {
        long taken = 0;
        Gen.Select(TrafficRules.All, Gen.OneOfConst("INPUT", "OUTPUT"), Gen.Select(Gen.Int[0, 2], Gen.Int[0, 11], Gen.Int[0, 9]).Array[1, 60]).Sample(
            (rules, chain, steps) =>
            {
                rules = rules.Replace("-A FORWARD", "-A " + chain, StringComparison.Ordinal).Replace("-A PREROUTING -d 10.96.0.1/32 -j S", "-A OUTPUT -d 10.96.0.1/32 -j S", StringComparison.Ordinal).Replace("tun", "eth", StringComparison.Ordinal);
                using var with = new Host(rules, true);
                using var without = new Host(rules, false);
                foreach ((int flow, int kind, int variant) in steps)
                {
                    Assert.Equal(without.Step(flow, kind, variant, rules), with.Step(flow, kind, variant, rules));
                    Assert.Equal(without.Seen(), with.Seen());
                }

                Interlocked.Add(ref taken, with.Netfilter.ShortPathPackets);
                Assert.Equal(0, without.Netfilter.ShortPathPackets);
            },
            iter: 300,
            threads: 1);
        // Else nothing was tested.
        Assert.True(taken > 300, $"{taken} packets took the short path");
    }

    [Fact]
    public void A_flow_that_is_never_answered_takes_it_and_stays_new_to_rules()
    {
        using var host = new Host(Rules, true);
        for (int i = 0; i < 10; i++)
            Assert.Equal($"delivered 10.0.0.9 > 10.0.0.1 17 {16}", host.Arrive(Udp(Client, "10.0.0.1", 40000, 53)));
        for (int i = 0; i < 10; i++)
            Assert.StartsWith("sent", host.Send(Udp("10.0.1.1", Server, 53, 40000)), StringComparison.Ordinal);
        // The first begins the connection, the second notes the path.
        Assert.Equal(16, host.Netfilter.ShortPathPackets);
        string saved = host.Netfilter.Save(DateTimeOffset.UnixEpoch, counters: true);
        Assert.Contains("[10:360] -A INPUT -m conntrack --ctstate NEW", saved, StringComparison.Ordinal);
        Assert.Contains("[0:0] -A INPUT -m conntrack --ctstate ESTABLISHED", saved, StringComparison.Ordinal);
        Assert.Contains("[10:360] -A OUTPUT -o eth1 -m conntrack --ctstate NEW,ESTABLISHED", saved, StringComparison.Ordinal);
    }

    [Fact]
    public void Translations_of_what_is_for_sockets_and_from_them_are_written_on_it()
    {
        using var host = new Host(Rules, true);
        host.Arrive(Tcp(Client, "10.0.0.1", 40000, 81, TcpFlags.Syn));
        // To itself the connection is one of port 80; to the client one of port 81.
        Assert.Equal("sent 10.0.0.1:81 > 10.0.0.9:40000", Outline(host.Send(Tcp("10.0.0.1", Client, 80, 40000, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001))));
        host.Arrive(Tcp(Client, "10.0.0.1", 40000, 81, TcpFlags.Ack, 1001, 5001));
        long before = host.Netfilter.ShortPathPackets;
        for (uint i = 0; i < 5; i++)
        {
            Assert.Equal("delivered 10.0.0.9 > 10.0.0.1 6 30 port 80", host.Arrive(Tcp(Client, "10.0.0.1", 40000, 81, TcpFlags.Ack, 1001 + (i * 10), 5001, 10)) + $" port {host.LastPort}");
            Assert.Equal("sent 10.0.0.1:81 > 10.0.0.9:40000", Outline(host.Send(Tcp("10.0.0.1", Client, 80, 40000, TcpFlags.Ack, 5001, 1011 + (i * 10)))));
        }

        Assert.Equal(before + 10, host.Netfilter.ShortPathPackets);
    }

    [Theory]
    [InlineData("rule")]
    [InlineData("route")]
    [InlineData("flush")]
    [InlineData("expiry")]
    [InlineData("address")]
    public void A_change_is_in_force_for_the_next_packet(string what)
    {
        using var host = new Host(Rules, true);
        // To a Service, from here: the route is that of the translated destination.
        host.Send(Tcp("10.0.1.1", "10.96.0.1", 40000, 80, TcpFlags.Syn));
        host.Arrive(Tcp(Server, "10.0.1.1", 8080, 40000, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001), 1);
        byte[] data = Tcp("10.0.1.1", "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001);
        host.Send(data);
        Assert.Equal("sent 10.0.1.1:40000 > 10.0.1.9:8080", Outline(host.Send(data)));
        Assert.Equal(1, host.Netfilter.ShortPathPackets);
        switch (what)
        {
            case "rule":
                Assert.Equal(RestoreResult.Success, host.Netfilter.Restore("*filter\n-I OUTPUT 1 -p tcp -j DROP\nCOMMIT\n", noFlush: true));
                Assert.Equal("NotPermitted ", host.Send(data));
                break;
            case "route":
                Assert.Equal(RouteError.None, host.Bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.0.1.9/32"), Gateway = NamespaceBench.Ip("10.0.0.10") }));
                Assert.Equal("sent 10.0.1.1:40000 > 10.0.1.9:8080 by eth0", Outline(host.Send(data)) + " by eth" + host.LastDevice.ToString(CultureInfo.InvariantCulture));
                break;
            case "flush":
                host.Netfilter.DeleteConnections(IpProtocol.Tcp, static (_, _) => true);
                Assert.Equal(RestoreResult.Success, host.Netfilter.Restore("*nat\n-F OUTPUT\nCOMMIT\n", noFlush: true));
                Assert.Equal("sent 10.0.1.1:40000 > 10.96.0.1:80", Outline(host.Send(data)));
                break;
            case "expiry":
                host.Bench.Advance(TimeSpan.FromDays(6));
                Assert.Equal(0, host.Netfilter.ConnectionCount);
                Assert.Equal("sent 10.0.1.1:40000 > 10.0.1.9:8080", Outline(host.Send(data)));
                break;
            default:
                host.Bench.Namespace.RemoveAddress(host.Bench.In1, NamespaceBench.Ip("10.0.1.1"), 24);
                Assert.Equal("none", host.Arrive(Tcp(Server, "10.0.1.1", 8080, 40000, TcpFlags.Ack, 5001, 1001), 1));
                break;
        }

        Assert.Equal(1, host.Netfilter.ShortPathPackets);
    }

    // "sent" and the ends of the one packet that left, its checksums found right.
    private static string Outline(string sent) => "sent " + Describe(Convert.FromHexString(sent.Split(' ')[^1]));

    /// <summary>A router whose own TCP and UDP take what comes and send what a test says.</summary>
    private sealed class Host : IDisposable, ITransportProtocol
    {
        private readonly NetfilterBench _bench;
        private readonly List<string> _delivered = [];
        private readonly Dictionary<int, byte[]> _sent = [];

        public Host(string rules, bool shortPath)
        {
            _bench = new NetfilterBench(rules, new NetfilterOptions { ShortPath = shortPath }, static o => o with { IcmpRateMask = 0 });
            Assert.Equal(RouteError.None, Bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.96.0.0/16"), Gateway = NamespaceBench.Ip(Server) }));
            Bench.Namespace.Register(IpProtocol.Tcp, this);
            Bench.Namespace.Register(IpProtocol.Udp, this);
        }

        public NetfilterState Netfilter => _bench.Netfilter;

        public NamespaceBench Bench => _bench.Bench;

        /// <summary>The destination port of what was last delivered.</summary>
        public int LastPort { get; private set; }

        /// <summary>The number of the device by which something last left.</summary>
        public int LastDevice { get; private set; }

        public void Receive(in DeliveryInfo info, ref Frame packet)
        {
            LastPort = BinaryPrimitives.ReadUInt16BigEndian(packet.Span[(info.HeaderLength + 2)..]);
            _delivered.Add($"delivered {info.Source} > {info.Destination} {packet.Span[9]} {packet.Length - info.HeaderLength}");
            Bench.Frames.Release(ref packet);
        }

        public void ReceiveError(in IcmpErrorInfo error)
        {
        }

        /// <summary>A packet comes in from the client's side, or the server's; what became of it.</summary>
        public string Arrive(byte[] packet, int device = 0)
        {
            (List<byte[]> clients, List<byte[]> servers) = device == 0 ? _bench.FromClient(packet) : _bench.FromServer(packet);
            string[] all = [.. _delivered, .. clients.Concat(servers).Select(Convert.ToHexString)];
            _delivered.Clear();
            return all.Length == 0 ? "none" : string.Join(' ', all);
        }

        /// <summary>A socket sends a packet, of which all but the addresses' header is taken; what left.</summary>
        public string Send(byte[] packet)
        {
            SendError error = Bench.Send(new Ipv4Address(BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(16))).ToString(), packet[9], packet[20..], r => r with { Source = new Ipv4Address(BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(12))), DontFragment = true });
            Bench.Namespace.Flush();
            List<byte[]> left = [.. Bench.Eth0.TakeSent()];
            LastDevice = left.Count > 0 ? 0 : 1;
            left.AddRange(Bench.Eth1.TakeSent());
            if (left.Count > 0)
                _sent[BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(22))] = left[^1][14..];
            return $"{(error == SendError.None ? "sent" : error)} {string.Join(' ', left.Select(static f => Convert.ToHexString(f.AsSpan(14))))}";
        }

        public string Seen()
        {
            NetworkNamespace ns = Bench.Namespace;
            return string.Join('\n', Netfilter.Save(DateTimeOffset.UnixEpoch, counters: true), Netfilter.ListConnections(), Netfilter.ListStatistics(),
                string.Join(' ', ns.Drops.Snapshot().OrderBy(static d => d.Key)), $"{ns.Ip.InReceives} {ns.Ip.InDelivers} {ns.Ip.OutRequests} {ns.Ip.OutNoRoutes} {ns.Ip.InDiscards} {Netfilter.Logged}");
        }

        public string Step(int flow, int kind, int variant, string rules)
        {
            int port = 41_000 + flow;
            (string to, int toPort) = flow == 0 ? ("10.96.0.1", 80) : (Server, 8_080);
            uint at = 1001 + ((uint)variant * 10);
            switch (kind)
            {
                case 0:
                    return Change(variant, rules);
                case 1:
                    Bench.Advance(TimeSpan.FromSeconds(variant * 4));
                    return "";
                case 2:
                    return Arrive(Tcp(Client, "10.0.0.1", port, 80, TcpFlags.Syn)) + Send(Tcp("10.0.0.1", Client, 80, port, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001)) + Arrive(Tcp(Client, "10.0.0.1", port, 80, TcpFlags.Ack, 1001, 5001));
                case 3 or 4:
                    return Arrive(Tcp(Client, "10.0.0.1", port, 80, TcpFlags.Ack, at, 5001, 10)) + Send(Tcp("10.0.0.1", Client, 80, port, TcpFlags.Ack, 5001, at + 10, variant));
                case 5:
                    return Send(Tcp("10.0.1.1", to, port, toPort, TcpFlags.Syn)) + Answer(port, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001) + Send(Tcp("10.0.1.1", to, port, toPort, TcpFlags.Ack, 1001, 5001));
                case 6 or 7:
                    return Send(Tcp("10.0.1.1", to, port, toPort, variant == 0 ? TcpFlags.Ack | TcpFlags.Psh : TcpFlags.Ack, at, 5001, 10)) + Answer(port, TcpFlags.Ack, 5001, at + 10);
                case 8:
                    return Arrive(Udp(Client, "10.0.0.1", port, 53, variant)) + (variant < 5 ? Send(Udp("10.0.0.1", Client, 53, port)) : "");
                case 9:
                    return Send(Udp("10.0.1.1", flow == 0 ? "10.96.0.1" : Server, port, 53, variant));
                case 10:
                    return variant < 5 ? Arrive(Tcp(Client, "10.0.0.1", port, 80, TcpFlags.Fin | TcpFlags.Ack, at, 5001)) : Send(Tcp("10.0.1.1", to, port, toPort, variant == 9 ? TcpFlags.Rst : TcpFlags.Fin | TcpFlags.Ack, at, 5001));
                default:
                    byte[] odd = Tcp(Client, "10.0.0.1", port, 80, TcpFlags.Ack, variant < 5 ? 0x7000_0000 : at, 5001, 10);
                    odd[37] ^= (byte)(variant == 5 ? 0xFF : 0);
                    return Arrive(odd);
            }
        }

        public void Dispose() => _bench.Dispose();

        // The server's packet to where the last one came from that left from a port.
        private string Answer(int port, TcpFlags flags, uint sequence, uint ack)
        {
            if (!_sent.TryGetValue(port, out byte[]? sent) || sent[9] != 6)
                return "";
            string From(int offset) => new Ipv4Address(BinaryPrimitives.ReadUInt32BigEndian(sent.AsSpan(offset))).ToString();
            return Arrive(Tcp(From(16), From(12), BinaryPrimitives.ReadUInt16BigEndian(sent.AsSpan(22)), BinaryPrimitives.ReadUInt16BigEndian(sent.AsSpan(20)), flags, sequence, ack), 1);
        }

        private string Change(int variant, string rules)
        {
            switch (variant)
            {
                case 0:
                    Netfilter.Restore("*filter\n-I INPUT 1 -p tcp -m comment --comment more\n-I OUTPUT 1 -p udp\nCOMMIT\n", noFlush: true);
                    break;
                case 1:
                    Netfilter.Restore(rules);
                    break;
                case 2:
                    Bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Parse("10.0.1.9/32"), Gateway = NamespaceBench.Ip("10.0.0.10") });
                    break;
                case 3:
                    Bench.Namespace.DeleteRoute(new Route { Destination = Ipv4Prefix.Parse("10.0.1.9/32") });
                    break;
                case 4:
                    Netfilter.DeleteConnections(IpProtocol.Udp, static (_, _) => true);
                    break;
                case 5:
                    Bench.Namespace.RemoveAddress(Bench.In0, NamespaceBench.Ip("10.0.0.1"), 24);
                    break;
                case 6:
                    Bench.Namespace.AddAddress(Bench.In0, InterfaceAddress.Parse("10.0.0.1/24"));
                    break;
                default:
                    Bench.Know("eth1", Server, $"02:00:00:00:00:{0x60 + variant:x2}");
                    break;
            }

            return "";
        }
    }
}
