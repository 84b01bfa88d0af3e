using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ActorNet.Dataplane.Frames;

namespace ActorNet.Node.Tests.Hosts;

/// <summary>
/// What anybody can send to a node's real UDP port. Each datagram is counted as a drop under its reason, pings go on, and no memory is kept.
/// The bytes are written by hand after RFC 7348, RFC 791 and IEEE 802.3; the reasons follow linux drivers/net/vxlan/vxlan_core.c vxlan_rcv
/// and net/ipv4/ip_input.c ip_rcv_core.
/// </summary>
public sealed class HostileDatagramTests
{
    private const int Repeats = 50;
    private const int MostUdpPayload = 65_507;
    private readonly Dictionary<string, long> _expected = new(StringComparer.Ordinal);
    private readonly List<byte[]> _fromPeer = [];
    private readonly List<byte[]> _fromStranger = [];
    private readonly byte[] _node = [0x02, 0, 0, 0, 0x01, 0x01];
    private readonly byte[] _peer = [0x02, 0, 0, 0, 0x01, 0x02];

    [Fact]
    public async Task Each_hostile_datagram_is_counted_under_its_reason_while_pods_ping()
    {
        await using NodePair pair = await NodePair.StartAsync();
        string a = await NodePair.RunPodAsync(pair.Left, "a");
        string b = await NodePair.RunPodAsync(pair.Right, "b");
        await pair.ConnectAsync("pod/a", b);
        // Two nodes that send each other what neither has. Without flannel's masquerading, which would translate such a packet at each turn, and so the errors about it.
        foreach ((NodeHost host, string name) in new[] { (pair.Left, "n1"), (pair.Right, "n2") })
            await NodePair.ExecAsync(host, $"node/{name}", "iptables -t nat -F FLANNEL-POSTRTG");
        await NodePair.ExecAsync(pair.Left, "node/n1", "ip route add 10.99.0.0/24 via 10.244.2.0 dev flannel.1 onlink");
        await NodePair.ExecAsync(pair.Right, "node/n2", "ip route add 10.99.0.0/24 via 10.244.1.0 dev flannel.1 onlink");
        await pair.RestAsync();
        Dictionary<string, long> before = await pair.DropsAsync();
        WriteAll(a, b);

        Task<EchoProbe> sending = EchoProbe.SendAsync(pair.Left, "pod/a", b, 150);
        await SendAsync("127.0.10.2", _fromPeer, 0);
        await SendAsync("127.0.10.99", _fromStranger, _fromPeer.Count);
        await (await sending).AnsweredAsync();
        await pair.RestAsync();
        Dictionary<string, long> drops = await SinceAsync();
        Assert.Equal(Text(_expected), Text(drops));
        Assert.Equal(_fromPeer.Count + _fromStranger.Count, drops.Values.Sum());

        // In portions that are seen to be dropped before the next, so that no buffer or window on the way overflows, however busy the machine is.
        async Task SendAsync(string from, List<byte[]> datagrams, long sent)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            var to = new IPEndPoint(pair.Left.LocalEndpoint.Address.ToIPAddress(), pair.Left.LocalEndpoint.Port);
            foreach (List<byte[]> portion in Portions(datagrams))
            {
                foreach (byte[] datagram in portion)
                    socket.SendTo(datagram, to);
                sent += portion.Count;
                await NodePair.UntilAsync(async () => (await SinceAsync()).Values.Sum() >= sent, () => $"{sent} datagrams are dropped");
            }
        }

        async Task<Dictionary<string, long>> SinceAsync() => (await pair.DropsAsync())
            .Where(d => d.Value > before.GetValueOrDefault(d.Key))
            .ToDictionary(d => d.Key, d => d.Value - before.GetValueOrDefault(d.Key), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_flood_of_junk_is_counted_to_the_last_datagram_and_keeps_no_memory()
    {
        const int Window = 32;
        const int Flood = 150_000;
        await using NodePair pair = await NodePair.StartAsync(right => right with { ReceiveWindow = Window });
        string a = await NodePair.RunPodAsync(pair.Left, "a");
        string b = await NodePair.RunPodAsync(pair.Right, "b");
        await pair.ConnectAsync("pod/a", b);
        await pair.RestAsync();
        Dictionary<string, long> before = await pair.DropsAsync();
        long received = pair.Right.UplinkCounters.DatagramsReceived;
        long sentByPeer = pair.Left.UplinkCounters.DatagramsSent, backlog = NodePair.BacklogDrops();

        Task<EchoProbe> sending = EchoProbe.SendAsync(pair.Right, "pod/b", a, 100);
        await Task.Run(() => FloodFrom("127.0.10.1", pair.Right.LocalEndpoint, Flood), TestContext.Current.CancellationToken);
        List<EchoProbe> pings = [await sending];

        // The kernel tells of what its buffer refused with the next datagram that it lets in; and what came before these has been received.
        pings.AddRange(await EchoProbe.PassAsync(pair.Right, "pod/b", a));
        await pair.RestAsync();
        long sent = pings.Sum(p => p.Sent);
        long answered = pings.Sum(p => p.Answered);
        Dictionary<string, long> after = await pair.DropsAsync();
        long dropped = after.Sum(d => d.Value - before.GetValueOrDefault(d.Key));
        long kernel = after.GetValueOrDefault("n2: uplink SocketBufferFull");
        long came = pair.Right.UplinkCounters.DatagramsReceived - received;
        long legitimate = pair.Left.UplinkCounters.DatagramsSent - sentByPeer;
        string books = $"{Flood} sent, {legitimate} of the peer, {came} came, {kernel} refused by the kernel, {dropped} dropped, {answered} of {sent} pings\n{Text(after)}";
        // What the machine lost before the socket is in nobody's books; mostly that is nothing.
        long most = NodePair.BacklogDrops() - backlog;
        Assert.True(Flood + legitimate - came - kernel is var unseen && unseen >= 0 && unseen <= most, $"{books}\n{most} before the socket");
        Assert.True(Flood + sent - answered - dropped is var missing && missing >= 0 && missing <= most, $"{books}\n{most} before the socket");
        Assert.True(pings[0].Answered > 0, books);

        // A window of vectors, each with 64 small buffers or four large ones, is the most that can be under way; slabs are made of whole magazines.
        PoolUsage pool = pair.Right.MeasurePool();
        Assert.InRange(pool.SmallMade, 0, (Window * FrameVector.Capacity * 2) + 2048);
        Assert.InRange(pool.LargeMade, 0, (Window * 4 * 2) + 128);
    }

    private void WriteAll(string a, string b)
    {
        byte[] good = Datagram(Udp(b, a));
        Repeat(Repeats, [], "n1: flannel.1 BadVxlanHeader");
        for (int length = 1; length < good.Length; length++)
        {
            // 8 bytes of VXLAN, 14 of Ethernet; behind them the total length of the IPv4 header says more than there is.
            string reason = length < 8 ? "BadVxlanHeader" : length < 22 ? "BadEthernet" : "BadIpHeader";
            Repeat(1, good[..length], $"n1: flannel.1 {reason}");
        }

        Repeat(Repeats, With(good, 0, 0x00), "n1: flannel.1 BadVxlanHeader");
        Repeat(Repeats, With(good, 0, 0x88), "n1: flannel.1 VxlanReservedBits");
        foreach (int at in new[] { 1, 2, 3, 7 })
            Repeat(Repeats, With(good, at, 0x01), "n1: flannel.1 VxlanReservedBits");
        Repeat(Repeats, With(good, 6, 0x02), "n1: flannel.1 UnknownVni");
        Repeat(Repeats, With(good, 4, 0xFF), "n1: flannel.1 UnknownVni");
        Repeat(Repeats, With(good, 13, 0x77), "n1: flannel.1 OtherHost");
        Repeat(Repeats, With(good, 19, 0x01), "n1: flannel.1 BadEthernet");
        Repeat(Repeats, With(good, 14, 0x01), "n1: flannel.1 BadEthernet");
        Repeat(Repeats, With(good, 32, (byte)~good[32]), "n1: flannel.1 BadIpChecksum");
        foreach (string martian in new[] { "127.0.0.1", "224.0.0.1", "255.255.255.255", "0.1.2.3", "10.244.1.1" })
            Repeat(Repeats, Datagram(Udp(martian, a)), "n1: flannel.1 MartianSource");
        foreach (string martian in new[] { "127.0.0.1", "0.1.2.3" })
            Repeat(Repeats, Datagram(Udp(b, martian)), "n1: flannel.1 MartianDestination");
        // The default route leads out of the node; nobody out there forwards.
        Repeat(Repeats, Datagram(Udp(b, "192.0.2.1")), "n1: outside eth0 ForwardingDisabled");
        Repeat(Repeats, Datagram(Udp(b, a, timeToLive: 1)), "n1: flannel.1 TtlExceeded");
        // 64 at n1, 63 at n2, and so on: 1 at n2.
        Repeat(Repeats, Datagram(Udp(b, "10.99.0.1")), "n2: flannel.1 TtlExceeded");
        byte[] oversized = new byte[MostUdpPayload];
        good.AsSpan(0, 20).CopyTo(oversized);
        BinaryPrimitives.WriteUInt16BigEndian(oversized.AsSpan(20), 0x88B5);
        Repeat(20, oversized, "n1: flannel.1 UnknownEtherType");
        var random = new Random(1);
        for (int i = 0; i < 1000; i++)
        {
            byte[] junk = new byte[random.Next(1, 1500)];
            random.NextBytes(junk);
            bool header = junk.Length >= 8 && (junk[0] & 8) != 0;
            Repeat(1, junk, header ? "n1: flannel.1 UnknownVni" : "n1: flannel.1 BadVxlanHeader");
        }

        for (int i = 0; i < Repeats; i++)
            _fromStranger.Add(good);
        Expect("n1: flannel.1 UnknownPeer", Repeats);
    }

    private void Repeat(int count, byte[] datagram, string reason)
    {
        for (int i = 0; i < count; i++)
            _fromPeer.Add(datagram);
        Expect(reason, count);
    }

    private void Expect(string reason, int count) => _expected[reason] = _expected.GetValueOrDefault(reason) + count;

    // At most 64 datagrams, and at most 64 KiB of data unless one alone is longer: an ordinary user's receive buffer has 208 KiB.
    private static IEnumerable<List<byte[]>> Portions(List<byte[]> datagrams)
    {
        var portion = new List<byte[]>();
        foreach (byte[] datagram in datagrams)
        {
            if (portion.Count == 64 || (portion.Count > 0 && portion.Sum(d => d.Length) + datagram.Length > 65_536))
            {
                yield return portion;
                portion = [];
            }

            portion.Add(datagram);
        }

        yield return portion;
    }

    private static void FloodFrom(string from, UnderlayEndpoint target, int count)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        SocketAddress to = new IPEndPoint(target.Address.ToIPAddress(), target.Port).Serialize();
        byte[] junk = new byte[1400];
        new Random(2).NextBytes(junk);
        for (int i = 0; i < count; i++)
        {
            junk[i & 7] = (byte)i;
            // Never VNI 1.
            junk[4] = 0xFF;
            socket.SendTo(junk.AsSpan(0, i % junk.Length), SocketFlags.None, to);
        }
    }

    private byte[] Datagram(byte[] packet) => [0x08, 0, 0, 0, 0, 0, 1, 0, .. _node, .. _peer, 0x08, 0x00, .. packet];

    private static byte[] Udp(string source, string destination, byte timeToLive = 64)
    {
        byte[] packet = new byte[60];
        packet[0] = 0x45;
        packet[3] = 60;
        packet[8] = timeToLive;
        packet[9] = 17;
        IPAddress.Parse(source).GetAddressBytes().CopyTo(packet, 12);
        IPAddress.Parse(destination).GetAddressBytes().CopyTo(packet, 16);
        uint sum = 0;
        for (int i = 0; i < 20; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(i));
        sum = (sum & 0xFFFF) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), (ushort)~(sum + (sum >> 16)));
        packet[21] = 9;
        packet[23] = 9;
        packet[25] = 40;
        return packet;
    }

    private static byte[] With(byte[] datagram, int at, byte value)
    {
        byte[] changed = [.. datagram];
        changed[at] = value;
        return changed;
    }

    private static string Text(Dictionary<string, long> drops) => string.Join("\n", drops.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => $"{d.Key} {d.Value}"));
}
