using System.Buffers.Binary;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter;
using ActorNet.Dataplane.Tests.Ip;
using ActorNet.Packets;
using static ActorNet.Dataplane.Tests.Ip.Packets;

namespace ActorNet.Dataplane.Tests.Netfilter;

/// <summary>A router with rules between a client on eth0 (10.0.0.9) and a server on eth1 (10.0.1.9), which sends what a test says and reads what comes out.</summary>
internal sealed class NetfilterBench : IDisposable
{
    public const string Client = "10.0.0.9";
    public const string Server = "10.0.1.9";

    public NetfilterBench(string rules, NetfilterOptions? options = null, Func<NamespaceOptions, NamespaceOptions>? configure = null)
    {
        Bench = new NamespaceBench(configure);
        Netfilter = Bench.Namespace.EnableNetfilter(options);
        Assert.Equal(RestoreResult.Success, Netfilter.Restore(rules));
        Bench.Know("eth0", Client);
        Bench.Know("eth0", "10.0.0.10");
        Bench.Know("eth1", Server);
        Bench.Know("eth1", "10.0.1.10");
    }

    public NamespaceBench Bench { get; }

    public NetfilterState Netfilter { get; }

    /// <summary>A TCP segment with a right checksum.</summary>
    public static byte[] Tcp(string source, string destination, int sourcePort, int destinationPort, TcpFlags flags, uint sequence = 1000, uint ack = 0, int data = 0, ushort window = 65_535)
    {
        byte[] tcp = new byte[20 + data];
        BinaryPrimitives.WriteUInt16BigEndian(tcp, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(2), (ushort)destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(4), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(tcp.AsSpan(8), ack);
        tcp[12] = 5 << 4;
        tcp[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(14), window);
        Pattern(data).CopyTo(tcp, 20);
        BinaryPrimitives.WriteUInt16BigEndian(tcp.AsSpan(16), TransportChecksum(source, destination, 6, tcp));
        return Ipv4(source, destination, 6, tcp, flagsAndOffset: 0x4000);
    }

    /// <summary>A UDP datagram, with a right checksum unless it is to have none.</summary>
    public static byte[] Udp(string source, string destination, int sourcePort, int destinationPort, int data = 8, bool withChecksum = true)
    {
        byte[] udp = new byte[8 + data];
        BinaryPrimitives.WriteUInt16BigEndian(udp, (ushort)sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(2), (ushort)destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(4), (ushort)udp.Length);
        Pattern(data).CopyTo(udp, 8);
        if (withChecksum)
            BinaryPrimitives.WriteUInt16BigEndian(udp.AsSpan(6), TransportChecksum(source, destination, 17, udp));
        return Ipv4(source, destination, 17, udp);
    }

    /// <summary>Lets a packet arrive from the client's side, and tells what left on either side, Ethernet cut off.</summary>
    public (List<byte[]> ToClients, List<byte[]> ToServers) FromClient(byte[] packet)
    {
        Bench.Eth0.Arrive(Ethernet(NamespaceBench.Eth0Mac, NamespaceBench.HostMac, 0x0800, packet));
        return Sent();
    }

    /// <summary>As <see cref="FromClient"/>, from the server's side.</summary>
    public (List<byte[]> ToClients, List<byte[]> ToServers) FromServer(byte[] packet)
    {
        Bench.Eth1.Arrive(Ethernet(NamespaceBench.Eth1Mac, NamespaceBench.HostMac, 0x0800, packet));
        return Sent();
    }

    /// <summary>The lines of conntrack -L.</summary>
    public string[] Connections() => Netfilter.ListConnections().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Source, destination, ports of a packet, after its checksums were found right by this test's own routine.</summary>
    public static string Describe(byte[] packet)
    {
        int header = (packet[0] & 15) * 4;
        Assert.Equal(0, Checksum(packet.AsSpan(0, header)));
        string source = new Ipv4Address(BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(12))).ToString();
        string destination = new Ipv4Address(BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(16))).ToString();
        byte[] transport = packet[header..];
        bool unsummed = packet[9] == 17 && transport[6] == 0 && transport[7] == 0;
        if (packet[9] is 6 or 17 && !unsummed)
            Assert.Equal(0, TransportChecksum(source, destination, packet[9], transport));
        if (packet[9] == 1)
        {
            Assert.Equal(0, Checksum(transport));
            return $"{source} > {destination} icmp {transport[0]}/{transport[1]}";
        }

        return $"{source}:{BinaryPrimitives.ReadUInt16BigEndian(transport)} > {destination}:{BinaryPrimitives.ReadUInt16BigEndian(transport.AsSpan(2))}";
    }

    public void Dispose() => Bench.Dispose();

    private (List<byte[]> ToClients, List<byte[]> ToServers) Sent() =>
        ([.. Bench.Eth0.TakeSent().Select(static f => f[14..])], [.. Bench.Eth1.TakeSent().Select(static f => f[14..])]);

    // RFC 9293, 3.1 and RFC 768: the pseudo-header, then the segment.
    private static ushort TransportChecksum(string source, string destination, byte protocol, byte[] transport)
    {
        byte[] all = new byte[12 + transport.Length];
        Ipv4Address.Parse(source).Write(all);
        Ipv4Address.Parse(destination).Write(all.AsSpan(4));
        all[9] = protocol;
        BinaryPrimitives.WriteUInt16BigEndian(all.AsSpan(10), (ushort)transport.Length);
        transport.CopyTo(all, 12);
        return Checksum(all);
    }
}
