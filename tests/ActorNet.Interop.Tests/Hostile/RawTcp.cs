using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using ActorNet.Interop.Tests.Netns;
using ActorNet.Packets;

namespace ActorNet.Interop.Tests.Hostile;

/// <summary>
/// An attacker's hands in a kernel namespace: raw sockets (raw(7)) that send any TCP segment from any address, and see the segments that
/// come to the namespace. The kernel routes them and makes the IP checksum; everything else is the attacker's.
/// </summary>
internal sealed class RawTcp : IDisposable
{
    private const int Headers = 40;

    private readonly Socket _sender;
    private readonly Socket _listener;
    private readonly byte[] _packet = new byte[2048];
    private readonly byte[] _heard = new byte[65_536];

    public RawTcp(NetworkNamespace ns)
    {
        _sender = NamespaceSocket.Open(ns, OpenSender);
        _listener = NamespaceSocket.Open(ns, static () => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Tcp));
    }

    /// <summary>Sends a segment with right checksums.</summary>
    /// <param name="from">The source, spoofed or not.</param>
    /// <param name="to">The destination.</param>
    /// <param name="flags">Flags.</param>
    /// <param name="sequence">Sequence number.</param>
    /// <param name="acknowledgment">Acknowledgment number.</param>
    /// <param name="options">Options, a multiple of four bytes.</param>
    /// <param name="data">Bytes of data.</param>
    /// <param name="window">The window field.</param>
    public void Send(
        (Ipv4Address Address, ushort Port) from, (Ipv4Address Address, ushort Port) to, TcpFlags flags, uint sequence, uint acknowledgment = 0,
        ReadOnlySpan<byte> options = default, int data = 0, ushort window = 65_535)
    {
        int length = Headers + options.Length + data;
        Span<byte> packet = _packet.AsSpan(0, length);
        packet.Clear();
        packet[(Headers + options.Length)..].Fill((byte)'!');
        options.CopyTo(packet[Headers..]);
        new TcpHeader
        {
            SourcePort = from.Port,
            DestinationPort = to.Port,
            SequenceNumber = sequence,
            AcknowledgmentNumber = acknowledgment,
            Flags = flags,
            Window = window,
        }.Write(packet[20..], options.Length, from.Address, to.Address);
        new Ipv4Header { Source = from.Address, Destination = to.Address, Protocol = IpProtocol.Tcp, TotalLength = length, TimeToLive = 64 }.Write(packet);
        _sender.SendTo(packet, new IPEndPoint(IPAddress.Parse(to.Address.ToString()), 0));
    }

    /// <summary>The next segment between two ports, as its sequence and acknowledgment numbers and the length of its data.</summary>
    /// <param name="from">The sender.</param>
    /// <param name="toPort">The port it went to.</param>
    /// <param name="cancelled">Ends the waiting.</param>
    public async Task<(TcpFlags Flags, uint Sequence, uint Acknowledgment, int Data)> HearAsync((Ipv4Address Address, ushort Port) from, int toPort, CancellationToken cancelled)
    {
        while (true)
        {
            int length = await _listener.ReceiveAsync(_heard, cancelled);
            if (TryRead(_heard.AsSpan(0, length), from, toPort, out (TcpFlags, uint, uint, int) segment))
                return segment;
        }
    }

    public void Dispose()
    {
        _sender.Dispose();
        _listener.Dispose();
    }

    private static Socket OpenSender()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw) { SendBufferSize = 4 << 20 };
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded, true);
        return socket;
    }

    private static bool TryRead(Span<byte> packet, (Ipv4Address Address, ushort Port) from, int toPort, out (TcpFlags Flags, uint Sequence, uint Acknowledgment, int Data) segment)
    {
        segment = default;
        int header = (packet[0] & 0x0F) * 4;
        int length = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (Ipv4Address.Read(packet[12..]) != from.Address || TcpView.TryParse(packet[header..Math.Min(length, packet.Length)], out TcpView view) != ParseError.None
            || view.SourcePort != from.Port || view.DestinationPort != toPort)
            return false;
        segment = (view.Flags, view.SequenceNumber, view.AcknowledgmentNumber, view.Payload.Length);
        return true;
    }
}
