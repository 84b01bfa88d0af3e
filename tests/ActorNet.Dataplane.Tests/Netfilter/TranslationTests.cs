using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Ip.Routing;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Observation;
using ActorNet.Dataplane.Tests.Ip;
using ActorNet.Packets;
using CsCheck;
using static ActorNet.Dataplane.Tests.Ip.Packets;
using static ActorNet.Dataplane.Tests.Netfilter.NetfilterBench;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>Packets through rules, conntrack and NAT of a router (linux nf_nat_core.c, nf_conntrack_core.c; RFC 1624, RFC 3022).</summary>
public class TranslationTests
{
    /// <summary>Whether established connections take the short path; the same tests are run without.</summary>
    protected virtual bool ShortPath => true;

    private const string Service =
        "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9:8080\n-A PREROUTING -d 10.96.0.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.1.9:5353\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n";

    [Fact]
    public void A_connection_to_a_service_reaches_its_endpoint_and_the_answers_seem_to_come_from_the_service()
    {
        using NetfilterBench bench = Bench(Service);
        Assert.Equal("10.0.1.1:40000 > 10.0.1.9:8080", Describe(Assert.Single(bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Syn)).ToServers)));
        Assert.Equal(["tcp      6 120 SYN_SENT src=10.0.0.9 dst=10.96.0.1 sport=40000 dport=80 [UNREPLIED] src=10.0.1.9 dst=10.0.1.1 sport=8080 dport=40000 mark=0 use=1"], bench.Connections());
        Assert.Equal("10.96.0.1:80 > 10.0.0.9:40000", Describe(Assert.Single(bench.FromServer(Tcp(Server, "10.0.1.1", 8080, 40000, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001)).ToClients)));
        Assert.Equal("10.0.1.1:40000 > 10.0.1.9:8080", Describe(Assert.Single(bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001, 100)).ToServers)));
        Assert.Equal("10.96.0.1:80 > 10.0.0.9:40000", Describe(Assert.Single(bench.FromServer(Tcp(Server, "10.0.1.1", 8080, 40000, TcpFlags.Ack, 5001, 1101)).ToClients)));
        Assert.Equal(["tcp      6 432000 ESTABLISHED src=10.0.0.9 dst=10.96.0.1 sport=40000 dport=80 src=10.0.1.9 dst=10.0.1.1 sport=8080 dport=40000 [ASSURED] mark=0 use=1"], bench.Connections());
        // The nat table is asked by the first packet alone.
        Assert.Contains("[1:40] -A PREROUTING -d 10.96.0.1/32 -p tcp", bench.Netfilter.Save(DateTimeOffset.UnixEpoch, "nat", counters: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_checksum_a_datagram_stays_without_and_the_flow_is_assured_after_two_seconds()
    {
        using NetfilterBench bench = Bench(Service);
        byte[] there = Assert.Single(bench.FromClient(Udp(Client, "10.96.0.1", 5000, 53, withChecksum: false)).ToServers);
        Assert.Equal("10.0.1.1:5000 > 10.0.1.9:5353", Describe(there));
        Assert.Equal(0, BinaryPrimitives.ReadUInt16BigEndian(there.AsSpan(26)));
        Assert.StartsWith("udp      17 30 src=10.0.0.9 dst=10.96.0.1 sport=5000 dport=53 [UNREPLIED] ", Assert.Single(bench.Connections()), StringComparison.Ordinal);
        Assert.Equal("10.96.0.1:53 > 10.0.0.9:5000", Describe(Assert.Single(bench.FromServer(Udp(Server, "10.0.1.1", 5353, 5000)).ToClients)));
        bench.Bench.Advance(TimeSpan.FromSeconds(3));
        bench.FromClient(Udp(Client, "10.96.0.1", 5000, 53));
        Assert.Equal("udp      17 120 src=10.0.0.9 dst=10.96.0.1 sport=5000 dport=53 src=10.0.1.9 dst=10.0.1.1 sport=5353 dport=5000 [ASSURED] mark=0 use=1", Assert.Single(bench.Connections()));
        bench.Bench.Advance(TimeSpan.FromSeconds(121));
        Assert.Empty(bench.Connections());
    }

    [Fact]
    public void An_error_about_a_translated_packet_is_translated_with_the_packet_that_it_quotes()
    {
        using NetfilterBench bench = Bench(Service);
        byte[] there = Assert.Single(bench.FromClient(Udp(Client, "10.96.0.1", 5000, 53)).ToServers);
        byte[] error = Ipv4(Server, "10.0.1.1", 1, Icmp(3, 3, 0, there));
        byte[] told = Assert.Single(bench.FromServer(error).ToClients);
        Assert.Equal("10.96.0.1 > 10.0.0.9 icmp 3/3", Describe(told));
        Assert.Equal("10.0.0.9:5000 > 10.96.0.1:53", Describe(told[28..]));
        Assert.Single(bench.Connections());
    }

    [Fact]
    public void Two_sources_with_one_port_are_told_apart_behind_one_address()
    {
        using NetfilterBench bench = Bench("*nat\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n");
        string first = Describe(Assert.Single(bench.FromClient(Udp(Client, Server, 5000, 53)).ToServers));
        string second = Describe(Assert.Single(bench.FromClient(Udp("10.0.0.10", Server, 5000, 53)).ToServers));
        Assert.Equal("10.0.1.1:5000 > 10.0.1.9:53", first);
        Assert.NotEqual(first, second);
        int port = int.Parse(second.Split(' ')[0].Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(port, 1024, 65_535);
        Assert.Equal("10.0.1.9:53 > 10.0.0.10:5000", Describe(Assert.Single(bench.FromServer(Udp(Server, "10.0.1.1", 53, port)).ToClients)));
        Assert.Equal("10.0.1.9:53 > 10.0.0.9:5000", Describe(Assert.Single(bench.FromServer(Udp(Server, "10.0.1.1", 53, 5000)).ToClients)));
    }

    [Fact]
    public void Every_flow_behind_one_address_has_a_tuple_of_its_own_and_its_answer_finds_back()
    {
        Gen.Select(Gen.Int[1, 0xFE], Gen.Int[1, 3], Gen.Int[0, 1], Gen.Bool).Array[1, 60].Sample(
            flows =>
            {
                using NetfilterBench bench = Bench("*nat\n-A POSTROUTING -o eth1 -p udp -m udp --dport 54 -j MASQUERADE --random-fully\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n");
                var seen = new Dictionary<string, string>();
                foreach ((int host, int port, int service, bool _) in flows)
                {
                    string source = $"10.0.0.{(host == 1 ? 2 : host)}";
                    bench.Bench.Know("eth0", source);
                    string there = Describe(Assert.Single(bench.FromClient(Udp(source, Server, port, 53 + service)).ToServers));
                    string flow = $"{source}:{port}:{service}";
                    Assert.True(!seen.TryGetValue(there, out string? other) || other == flow, $"{there} is {other} and {flow}");
                    seen[there] = flow;
                    int mapped = int.Parse(there.Split(' ')[0].Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
                    Assert.Equal($"10.0.1.9:{53 + service} > {source}:{port}", Describe(Assert.Single(bench.FromServer(Udp(Server, "10.0.1.1", 53 + service, mapped)).ToClients)));
                }
            },
            iter: 30);
    }

    [Fact]
    public void A_train_is_translated_in_every_frame()
    {
        using NetfilterBench bench = Bench(Service);
        bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Syn));
        bench.FromServer(Tcp(Server, "10.0.1.1", 8080, 40000, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001));
        bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001));
        byte[][] segments = [.. Enumerable.Range(0, 5).Select(static i => Tcp(Client, "10.96.0.1", 40000, 80, i < 4 ? TcpFlags.Ack : TcpFlags.Fin | TcpFlags.Ack, 1001 + ((uint)i * 500), 5001, 500))];
        FrameCache frames = bench.Bench.Frames;
        Assert.True(FrameTrain.TryRent(frames, 520, 5, 0, out Frame train));
        for (int i = 0; i < 5; i++)
            segments[i].AsSpan(20).CopyTo(FrameTrain.SpanOf(train, i));
        train.Push(34);
        Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, segments[0]).AsSpan(0, 34).CopyTo(train.Span);
        Assert.True(frames.TryRentVector(out FrameVector vector));
        vector.Add(train);
        bench.Bench.Eth0.Receive(vector);
        List<byte[]> sent = bench.Bench.Eth1.TakeSent();
        Assert.Equal(5, sent.Count);
        Assert.All(sent, static f => Assert.Equal("10.0.1.1:40000 > 10.0.1.9:8080", Describe(f[14..])));
        Assert.Equal(segments.Select(static s => s[40..]), sent.Select(static f => f[54..]));
        // The end of the last counts: it is the train's.
        Assert.Contains(" FIN_WAIT ", Assert.Single(bench.Connections()), StringComparison.Ordinal);
        Assert.StartsWith("10.96.0.1:80 > 10.0.0.9:40000", Describe(Assert.Single(bench.FromServer(Tcp(Server, "10.0.1.1", 8080, 40000, TcpFlags.Ack, 5001, 3502)).ToClients)), StringComparison.Ordinal);
        Assert.Contains(" CLOSE_WAIT ", Assert.Single(bench.Connections()), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_made_here_reaches_a_service_and_the_socket_hears_the_service_answer()
    {
        using NetfilterBench bench = Bench("*nat\n-A OUTPUT -d 10.96.0.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.1.9:5353\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n");
        var socket = new RecordingProtocol(bench.Bench.Frames);
        bench.Bench.Namespace.Register(IpProtocol.Udp, socket);
        Assert.Equal(RouteError.None, bench.Bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Default, Gateway = NamespaceBench.Ip("10.0.0.9") }));
        Assert.Equal(SendError.None, bench.Bench.Send("10.96.0.1", 17, Udp("10.0.0.1", "10.96.0.1", 6000, 53)[20..]));
        bench.Bench.Namespace.Flush();
        Assert.Equal("10.0.1.1:6000 > 10.0.1.9:5353", Describe(Assert.Single(bench.Bench.Eth1.TakeSent())[14..]));
        bench.FromServer(Udp(Server, "10.0.1.1", 5353, 6000));
        Assert.Equal("10.96.0.1:53 > 10.0.0.1:6000", Describe(Assert.Single(socket.Received).Packet));
    }

    // The second as kube-proxy's rules do it for what is no pod's: lo has no address of its own for it, so it gets the namespace's first (inet_select_addr).
    [Theory]
    [InlineData("")]
    [InlineData("-A POSTROUTING -j MASQUERADE\n")]
    public void What_was_made_here_for_a_service_that_leads_here_comes_over_lo_and_back(string masquerade)
    {
        using NetfilterBench bench = Bench($"*nat\n-A OUTPUT -d 10.96.0.1/32 -p udp -j DNAT --to-destination 10.0.0.1:5353\n{masquerade}COMMIT\n");
        var socket = new RecordingProtocol(bench.Bench.Frames);
        bench.Bench.Namespace.Register(IpProtocol.Udp, socket);
        Assert.Equal(RouteError.None, bench.Bench.Namespace.AddRoute(new Route { Destination = Ipv4Prefix.Default, Gateway = NamespaceBench.Ip("10.0.0.9") }));
        bench.Bench.Send("10.96.0.1", 17, Udp("10.0.0.1", "10.96.0.1", 6000, 53)[20..]);
        bench.Bench.Namespace.Flush();
        Assert.Equal("10.0.0.1:6000 > 10.0.0.1:5353", Describe(Assert.Single(socket.Received).Packet));
        bench.Bench.Send("10.0.0.1", 17, Udp("10.0.0.1", "10.0.0.1", 5353, 6000)[20..], static r => r with { Source = NamespaceBench.Ip("10.0.0.1") });
        bench.Bench.Namespace.Flush();
        Assert.Equal("10.96.0.1:53 > 10.0.0.1:6000", Describe(socket.Received[1].Packet));
    }

    [Theory]
    [InlineData("-A FORWARD -p udp -j DROP", 0, "")]
    [InlineData("-A FORWARD -p udp -j REJECT", 1, "10.0.0.1 > 10.0.0.9 icmp 3/3")]
    [InlineData("-A FORWARD -p udp -j REJECT --reject-with icmp-host-prohibited", 1, "10.0.0.1 > 10.0.0.9 icmp 3/10")]
    [InlineData("-A FORWARD -m conntrack --ctstate INVALID -j DROP", 0, "forwarded")]
    [InlineData("-A FORWARD -s 10.0.0.0/24 -d 10.0.1.0/24 -i eth0 -o eth1 -j DROP", 0, "")]
    [InlineData("-A FORWARD -i eth1 -j DROP", 0, "forwarded")]
    public void A_filter_rule_decides_and_the_refused_hear_of_it(string rule, int answers, string expected)
    {
        using NetfilterBench bench = Bench($"*filter\n{rule}\nCOMMIT\n");
        (List<byte[]> back, List<byte[]> on) = bench.FromClient(Udp(Client, Server, 5000, 53));
        Assert.Equal(answers, back.Count);
        Assert.Equal(expected == "forwarded" ? 1 : 0, on.Count);
        Assert.Equal(expected == "forwarded" ? 0 : 1, bench.Bench.Namespace.Drops[DropReason.RuleDropped]);
        if (answers == 1)
            Assert.Equal(expected, Describe(back[0]));
    }

    [Fact]
    public void While_a_trace_is_on_hop_records_name_the_rules_that_matched_and_what_the_packet_became()
    {
        using NetfilterBench bench = Bench("*nat\n:KUBE-SERVICES - [0:0]\n-A PREROUTING -j KUBE-SERVICES\n-A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -j DNAT --to-destination 10.0.1.9:8080\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n*filter\n-A FORWARD -s 10.9.9.9/32 -j DROP\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n");
        bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Syn));
        bench.FromServer(Tcp(Server, "10.0.1.1", 8080, 40000, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001));
        bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001));
        var recorder = new HopRecorder("n1", "root", new TraceFilter { Address = Ipv4Address.Parse(Client) }, 100, bench.Bench.Clock, TimeProvider.System);
        bench.Netfilter.Tracer = recorder;
        bench.FromClient(Tcp(Client, "10.96.0.1", 40001, 80, TcpFlags.Syn));
        // An established connection walks the rules too while somebody looks.
        bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001));
        IReadOnlyList<HopRecord> hops = recorder.Export();
        Assert.All(hops, static h => Assert.Equal(HopEvent.Filter, h.Event));
        // What leaves has another source: the filter wants the client's address, and sees it as the packet came.
        Assert.Equal(["PREROUTING", "POSTROUTING", "PREROUTING", "FORWARD", "POSTROUTING"], hops.Select(static h => h.Hook));
        Assert.Equal(["nat -A PREROUTING -j KUBE-SERVICES", "nat -A KUBE-SERVICES -d 10.96.0.1/32 -p tcp -j DNAT --to-destination 10.0.1.9:8080"], hops[0].Rules);
        Assert.StartsWith("10.0.0.9 > 10.0.1.9 TCP 40001 > 8080 [S]", hops[0].Translated, StringComparison.Ordinal);
        Assert.Equal(hops[0].TranslatedKey, hops[1].PacketKey);
        Assert.Equal(["nat -A POSTROUTING -o eth1 -j MASQUERADE"], hops[1].Rules);
        Assert.StartsWith("10.0.1.1 > 10.0.1.9 TCP 40001 > 8080 [S]", hops[1].Translated, StringComparison.Ordinal);
        Assert.Empty(hops[2].Rules);
        Assert.StartsWith("10.0.0.9 > 10.0.1.9 TCP 40000 > 8080 [.]", hops[2].Translated, StringComparison.Ordinal);
        Assert.Equal(["filter -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"], hops[3].Rules);
        bench.Netfilter.Tracer = null;
        bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Ack, 1001, 5001));
        Assert.Equal(5, recorder.Count);
    }

    [Fact]
    public void A_hop_record_names_the_rule_that_dropped()
    {
        using NetfilterBench bench = Bench("*filter\n:FORWARD DROP [0:0]\n:F - [0:0]\n-A FORWARD -p udp -j F\n-A F -s 10.0.0.9/32 -m comment --comment \"not him\" -j DROP\nCOMMIT\n");
        var recorder = new HopRecorder("n1", "root", new TraceFilter(), 10, bench.Bench.Clock, bench.Bench.Time);
        bench.Bench.Eth0.Observer = recorder;
        bench.FromClient(Udp(Client, Server, 5000, 53));
        bench.FromClient(Tcp(Client, Server, 5000, 53, TcpFlags.Syn));
        HopRecord[] drops = [.. recorder.Export().Where(static h => h.Event == HopEvent.Drop)];
        Assert.Equal(["filter -A F -s 10.0.0.9/32 -m comment --comment \"not him\" -j DROP", "filter policy of FORWARD"], drops.Select(static h => h.Rule));
        Assert.All(drops, static h => Assert.Equal(DropReason.RuleDropped, h.Reason));
        Assert.All(drops, static h => Assert.StartsWith("10.0.0.9", h.Summary, StringComparison.Ordinal));
    }

    [Fact]
    public void A_refused_connection_is_reset_in_the_name_of_the_one_that_was_called()
    {
        using NetfilterBench bench = Bench("*nat\n-A PREROUTING -d 10.96.0.1/32 -p tcp -j DNAT --to-destination 10.0.1.9:8080\nCOMMIT\n*filter\n-A FORWARD -p tcp -j REJECT --reject-with tcp-reset\nCOMMIT\n");
        byte[] reset = Assert.Single(bench.FromClient(Tcp(Client, "10.96.0.1", 40000, 80, TcpFlags.Syn)).ToClients);
        Assert.Equal("10.96.0.1:80 > 10.0.0.9:40000", Describe(reset));
        Assert.Equal((byte)(TcpFlags.Rst | TcpFlags.Ack), reset[33]);
        Assert.Equal(1001u, BinaryPrimitives.ReadUInt32BigEndian(reset.AsSpan(28)));
        Assert.Empty(bench.Connections());
    }

    [Fact]
    public void A_source_keeps_the_port_that_it_was_given_for_other_destinations()
    {
        // find_appropriate_src (linux net/netfilter/nf_nat_core.c).
        using NetfilterBench bench = Bench("*nat\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n");
        string Sent(string from, string to, int port) => Describe(Assert.Single(bench.FromClient(Udp(from, to, 5000, port)).ToServers)).Split(" > ")[0];
        Assert.Equal("10.0.1.1:5000", Sent(Client, Server, 53));
        string given = Sent("10.0.0.10", Server, 53);
        Assert.NotEqual("10.0.1.1:5000", given);
        // 5000 would be free for these.
        Assert.Equal(given, Sent("10.0.0.10", Server, 54));
        Assert.Equal(given, Sent("10.0.0.10", "10.0.1.10", 53));
        Assert.Equal("10.0.1.1:5000", Sent(Client, Server, 54));
        // When all of its connections are over nothing is remembered.
        Assert.Equal(3, bench.Netfilter.DeleteConnections(IpProtocol.Udp, static (original, _) => original.Source == Ipv4Address.Parse("10.0.0.10")));
        Assert.Equal("10.0.1.1:5000", Sent("10.0.0.10", "10.0.1.10", 55));
    }

    [Theory]
    [InlineData("down")]
    [InlineData("address")]
    [InlineData("detach")]
    public void Masqueraded_connections_end_with_the_device_or_address_that_they_left_by(string what)
    {
        // masq_device_event, masq_inet_event (linux net/netfilter/nf_nat_masquerade.c).
        using NetfilterBench bench = Bench("*nat\n-A POSTROUTING -o eth1 -d 10.0.1.9/32 -j MASQUERADE\nCOMMIT\n");
        NetworkNamespace ns = bench.Bench.Namespace;
        bench.FromClient(Udp(Client, Server, 5000, 53));
        bench.FromClient(Udp(Client, "10.0.1.10", 5001, 53));
        Assert.Equal(2, bench.Netfilter.ConnectionCount);
        switch (what)
        {
            case "down":
                bench.Bench.Eth1.SetUp(false);
                ns.DeviceChanged(bench.Bench.Eth1);
                break;
            case "address":
                ns.AddAddress(bench.Bench.In1, InterfaceAddress.Parse("10.0.7.1/24"));
                ns.RemoveAddress(bench.Bench.In1, Ipv4Address.Parse("10.0.7.1"), 24);
                Assert.Equal(2, bench.Netfilter.ConnectionCount);
                ns.RemoveAddress(bench.Bench.In1, Ipv4Address.Parse("10.0.1.1"), 24);
                break;
            default:
                ns.Detach(bench.Bench.Eth1);
                break;
        }

        Assert.Contains("dst=10.0.1.10 sport=5001", Assert.Single(bench.Connections()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_table_drops_what_would_begin_a_connection_and_gives_up_what_is_not_assured()
    {
        using NetfilterBench bench = Bench("*nat\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n", new NetfilterOptions { ConntrackMax = 2 });
        for (int i = 0; i < 2; i++)
        {
            bench.FromClient(Tcp(Client, Server, 40000 + i, 80, TcpFlags.Syn));
            bench.FromServer(Tcp(Server, "10.0.1.1", 80, 40000 + i, TcpFlags.Syn | TcpFlags.Ack, 5000, 1001));
            bench.FromClient(Tcp(Client, Server, 40000 + i, 80, TcpFlags.Ack, 1001, 5001));
        }

        Assert.All(bench.Connections(), static c => Assert.Contains("[ASSURED]", c, StringComparison.Ordinal));
        var log = new List<string>();
        bench.Netfilter.Warning = log.Add;
        Assert.Empty(bench.FromClient(Udp(Client, Server, 5000, 53)).ToServers);
        Assert.Equal(1, bench.Bench.Namespace.Drops[DropReason.ConntrackFull]);
        Assert.Equal("nf_conntrack: table full, dropping packet", Assert.Single(log));
        Assert.Equal("cpu=0   \tfound=0 invalid=0 insert=0 insert_failed=0 drop=1 early_drop=0 error=0 search_restart=0 clash_resolve=0 chaintoolong=0 \n", bench.Netfilter.ListStatistics());
        bench.FromClient(Tcp(Client, Server, 40001, 80, TcpFlags.Fin | TcpFlags.Ack, 1001, 5001));
        Assert.Single(bench.FromClient(Udp(Client, Server, 5000, 53)).ToServers);
        Assert.Equal(2, bench.Netfilter.ConnectionCount);
        Assert.Equal(1, bench.Netfilter.ConntrackCounters.EarlyDrop);
    }

    [Fact]
    public void A_mark_set_in_one_table_is_seen_in_the_next_and_leaves_with_nobody()
    {
        using NetfilterBench bench = Bench("*mangle\n-A PREROUTING -s 10.0.0.9/32 -j MARK --set-xmark 0x4000/0x4000\n-A PREROUTING -m mark --mark 0x4000/0x4000 -j CONNMARK --save-mark\nCOMMIT\n*nat\n-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE\nCOMMIT\n");
        Assert.Equal("10.0.1.1:5000 > 10.0.1.9:53", Describe(Assert.Single(bench.FromClient(Udp(Client, Server, 5000, 53)).ToServers)));
        Assert.EndsWith("mark=16384 use=1", Assert.Single(bench.Connections()), StringComparison.Ordinal);
        Assert.Equal("10.0.0.10:5000 > 10.0.1.9:53", Describe(Assert.Single(bench.FromClient(Udp("10.0.0.10", Server, 5000, 53)).ToServers)));
    }

    [Fact]
    public void An_untracked_packet_has_no_connection()
    {
        using NetfilterBench bench = Bench("*raw\n-A PREROUTING -p udp -j NOTRACK\nCOMMIT\n*filter\n-A FORWARD -m conntrack --ctstate UNTRACKED -j ACCEPT\n-A FORWARD -j DROP\nCOMMIT\n");
        Assert.Single(bench.FromClient(Udp(Client, Server, 5000, 53)).ToServers);
        Assert.Empty(bench.Connections());
    }

    [Fact]
    public void Fragments_are_put_together_before_they_are_followed()
    {
        using NetfilterBench bench = Bench(Service);
        byte[] whole = Udp(Client, "10.96.0.1", 5000, 53, 1000);
        byte[] first = Ipv4(Client, "10.96.0.1", 17, whole[20..532], flagsAndOffset: 0x2000, id: 9);
        byte[] second = Ipv4(Client, "10.96.0.1", 17, whole[532..], flagsAndOffset: 64, id: 9);
        Assert.Empty(bench.FromClient(second).ToServers);
        byte[] there = Assert.Single(bench.FromClient(first).ToServers);
        Assert.Equal("10.0.1.1:5000 > 10.0.1.9:5353", Describe(there));
        Assert.Equal(whole[28..], there[28..]);
    }

    [Fact]
    public void No_bytes_make_it_fail_or_hold_memory()
    {
        using NetfilterBench bench = Bench(Service);
        Gen.Select(Gen.Byte.Array[0, 120], Gen.Bool, Gen.OneOfConst<byte>(1, 6, 17, 132, 47), Gen.OneOfConst("10.96.0.1", "10.0.1.1", Server), Gen.Int[0, 3]).Sample(
            (payload, client, protocol, destination, fragment) =>
            {
                byte[] packet = Ipv4(client ? Client : Server, destination, protocol, payload, flagsAndOffset: (ushort)(fragment == 3 ? 0x2001 : 0));
                _ = client ? bench.FromClient(packet) : bench.FromServer(packet);
            },
            iter: 3000,
            threads: 1);
    }

    private NetfilterBench Bench(string rules, NetfilterOptions? options = null) => new(rules, (options ?? new NetfilterOptions()) with { ShortPath = ShortPath });
}

/// <summary>The same with every packet walking the rules.</summary>
public sealed class TranslationWithoutShortPathTests : TranslationTests
{
    /// <inheritdoc/>
    protected override bool ShortPath => false;
}
