using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ActorNet.Dataplane.Tests.Netfilter;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Interop.Tests.TcpScripts;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Ip.Packets;

namespace ActorNet.Interop.Tests.Netfilter;

/// <summary>
/// The kernel judges conntrack step by step: after each packet of a story state, flags and time left of its connection are the same in a kernel namespace and
/// in ours, with the short path and without, and so is what came out.
/// </summary>
public sealed partial class ConntrackJudgeTests
{
    private const string Rules = """
        *nat
        :PREROUTING ACCEPT [0:0]
        :INPUT ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A PREROUTING -d 10.96.0.1/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.1.9:8080
        -A PREROUTING -d 10.96.0.1/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.1.9:5353
        -A POSTROUTING -s 10.0.0.10/32 -o tun1 -j MASQUERADE
        -A POSTROUTING -s 10.0.0.11/32 -o tun1 -j MASQUERADE --random-fully
        COMMIT

        """;

    /// <summary>
    /// The kernel's time-outs are this much longer than what it begins with, which is ours, so that a busy machine's seconds are small beside them; that of
    /// an established connection has room as it is, and the order of all of them stays.
    /// </summary>
    private const int Stretch = 20;

    private const TcpFlags SynAck = TcpFlags.Syn | TcpFlags.Ack, FinAck = TcpFlags.Fin | TcpFlags.Ack, RstAck = TcpFlags.Rst | TcpFlags.Ack;

    /// <summary>Each story's packets: C from the client, S from the server; flags, sequence and acknowledgment behind each side's first number, bytes of data, window.</summary>
    private static readonly (string Name, Step[] Steps)[] Stories =
    [
        ("closed by the client", [.. Opened, new('C', TcpFlags.Ack, 1, 1, 100), new('S', TcpFlags.Ack, 1, 101), new('C', FinAck, 101, 1), new('S', TcpFlags.Ack, 1, 102), new('S', FinAck, 1, 102), new('C', TcpFlags.Ack, 102, 2), new('C', TcpFlags.Syn, 90_000, 0)]),
        ("closed by the server", [.. Opened, new('S', FinAck, 1, 1), new('C', TcpFlags.Ack, 1, 2), new('C', FinAck, 1, 2), new('S', TcpFlags.Ack, 2, 2)]),
        ("closed by both at once", [.. Opened, new('C', FinAck, 1, 1), new('S', FinAck, 1, 1), new('C', TcpFlags.Ack, 2, 2), new('S', TcpFlags.Ack, 2, 2)]),
        ("refused", [new('C', TcpFlags.Syn, 0, 0), new('S', RstAck, 0, 1), new('C', TcpFlags.Syn, 0, 0)]),
        ("reset by the client", [.. Opened, new('C', TcpFlags.Ack, 1, 1, 100), new('C', TcpFlags.Rst, 101, 0)]),
        ("reset by the server", [.. Opened, new('S', RstAck, 1, 1), new('S', TcpFlags.Ack, 1, 1)]),
        ("a reset out of the window", [.. Opened, new('C', TcpFlags.Rst, 0x4000_0000, 0), new('S', TcpFlags.Ack, 1, 1)]),
        ("the first packet again and again", [new('C', TcpFlags.Syn, 0, 0), new('C', TcpFlags.Syn, 0, 0), new('S', SynAck, 0, 1), new('S', SynAck, 0, 1), new('C', TcpFlags.Ack, 1, 1)]),
        ("both open at once", [new('C', TcpFlags.Syn, 0, 0), new('S', TcpFlags.Syn, 0, 0), new('C', SynAck, 0, 1), new('S', SynAck, 0, 1)]),
        ("data that nobody acknowledges", [.. Opened, .. Enumerable.Repeat(new Step('C', TcpFlags.Ack, 1, 1, 50), 5), new('S', TcpFlags.Ack, 1, 51)]),
        ("a closed window", [.. Opened, new('S', TcpFlags.Ack, 1, 1, 0, 0), new('C', TcpFlags.Ack, 1, 1), new('S', TcpFlags.Ack, 1, 1)]),
        ("begun in the middle", [new('C', TcpFlags.Ack, 1, 1, 10), new('S', TcpFlags.Ack, 1, 11, 10), new('C', TcpFlags.Ack, 11, 11)]),
        ("an answer without a question", [new('C', SynAck, 0, 1), new('C', TcpFlags.Fin, 5, 0), new('C', TcpFlags.None, 5, 0)]),
    ];

    private static Step[] Opened => [new('C', TcpFlags.Syn, 0, 0), new('S', SynAck, 0, 1), new('C', TcpFlags.Ack, 1, 1)];

    [Fact]
    public async Task After_each_packet_a_connection_is_where_the_kernel_has_it()
    {
        await using Bed bed = await Bed.CreateAsync(stretched: true);
        int port = 20_000;
        foreach ((string name, Step[] steps) in Stories)
        {
            foreach (string client in new[] { "10.0.0.9", "10.0.0.10" })
                await TellAsync(bed, name, steps, client, port++);
        }
    }

    /// <summary>An ICMP error about a translated packet is translated in both its headers, is RELATED, and changes no connection.</summary>
    [Fact]
    public async Task Errors_about_translated_packets_come_out_as_the_kernels()
    {
        await using Bed bed = await Bed.CreateAsync(stretched: true);
        int port = 21_000;
        foreach ((byte type, byte code, uint rest) in new (byte, byte, uint)[] { (3, 0, 0), (3, 1, 0), (3, 3, 0), (3, 4, 1400), (3, 13, 0), (11, 0, 0), (11, 1, 0), (12, 0, 0x1000_0000) })
        {
            foreach (string client in new[] { "10.0.0.9", "10.0.0.10" })
            {
                foreach (bool isTcp in new[] { true, false })
                {
                    port++;
                    long begin = Stopwatch.GetTimestamp();
                    byte[] sent = isTcp ? NetfilterBench.Tcp(client, "10.96.0.1", port, 80, TcpFlags.Syn) : NetfilterBench.Udp(client, "10.96.0.1", port, 53);
                    byte[] there = bed.Pair.Send(true, sent, Rules)!;
                    // From a router on the way to the server, and, about the answer, from one on the way to the client.
                    Assert.NotNull(bed.Pair.Send(false, Error("10.0.1.77", there, type, code, rest), Rules));
                    byte[] back = bed.Pair.Send(false, PacketJudgeTests.Reverse(there, 5000, 1001, SynAck), Rules)!;
                    Assert.NotNull(bed.Pair.Send(true, Error("10.0.0.77", back, type, code, rest), Rules));
                    await bed.CompareAsync($"ICMP {type}/{code} to {client}", port, begin);
                }
            }
        }
    }

    /// <summary>
    /// Which port is chance; that it is from the class of the port that was, as nf_nat_l4proto_unique_tuple has it, and that no two flows to one server have
    /// the same, is not.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Random_ports_are_of_the_kernels_ranges_and_no_two_are_the_same(bool isTcp)
    {
        await using Bed bed = await Bed.CreateAsync(stretched: true);
        HashSet<int>[] taken = [.. Enumerable.Range(0, 1 + bed.Ours.Length).Select(static _ => new HashSet<int>())];
        int kept = 0;
        foreach (int first in new[] { 1, 400, 512, 900, 1024, 33_000, 65_400 })
        {
            for (int i = 0; i < 60; i++)
            {
                byte[] packet = isTcp ? NetfilterBench.Tcp("10.0.0.11", "10.96.0.1", first + i, 80, TcpFlags.Syn) : NetfilterBench.Udp("10.0.0.11", "10.96.0.1", first + i, 53);
                bed.Left.Write(packet);
                int[] drawn =
                [
                    PortOf(Assert.Single(PacketJudgeTests.Pair.Drain(bed.Right))),
                    .. bed.Ours.Select(own => PortOf(Assert.Single(own.FromClient(packet).ToServers))),
                ];
                (int least, int most) = RangeOf(first + i);
                for (int side = 0; side < drawn.Length; side++)
                {
                    Assert.InRange(drawn[side], least, most);
                    Assert.True(taken[side].Add(drawn[side]), $"{(side == 0 ? "the kernel" : "ours")} gave port {drawn[side]} to two flows");
                    kept += drawn[side] == first + i ? 1 : 0;
                }
            }
        }

        // That a drawn port is the one that was is rare, 1 in 424 at the most: that it is so for 100 of 1,260 is no chance.
        Assert.True(kept < 100, $"{kept} of 1,260 flows kept their port");
    }

    // linux net/netfilter/nf_nat_core.c nf_nat_l4proto_unique_tuple
    private static (int Least, int Most) RangeOf(int port) => port < 512 ? (1, 511) : port < 1024 ? (600, 1023) : (1024, 65_535);

    private static int PortOf(byte[] packet) => BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(20));

    private static byte[] Error(string router, byte[] about, byte type, byte code, uint rest) =>
        Ipv4(router, new Ipv4Address(BinaryPrimitives.ReadUInt32BigEndian(about.AsSpan(12))).ToString(), 1, Icmp(type, code, rest, about[..Math.Min(about.Length, 28)]));

    // What the server answers is made of what reached it first: a segment that conntrack finds invalid passes as it came, and an answer to that would begin a
    // connection of its own, whose tuple clashes, so that its port is drawn.
    private static async Task TellAsync(Bed bed, string name, Step[] steps, string client, int port)
    {
        byte[]? there = null;
        int at = 0;
        // Not every packet winds a timer up again: what is left counts from any packet of the story.
        long begin = Stopwatch.GetTimestamp();
        foreach (Step step in steps)
        {
            at++;
            if (step.From == 'C')
            {
                byte[]? came = bed.Pair.Send(true, NetfilterBench.Tcp(client, "10.96.0.1", port, 80, step.Flags, 1000 + step.Sequence, step.Ack == 0 ? 0 : 5000 + step.Ack, step.Data, step.Window), Rules);
                there ??= came;
            }
            else if (there is not null)
            {
                bed.Pair.Send(false, Answer(there, step), Rules);
            }

            await bed.CompareAsync($"{name}, {client}, step {at}", port, begin);
        }
    }

    private static byte[] Answer(byte[] packet, Step step)
    {
        string Address(int offset) => new Ipv4Address(BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(offset))).ToString();
        int Port(int offset) => BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(offset));
        return NetfilterBench.Tcp(Address(16), Address(12), Port(22), Port(20), step.Flags, 5000 + step.Sequence, step.Ack == 0 ? 0 : 1000 + step.Ack, step.Data, step.Window);
    }

    [GeneratedRegex(@"^(?:ipv4\s+2 )?\w+\s+\d+ (\d+) ")]
    private static partial Regex TimeLeft();

    private sealed record Step(char From, TcpFlags Flags, uint Sequence, uint Ack, int Data = 0, ushort Window = 65_535);

    /// <summary>A kernel namespace and two of ours, with the same rules.</summary>
    private sealed class Bed : IAsyncDisposable
    {
        private readonly NetnsLab _lab;
        private readonly NetworkNamespace _ns;

        private Bed(NetnsLab lab, NetworkNamespace ns)
        {
            (_lab, _ns) = (lab, ns);
            Left = NamespaceSocket.Open(ns, static () => TunDevice.Open("tun0"));
            Right = NamespaceSocket.Open(ns, static () => TunDevice.Open("tun1"));
            Ours = [PacketJudgeTests.Make(Rules, shortPath: true), PacketJudgeTests.Make(Rules, shortPath: false)];
            Pair = new PacketJudgeTests.Pair(Left, Right, Ours);
        }

        internal TunDevice Left { get; }

        internal TunDevice Right { get; }

        internal NetfilterBench[] Ours { get; }

        internal PacketJudgeTests.Pair Pair { get; }

        internal static async Task<Bed> CreateAsync(bool stretched)
        {
            Need.Namespaces();
            Need.Tool("iptables-legacy-restore");
            await TunDevice.EnsureNodeAsync();
            NetnsLab lab = await NetnsLab.CreateAsync();
            NetworkNamespace ns = await lab.AddNamespaceAsync("conntrack");
            var bed = new Bed(lab, ns);
            foreach (string timer in new[] { "tcp_timeout_syn_sent", "tcp_timeout_syn_recv", "tcp_timeout_fin_wait", "tcp_timeout_close_wait", "tcp_timeout_last_ack", "tcp_timeout_time_wait", "tcp_timeout_close", "tcp_timeout_max_retrans", "tcp_timeout_unacknowledged", "udp_timeout" })
            {
                string key = $"net.netfilter.nf_conntrack_{timer}";
                int usual = int.Parse((await ns.ExecAsync("sysctl", "-n", key)).Output, CultureInfo.InvariantCulture);
                if (stretched)
                    await ns.SetSysctlAsync(key, (usual * Stretch).ToString(CultureInfo.InvariantCulture));
            }

            // It sets the shortest time-out for other judges; here it has to stay in its order.
            string close = (await ns.ExecAsync("sysctl", "-n", "net.netfilter.nf_conntrack_tcp_timeout_close")).Output.Trim();
            await PacketJudgeTests.ConfigureAsync(ns);
            await ns.SetSysctlAsync("net.netfilter.nf_conntrack_tcp_timeout_close", close);
            (await ns.TryExecAsync(["iptables-legacy-restore"], TimeSpan.FromSeconds(60), Rules)).EnsureSuccess();
            return bed;
        }

        /// <summary>Compares the connection that a client's port began.</summary>
        /// <param name="what">For the message.</param>
        /// <param name="port">The port.</param>
        /// <param name="begin">A moment before its first packet was sent.</param>
        internal async Task CompareAsync(string what, int port, long begin)
        {
            string[] kernel = [.. (await _ns.ExecAsync("cat", "/proc/net/nf_conntrack")).Output.Split('\n').Where(l => l.Contains($"sport={port} ", StringComparison.Ordinal))];
            double passed = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            foreach (NetfilterBench own in Ours)
            {
                string[] ours = [.. own.Connections().Where(l => l.Contains($"sport={port} ", StringComparison.Ordinal))];
                Assert.Equal(kernel.Select(PacketJudgeTests.Connection), ours.Select(PacketJudgeTests.Connection));
                foreach ((string theirs, string mine) in kernel.Zip(ours))
                {
                    int left = Left(theirs), whole = Left(mine), stretched = whole == 432_000 ? whole : whole * Stretch;
                    Assert.True(left <= stretched && left >= stretched - passed - 2, $"{what}: {left} s are left in the kernel, stretched {Stretch} times, and {whole} s in ours\nkernel: {theirs}\nours:   {mine}");
                }
            }

            static int Left(string line) => int.Parse(TimeLeft().Match(line).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        }

        public async ValueTask DisposeAsync()
        {
            Left.Dispose();
            Right.Dispose();
            foreach (NetfilterBench own in Ours)
                own.Dispose();
            await _lab.DisposeAsync();
        }
    }
}
