using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>A UDP socket (RFC 768, RFC 1122 4.1) with the behaviour of Linux's (linux net/ipv4/udp.c).</summary>
public sealed class UdpSocket : DatagramSocket
{
    // UDP header behind an IPv4 header without options.
    private const int Overhead = Ipv4View.MinHeaderLength + UdpView.HeaderLength;

    // net.ipv4.igmp_max_memberships.
    private const int MaxMemberships = 20;

    private readonly UdpDemultiplexer _demultiplexer;
    private List<(Ipv4Address Group, int IfIndex)>? _memberships;
    private bool _addressLocked;

    internal UdpSocket(SocketLayer layer, UdpDemultiplexer demultiplexer)
        : base(layer) => _demultiplexer = demultiplexer;

    /// <summary>The bound address and port; port 0 before a bind. A connected socket has the address that connect chose.</summary>
    public Ipv4Endpoint Local { get; private set; }

    /// <summary>The connected peer; port 0 when not connected.</summary>
    public Ipv4Endpoint Remote { get; private set; }

    /// <summary>SO_REUSEADDR, to be set before the bind: sockets that all have it share a port, and the last one bound gets the unicast.</summary>
    public bool ReuseAddress { get; set; }

    /// <summary>IP_MULTICAST_TTL: hops of what is sent to a group, 1 to 255.</summary>
    public byte MulticastTimeToLive { get; set; } = 1;

    /// <summary>IP_MULTICAST_LOOP: whether members in this very namespace hear what this socket sends.</summary>
    public bool MulticastLoop { get; set; } = true;

    /// <summary>IP_MULTICAST_IF: the device that leads to groups, or null for the route's.</summary>
    public string? MulticastDevice { get; set; }

    /// <summary>IP_MULTICAST_ALL: whether a socket hears groups that only others in the namespace joined.</summary>
    public bool MulticastAll { get; set; } = true;

    /// <summary>Whether <see cref="Connect"/> named a peer.</summary>
    public bool IsConnected => Remote.Port != 0;

    internal UdpSocket? NextOnPort { get; set; }

    private protected override int TransportHeaderLength => UdpView.HeaderLength;

    /// <summary>Binds to a local address and port.</summary>
    /// <param name="local">0.0.0.0 or an address of the namespace, or a broadcast or multicast address; port 0 has an ephemeral one chosen.</param>
    /// <returns><see cref="SocketResult.AddressInUse"/>, <see cref="SocketResult.AddressNotAvailable"/>, <see cref="SocketResult.InvalidArgument"/> for a second bind.</returns>
    public SocketResult Bind(Ipv4Endpoint local)
    {
        if (IsClosed)
            return SocketResult.Closed;
        if (Local.Port != 0)
            return SocketResult.InvalidArgument;
        // inet_addr_valid_or_nonlocal: broadcast and multicast may be bound, to receive only.
        bool group = local.Address.IsLimitedBroadcast || local.Address.IsMulticast;
        if (!local.Address.IsAny && !group && !Layer.Stack.IsLocal(local.Address))
            return SocketResult.AddressNotAvailable;
        SocketResult result = _demultiplexer.Bind(this, local, out ushort port);
        if (result != SocketResult.Ok)
            return result;
        Local = local with { Port = port };
        _addressLocked = !local.Address.IsAny;
        return SocketResult.Ok;
    }

    /// <summary>IP_ADD_MEMBERSHIP: hears what is sent to a group and arrives by a device. Leaving is done by <see cref="LeaveGroup"/> or by closing.</summary>
    /// <param name="group">The group.</param>
    /// <param name="device">Device name, or null for the one that the route to the group leads to.</param>
    /// <returns>
    /// <see cref="SocketResult.InvalidArgument"/> for an address that is no group's, <see cref="SocketResult.NoDevice"/>,
    /// <see cref="SocketResult.AddressInUse"/> for a second time, <see cref="SocketResult.NoBuffers"/> beyond 20 memberships.
    /// </returns>
    public SocketResult JoinGroup(Ipv4Address group, string? device = null)
    {
        if (IsClosed)
            return SocketResult.Closed;
        if (_memberships?.Count >= MaxMemberships)
            return SocketResult.NoBuffers;
        GroupError error = Layer.Stack.JoinGroup(group, device, out int ifIndex);
        if (error != GroupError.None)
            return SocketResults.From(error);
        if (_memberships?.Contains((group, ifIndex)) == true)
        {
            Layer.Stack.LeaveGroup(group, ifIndex);
            return SocketResult.AddressInUse;
        }

        (_memberships ??= []).Add((group, ifIndex));
        return SocketResult.Ok;
    }

    /// <summary>IP_DROP_MEMBERSHIP.</summary>
    /// <param name="group">The group; the first membership of it is given up.</param>
    /// <returns><see cref="SocketResult.AddressNotAvailable"/> when the socket is no member.</returns>
    public SocketResult LeaveGroup(Ipv4Address group)
    {
        int at = _memberships?.FindIndex(m => m.Group == group) ?? -1;
        if (at < 0)
            return SocketResult.AddressNotAvailable;
        Layer.Stack.LeaveGroup(group, _memberships![at].IfIndex);
        _memberships.RemoveAt(at);
        return SocketResult.Ok;
    }

    /// <summary>Names the peer: only it is heard, it is the default destination, and its ICMP errors are reported. Binds when not bound.</summary>
    /// <param name="remote">The peer; 0.0.0.0 means this namespace itself.</param>
    public SocketResult Connect(Ipv4Endpoint remote)
    {
        if (IsClosed)
            return SocketResult.Closed;
        if (remote.Port == 0)
            return SocketResult.InvalidArgument;
        if (remote.Address.IsAny)
            remote = remote with { Address = Ipv4Address.Loopback };
        if (remote.Address.IsLimitedBroadcast && !AllowBroadcast)
            return SocketResult.AccessDenied;
        SendError error = Layer.Stack.SelectSource(remote.Address, out Ipv4Address source, out _);
        if (error != SendError.None)
            return SocketResults.From(error);
        SocketResult bound = EnsureBound();
        if (bound != SocketResult.Ok)
            return bound;
        if (!_addressLocked)
            Local = Local with { Address = source };
        Remote = remote;
        _demultiplexer.Changed();
        return SocketResult.Ok;
    }

    /// <summary>Forgets the peer (connect with AF_UNSPEC).</summary>
    public void Disconnect()
    {
        Remote = default;
        if (!_addressLocked)
            Local = Local with { Address = Ipv4Address.Any };
        _demultiplexer.Changed();
    }

    /// <summary>Sends a datagram to the connected peer.</summary>
    /// <param name="data">The data, copied.</param>
    public SocketResult Send(ReadOnlySpan<byte> data) => IsConnected || IsClosed ? SendTo(data, Remote) : SocketResult.DestinationRequired;

    /// <summary>Sends a datagram. A pending error is reported instead, once.</summary>
    /// <param name="data">The data, copied.</param>
    /// <param name="destination">Where to; 0.0.0.0 means this namespace itself.</param>
    public SocketResult SendTo(ReadOnlySpan<byte> data, Ipv4Endpoint destination)
    {
        SocketResult result = PrepareSend(ref destination, out Ipv4Address source);
        if (result != SocketResult.Ok)
            return result;
        if (data.Length > MaxPayload)
            return LocalError(SocketResult.MessageTooLong, destination);
        SendError error;
        do
        {
            if (!Frames.TryRentFrame(UdpView.HeaderLength + data.Length, out Frame frame))
                return CountSend(SendError.NoBuffers);
            Span<byte> datagram = frame.Span;
            data.CopyTo(datagram[UdpView.HeaderLength..]);
            UdpView.Write(datagram, source, destination.Address, Local.Port, destination.Port);
            error = Transmit(ref frame, source, destination.Address);
        }
        while (ShouldRetrySmall(error, Overhead + data.Length));
        return LocalError(CountSend(error), destination);
    }

    /// <summary>Makes a template of a datagram to be sent many times by <see cref="SendMany"/>. Binds when not bound.</summary>
    /// <param name="data">The data, copied.</param>
    /// <param name="destination">Where to.</param>
    /// <param name="template">The template.</param>
    public SocketResult CreateTemplate(ReadOnlySpan<byte> data, Ipv4Endpoint destination, out DatagramTemplate? template)
    {
        template = null;
        if (data.Length > MaxPayload)
            return SocketResult.MessageTooLong;
        SocketResult result = PrepareSend(ref destination, out Ipv4Address source);
        if (result == SocketResult.Ok)
            template = new DatagramTemplate(data, source, Local.Port, destination);
        return result;
    }

    /// <summary>
    /// Sends a datagram many times: the route is asked for the source once, the checksum is computed when the source changed, and each
    /// datagram is a copy of the template. Nothing is allocated.
    /// </summary>
    /// <param name="template">A template of this socket.</param>
    /// <param name="count">How many.</param>
    /// <param name="sent">How many went out before the first error.</param>
    /// <returns>The first error.</returns>
    public SocketResult SendMany(DatagramTemplate template, int count, out int sent)
    {
        ArgumentNullException.ThrowIfNull(template);
        sent = 0;
        Ipv4Endpoint destination = template.Destination;
        SocketResult result = PrepareSend(ref destination, out Ipv4Address source);
        if (result != SocketResult.Ok)
            return result;
        template.Refresh(source, Local.Port);
        ReadOnlySpan<byte> bytes = template.Bytes;
        int packetLength = Ipv4View.MinHeaderLength + bytes.Length;
        Ipv4SendRequest request = Request(source, destination.Address, packetLength);
        while (sent < count)
        {
            if (!Frames.TryRentFrame(bytes.Length, out Frame frame))
                return CountSend(SendError.NoBuffers);
            bytes.CopyTo(frame.Span);
            SendError error = Layer.Stack.Send(request, ref frame);
            if (error != SendError.None)
            {
                if (!ShouldRetrySmall(error, packetLength))
                    return LocalError(CountSend(error), destination);
                request = Request(source, destination.Address, packetLength);
                continue;
            }

            sent++;
            _demultiplexer.Counters.OutDatagrams++;
        }

        return SocketResult.Ok;
    }

    private protected override ushort SenderPort(ReadOnlySpan<byte> transport) => (ushort)((transport[0] << 8) | transport[1]);

    // ip_mc_sf_allow, without source filters.
    internal bool HearsGroup(Ipv4Address group, int ifIndex) =>
        MulticastAll || !group.IsMulticast || _memberships?.Contains((group, ifIndex)) == true;

    private protected override void Unregister()
    {
        foreach ((Ipv4Address group, int ifIndex) in _memberships ?? [])
            Layer.Stack.LeaveGroup(group, ifIndex);
        _memberships = null;
        if (Local.Port != 0)
            _demultiplexer.Unbind(this);
    }

    private SocketResult EnsureBound() => Local.Port != 0 ? SocketResult.Ok : Bind(Ipv4Endpoint.Any);

    // The part of udp_sendmsg before the data: checks, binding, source.
    private SocketResult PrepareSend(ref Ipv4Endpoint destination, out Ipv4Address source)
    {
        source = default;
        if (IsClosed)
            return SocketResult.Closed;
        if (destination.Port == 0)
            return SocketResult.InvalidArgument;
        if (destination.Address.IsAny)
            destination = destination with { Address = Ipv4Address.Loopback };
        if (destination.Address.IsLimitedBroadcast && !AllowBroadcast)
            return SocketResult.AccessDenied;
        SocketResult result = EnsureBound();
        if (result == SocketResult.Ok)
            result = TakePendingError();
        if (result != SocketResult.Ok)
            return result;
        source = Local.Address;
        return source.IsAny || source.IsMulticast || source.IsLimitedBroadcast
            ? SocketResults.From(Layer.Stack.SelectSource(destination.Address, out source, out _, EgressDevice(destination.Address)))
            : SocketResult.Ok;
    }

    private string? EgressDevice(Ipv4Address destination) => Device ?? (destination.IsMulticast ? MulticastDevice : null);

    private Ipv4SendRequest Request(Ipv4Address source, Ipv4Address destination, int packetLength) => new()
    {
        Destination = destination,
        Source = source,
        Protocol = IpProtocol.Udp,
        DontFragment = WantsDontFragment(destination, packetLength),
        TimeToLive = destination.IsMulticast ? MulticastTimeToLive : TimeToLive,
        TypeOfService = TypeOfService,
        Device = EgressDevice(destination),
        NoMulticastLoop = !MulticastLoop,
        AllowBroadcast = AllowBroadcast,
    };

    private SendError Transmit(ref Frame frame, Ipv4Address source, Ipv4Address destination) =>
        Layer.Stack.Send(Request(source, destination, Ipv4View.MinHeaderLength + frame.Length), ref frame);

    private SocketResult CountSend(SendError error)
    {
        if (error == SendError.None)
            _demultiplexer.Counters.OutDatagrams++;
        else if (error == SendError.NoBuffers)
            _demultiplexer.Counters.SendBufferErrors++;
        return SocketResults.From(error);
    }
}
