using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>
/// The UDP of a namespace: the table of bound ports, the choice of a socket for a datagram (linux net/ipv4/udp.c __udp4_lib_lookup) and
/// the way back of ICMP errors. The last flow is remembered, so a run of datagrams of one flow costs one comparison each.
/// </summary>
internal sealed class UdpDemultiplexer : ITransportProtocol
{
    // net.ipv4.ip_local_port_range.
    private const int FirstEphemeralPort = 32_768;
    private const int EphemeralPorts = 60_999 - FirstEphemeralPort + 1;

    private const int MaxBoundSockets = 65_536;
    private const byte PortUnreachable = 3;

    private readonly SocketLayer _layer;
    private readonly ulong _seed;
    private readonly Dictionary<ushort, UdpSocket> _ports = [];
    private ulong _ordinal;
    private int _bound;
    private ulong _flowAddresses;
    private uint _flowPorts;
    private UdpSocket? _flowSocket;

    public UdpDemultiplexer(SocketLayer layer, ulong seed)
    {
        _layer = layer;
        _seed = seed;
    }

    public UdpCounters Counters { get; } = new();

    public IEnumerable<UdpSocket> Sockets
    {
        get
        {
            foreach (UdpSocket first in _ports.Values)
            {
                for (UdpSocket? socket = first; socket is not null; socket = socket.NextOnPort)
                    yield return socket;
            }
        }
    }

    public SocketResult Bind(UdpSocket socket, Ipv4Endpoint local, out ushort port)
    {
        port = local.Port;
        if (_bound == MaxBoundSockets)
            return SocketResult.NoBuffers;
        if (port == 0 ? !TryChoosePort(socket, local.Address, out port) : IsTaken(socket, local.Address, port))
            return SocketResult.AddressInUse;
        // The newest comes first, as hlist_add_head does: it wins among equals.
        socket.NextOnPort = _ports.GetValueOrDefault(port);
        _ports[port] = socket;
        _bound++;
        Changed();
        return SocketResult.Ok;
    }

    public void Unbind(UdpSocket socket)
    {
        ushort port = socket.Local.Port;
        UdpSocket first = _ports[port];
        if (first == socket && socket.NextOnPort is null)
        {
            _ports.Remove(port);
        }
        else if (first == socket)
        {
            _ports[port] = socket.NextOnPort!;
        }
        else
        {
            while (first.NextOnPort != socket)
                first = first.NextOnPort!;
            first.NextOnPort = socket.NextOnPort;
        }

        socket.NextOnPort = null;
        _bound--;
        Changed();
    }

    /// <summary>Forgets the remembered flow: a binding or connection changed.</summary>
    public void Changed() => _flowSocket = null;

    public void CloseAll()
    {
        foreach (UdpSocket socket in Sockets.ToArray())
            socket.Close();
    }

    public void Receive(in DeliveryInfo info, ref Frame packet)
    {
        Span<byte> transport = packet.Span[info.HeaderLength..];
        if (UdpView.TryParse(transport, out UdpView udp) != ParseError.None)
        {
            Counters.InErrors++;
            _layer.Drop(ref packet, DropReason.BadTransportHeader);
            return;
        }

        if ((packet.Flags & FrameFlags.ChecksumVerified) == 0 && !udp.HasValidChecksum(info.Source, info.Destination))
        {
            Counters.InErrors++;
            Counters.ChecksumErrors++;
            _layer.Drop(ref packet, DropReason.BadTransportChecksum);
            return;
        }

        // Bytes behind the datagram are no data (RFC 768: the length field rules; linux __udp4_lib_rcv pskb_trim_rcsum).
        packet.Length = info.HeaderLength + udp.Length;
        ulong addresses = ((ulong)info.Source.Value << 32) | info.Destination.Value;
        uint ports = BinaryPrimitives.ReadUInt32BigEndian(transport);
        UdpSocket? socket = _flowSocket;
        if (socket is null || addresses != _flowAddresses || ports != _flowPorts)
        {
            if (IsGroup(info.Destination))
            {
                DeliverToGroup(info, ref packet, udp.SourcePort, udp.DestinationPort);
                return;
            }

            socket = Lookup(info.Destination, udp.DestinationPort, new Ipv4Endpoint(info.Source, udp.SourcePort));
            if (socket is null)
            {
                Counters.NoPorts++;
                _layer.Stack.SendIcmpError(packet, IcmpType.DestinationUnreachable, PortUnreachable);
                _layer.Drop(ref packet, DropReason.NoSocket);
                return;
            }

            _flowAddresses = addresses;
            _flowPorts = ports;
            _flowSocket = socket;
        }

        Deliver(socket, info, ref packet);
    }

    public void ReceiveError(in IcmpErrorInfo error)
    {
        if (error.QuotedTransport.Length < 4)
            return;
        ushort sourcePort = BinaryPrimitives.ReadUInt16BigEndian(error.QuotedTransport);
        ushort destinationPort = BinaryPrimitives.ReadUInt16BigEndian(error.QuotedTransport[2..]);
        var destination = new Ipv4Endpoint(error.QuotedDestination, destinationPort);
        UdpSocket? socket = Lookup(error.QuotedSource, sourcePort, destination);
        if (socket is null)
            return;
        SocketResult result = SocketResults.FromIcmp(error.Type, error.Code, out bool hard);
        bool tooBig = result == SocketResult.MessageTooLong;
        if (result == SocketResult.Ok || (tooBig && socket.PathMtuDiscovery == PathMtuDiscovery.Dont))
            return;
        // Without IP_RECVERR only a connected socket hears, and only of hard errors (__udp4_lib_err).
        if (!socket.ReceiveErrors && !(hard && socket.IsConnected))
            return;
        var record = new SocketErrorRecord
        {
            Result = result,
            Origin = SocketErrorOrigin.Icmp,
            Type = error.Type,
            Code = error.Code,
            Mtu = tooBig ? error.NextHopMtu : 0,
            Offender = error.Reporter,
            Destination = destination,
        };
        socket.ReportError(record, pending: true);
    }

    private void Deliver(UdpSocket socket, in DeliveryInfo info, ref Frame packet)
    {
        if (socket.Enqueue(ref packet, info.HeaderLength, info.IfIndex, default))
        {
            Counters.InDatagrams++;
            return;
        }

        Counters.InErrors++;
        Counters.ReceiveBufferErrors++;
    }

    // Broadcast and multicast reach every socket that would take them (__udp4_lib_mcast_deliver), and are never answered with an error.
    private void DeliverToGroup(in DeliveryInfo info, ref Frame packet, ushort sourcePort, ushort destinationPort)
    {
        UdpSocket? last = null;
        var remote = new Ipv4Endpoint(info.Source, sourcePort);
        for (UdpSocket? socket = _ports.GetValueOrDefault(destinationPort); socket is not null; socket = socket.NextOnPort)
        {
            if (Score(socket, info.Destination, remote) < 0 || !socket.HearsGroup(info.Destination, info.IfIndex))
                continue;
            if (last is not null)
                DeliverCopy(last, info, packet);
            last = socket;
        }

        if (last is not null)
            Deliver(last, info, ref packet);
        else
            _layer.Drop(ref packet, DropReason.NoSocket);
    }

    private void DeliverCopy(UdpSocket socket, in DeliveryInfo info, in Frame packet)
    {
        if (_layer.Stack.Frames.TryCopy(packet, out Frame copy))
        {
            Deliver(socket, info, ref copy);
            return;
        }

        Counters.InErrors++;
        Counters.ReceiveBufferErrors++;
        socket.Drops.Count(DropReason.NoBuffer);
        _layer.Drops.Count(DropReason.NoBuffer);
    }

    private bool IsGroup(Ipv4Address address) => address.IsMulticast || address.IsLimitedBroadcast || !_layer.Stack.IsLocal(address);

    private UdpSocket? Lookup(Ipv4Address local, ushort port, Ipv4Endpoint remote)
    {
        UdpSocket? best = null;
        int bestScore = -1;
        for (UdpSocket? socket = _ports.GetValueOrDefault(port); socket is not null; socket = socket.NextOnPort)
        {
            int score = Score(socket, local, remote);
            if (score > bestScore)
            {
                best = socket;
                bestScore = score;
            }
        }

        return best;
    }

    // compute_score; an exact address beats any wildcard because Linux looks into its hash chain first.
    private static int Score(UdpSocket socket, Ipv4Address local, Ipv4Endpoint remote)
    {
        int score = 0;
        if (!socket.Local.Address.IsAny)
        {
            if (socket.Local.Address != local)
                return -1;
            score = 16;
        }

        if (!socket.IsConnected)
            return score;
        return socket.Remote == remote ? score + 8 : -1;
    }

    // udp_lib_get_port: a random start, then one port after the other.
    private bool TryChoosePort(UdpSocket socket, Ipv4Address address, out ushort port)
    {
        int start = SeededSequence.Below(_seed, _ordinal++, EphemeralPorts);
        for (int i = 0; i < EphemeralPorts; i++)
        {
            port = (ushort)(FirstEphemeralPort + ((start + i) % EphemeralPorts));
            if (!IsTaken(socket, address, port))
                return true;
        }

        port = 0;
        return false;
    }

    // inet_rcv_saddr_equal: wildcards clash with everything unless all have SO_REUSEADDR.
    private bool IsTaken(UdpSocket socket, Ipv4Address address, ushort port)
    {
        for (UdpSocket? other = _ports.GetValueOrDefault(port); other is not null; other = other.NextOnPort)
        {
            bool equal = address.IsAny || other.Local.Address.IsAny || other.Local.Address == address;
            if (equal && !(socket.ReuseAddress && other.ReuseAddress))
                return true;
        }

        return false;
    }
}
