using System.Security.Cryptography;
using ActorNet.Dataplane.Links;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack.Tests;

/// <summary>Two namespaces on a veth pair, with an impaired link in each direction, and the calls that tests of TCP repeat.</summary>
internal sealed class TcpLab : IDisposable
{
    public TcpLab(ImpairmentSettings? toB = null, ImpairmentSettings? toA = null, int mtu = 1500, TcpSettings? tcp = null)
    {
        Hosts = new TwoHosts(mtu, tcp: tcp);
        ToB = Impair(Hosts.A, "a-b", toB);
        ToA = Impair(Hosts.B, "b-a", toA);
        // The neighbours are resolved on a clean link, so that a lost ARP does not stand in for a lost segment.
        UdpSocket probe = Hosts.A.Sockets.OpenUdp();
        probe.SendTo(new byte[1], new Ipv4Endpoint(Hosts.B.Address, 9));
        Run(TimeSpan.FromMilliseconds(50));
        probe.Close();
        ToB.Settings = toB ?? ImpairmentSettings.None;
        ToA.Settings = toA ?? ImpairmentSettings.None;
    }

    public TwoHosts Hosts { get; }

    public ImpairedLink ToB { get; }

    public ImpairedLink ToA { get; }

    public SocketLayer A => Hosts.A.Sockets;

    public SocketLayer B => Hosts.B.Sockets;

    public Instant Now => Hosts.Clock.Now;

    /// <summary>A client of a at port 80 of b; neither has spoken yet.</summary>
    public (TcpSocket Client, TcpListener Listener) Open(TcpOptions? client = null, TcpOptions? server = null, int backlog = 16)
    {
        Assert.Equal(SocketResult.Ok, B.ListenTcp(new Ipv4Endpoint(default, 80), backlog, server, out TcpListener? listener));
        TcpSocket socket = A.OpenTcp(client);
        Assert.Equal(SocketResult.InProgress, socket.Connect(new Ipv4Endpoint(Hosts.B.Address, 80)));
        return (socket, listener!);
    }

    /// <summary>A connection that stands, both ends.</summary>
    public (TcpSocket Client, TcpSocket Server) Connect(TcpOptions? client = null, TcpOptions? server = null)
    {
        (TcpSocket socket, TcpListener listener) = Open(client, server);
        TcpSocket? accepted = null;
        RunUntil(() => socket.State == TcpState.Established && (accepted is not null || listener.TryAccept(out accepted)), TimeSpan.FromMinutes(3));
        return (socket, accepted!);
    }

    /// <summary>Moves time on to every moment at which something is due, until a condition holds.</summary>
    public void RunUntil(Func<bool> condition, TimeSpan limit)
    {
        Instant end = Now + limit;
        Hosts.Settle();
        while (!condition())
        {
            Assert.True(Step(end), $"Nothing more is due before the limit of {limit}. {Describe(A)} {Describe(B)}");
            Hosts.Settle();
        }
    }

    /// <summary>Moves time on by a span, with everything that becomes due in it.</summary>
    public void Run(TimeSpan span)
    {
        Instant end = Now + span;
        Hosts.Settle();
        while (Step(end))
            Hosts.Settle();
        if (Now < end)
            Hosts.Time.Advance(end - Now);
        Hosts.Settle();
    }

    /// <summary>Sends a stream from one end to the other, reading as it comes, and compares.</summary>
    public TimeSpan Transfer(TcpSocket from, TcpSocket to, byte[] data, TimeSpan limit, bool finish = true)
    {
        Instant begin = Now;
        int sent = 0;
        var received = new byte[data.Length];
        int count = 0;
        bool ended = !finish;
        RunUntil(
            () =>
            {
                while (sent < data.Length && from.Send(data.AsSpan(sent), out int taken) == SocketResult.Ok && taken > 0)
                    sent += taken;
                if (sent == data.Length && finish)
                    from.ShutdownSend();
                while (count < data.Length && to.Receive(received.AsSpan(count), out int read) == SocketResult.Ok && read > 0)
                    count += read;
                if (count == data.Length && finish)
                    ended = to.IsEndOfStream;
                return count == data.Length && ended;
            },
            limit);
        Assert.Equal(SHA256.HashData(data), SHA256.HashData(received));
        return Now - begin;
    }

    /// <summary>Bytes that repeat nowhere in a short distance.</summary>
    public static byte[] Pattern(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public void Dispose()
    {
        ToA.Settings = ImpairmentSettings.None;
        ToB.Settings = ImpairmentSettings.None;
        ToA.Dispose();
        ToB.Dispose();
        Hosts.Dispose();
    }

    private ImpairedLink Impair(TestHost host, string place, ImpairmentSettings? settings)
    {
        _ = settings;
        var link = new ImpairedLink(place, host.Eth0.Link!, host.Frames, Hosts.Clock);
        host.Eth0.Link = link;
        return link;
    }

    private static string Describe(SocketLayer sockets) => string.Join("; ", sockets.TcpConnections);

    private bool Step(Instant end)
    {
        Instant next = Instant.Never;
        foreach (Instant due in new[] { A.NextDeadline, B.NextDeadline, Hosts.A.Namespace.NextDeadline, Hosts.B.Namespace.NextDeadline, ToA.NextDeadline, ToB.NextDeadline })
            next = due < next ? due : next;
        if (next > end)
            return false;
        if (next > Now)
            Hosts.Time.AdvanceTo(next);
        ToA.Poll(Now);
        ToB.Poll(Now);
        return true;
    }
}
