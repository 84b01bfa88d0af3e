using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>Hands echo replies, and errors about echo requests, to the socket whose identifier they bear (linux net/ipv4/ping.c ping_lookup).</summary>
internal sealed class IcmpDemultiplexer(SocketLayer layer, ulong seed) : ITransportProtocol
{
    private readonly Dictionary<ushort, IcmpSocket> _sockets = [];
    private ulong _ordinal;

    public SocketResult Open(ushort identifier, out IcmpSocket? socket)
    {
        socket = null;
        if (identifier == 0 && !TryChooseIdentifier(out identifier))
            return SocketResult.AddressInUse;
        if (_sockets.ContainsKey(identifier))
            return SocketResult.AddressInUse;
        socket = new IcmpSocket(layer, this, identifier);
        _sockets.Add(identifier, socket);
        return SocketResult.Ok;
    }

    public void Remove(IcmpSocket socket) => _sockets.Remove(socket.Identifier);

    public void CloseAll()
    {
        foreach (IcmpSocket socket in _sockets.Values.ToArray())
            socket.Close();
    }

    public void Receive(in DeliveryInfo info, ref Frame packet)
    {
        if (IcmpView.TryParse(packet.Span[info.HeaderLength..], out IcmpView icmp) != ParseError.None)
        {
            layer.Drop(ref packet, DropReason.BadTransportHeader);
            return;
        }

        if (!icmp.HasValidChecksum)
        {
            layer.Drop(ref packet, DropReason.BadTransportChecksum);
            return;
        }

        if (icmp.Type != IcmpType.EchoReply || !_sockets.TryGetValue(icmp.EchoIdentifier, out IcmpSocket? socket))
        {
            layer.Drop(ref packet, DropReason.NoSocket);
            return;
        }

        socket.Enqueue(ref packet, info.HeaderLength, info.IfIndex, layer.Stack.Now);
    }

    public void ReceiveError(in IcmpErrorInfo error)
    {
        ReadOnlySpan<byte> quoted = error.QuotedTransport;
        if (quoted.Length < IcmpView.HeaderLength || quoted[0] != (byte)IcmpType.EchoRequest)
            return;
        if (!_sockets.TryGetValue(BinaryPrimitives.ReadUInt16BigEndian(quoted[4..]), out IcmpSocket? socket))
            return;
        SocketResult result = SocketResults.FromIcmp(error.Type, error.Code, out _);
        // A redirect tells the route, not the socket.
        if (result == SocketResult.Ok)
            return;
        var record = new SocketErrorRecord
        {
            Result = result,
            Origin = SocketErrorOrigin.Icmp,
            Type = error.Type,
            Code = error.Code,
            Mtu = error.NextHopMtu,
            Offender = error.Reporter,
            Destination = new Ipv4Endpoint(error.QuotedDestination, 0),
            EchoSequence = BinaryPrimitives.ReadUInt16BigEndian(quoted[6..]),
        };
        socket.ReportError(record, pending: false);
    }

    private bool TryChooseIdentifier(out ushort identifier)
    {
        int start = SeededSequence.Below(seed, _ordinal++, ushort.MaxValue);
        for (int i = 0; i < ushort.MaxValue; i++)
        {
            identifier = (ushort)(1 + ((start + i) % ushort.MaxValue));
            if (!_sockets.ContainsKey(identifier))
                return true;
        }

        identifier = 0;
        return false;
    }
}
