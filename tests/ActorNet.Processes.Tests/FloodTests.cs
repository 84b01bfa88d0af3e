using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace ActorNet.Processes.Tests;

/// <summary>What anybody can throw at a host's tunnel port is seen in its status and nowhere else.</summary>
public sealed class FloodTests
{
    private const int Few = 50;
    private const int Flood = 1_000_000;
    private const int MostLines = 10;

    // RFC 7348: flags, reserved, VNI, reserved; then an Ethernet frame of an experimental type (IEEE 802).
    private static readonly byte[] Foreign = [0x08, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 1, 2, 0x88, 0xB5, 1, 2, 3, 4];
    private static readonly byte[] WrongVni = [0x08, 0, 0, 0, 0, 0, 2, 0, .. Foreign[8..]];
    private static readonly byte[] NoHeader = [0x00, .. Foreign[1..]];

    [Fact]
    public async Task A_million_hostile_datagrams_are_counted_by_reason_in_status_and_fill_no_log()
    {
        await using var lab = new Lab();
        LabPlace at = lab.Place(95);
        LabProcess host = await lab.StartAsync("n1", at);
        LabProcess peerHost = await lab.StartAsync("n2", lab.Place(96), at);
        string a = await lab.RunPodAsync("a", "n1");
        await lab.RunPodAsync("b", "n2");
        await lab.PingsAsync("b", a);
        using Socket stranger = Open("127.0.0.1", at);
        using Socket peer = Open(peerHost.At.Address, at);
        // What came before a node knew the other one's Node.
        long before = Dropped(await lab.StatusAsync("n1"));

        Send(stranger, Foreign, Few);
        Send(peer, WrongVni, Few);
        Send(peer, NoHeader, Few);
        JsonElement few = await Lab.UntilAsync(() => lab.StatusAsync("n1"), s => Dropped(s) == before + (3 * Few), $"{3 * Few} drops");
        foreach (string reason in new[] { "UnknownPeer", "UnknownVni", "BadVxlanHeader" })
            Assert.InRange(few.GetProperty("Drops").GetProperty($"flannel.1 {reason}").GetInt64(), Few, Few + before);

        long backlog = BacklogDrops();
        int lines = host.Said.Count(c => c == '\n');
        for (int sent = 0; sent < Flood; sent += 4 * Few)
        {
            Send(stranger, Foreign, 2 * Few);
            Send(peer, WrongVni, Few);
            Send(peer, NoHeader, Few);
        }

        // The kernel tells of what its buffer refused with the next datagram that it lets in.
        long all = before + Flood + (3 * Few);
        await Lab.UntilAsync(
            () =>
            {
                Send(peer, NoHeader, 1);
                all++;
                return SettledAsync(lab, all);
            },
            s => Dropped(s) <= all && Dropped(s) >= all - (BacklogDrops() - backlog),
            "every datagram in the drops");

        Assert.InRange(host.Said.Count(c => c == '\n') - lines, 0, MostLines);
        await lab.PingsAsync("b", a);
    }

    private static Socket Open(string from, LabPlace to)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        socket.Connect(IPAddress.Parse(to.Address), to.UnderlayPort);
        return socket;
    }

    private static void Send(Socket socket, byte[] datagram, int count)
    {
        for (int i = 0; i < count; i++)
            socket.Send(datagram);
    }

    // Packets that the machine's processors had no place for before any socket was asked (linux net/core/net-procfs.c softnet_seq_show, the second number).
    private static long BacklogDrops() => !File.Exists("/proc/net/softnet_stat") ? 0
        : File.ReadLines("/proc/net/softnet_stat").Sum(static line => Convert.ToInt64(line.Split(' ')[1], 16));

    // What was sent last may still wait in the socket.
    private static async Task<JsonElement> SettledAsync(Lab lab, long all)
    {
        JsonElement status = default;
        for (int i = 0; i < 3 && (i == 0 || Dropped(status) < all); i++)
            status = await lab.StatusAsync("n1");
        return status;
    }

    private static long Dropped(JsonElement status) => status.GetProperty("Drops").EnumerateObject().Sum(d => d.Value.GetInt64());
}
