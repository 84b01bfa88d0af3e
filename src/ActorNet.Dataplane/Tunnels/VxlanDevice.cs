using ActorNet.Dataplane.Devices;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Tunnels;

/// <summary>
/// A VXLAN tunnel endpoint with a static forwarding database and without learning, as flannel.1 (linux drivers/net/vxlan/vxlan_core.c;
/// RFC 7348). Frames sent leave as datagram payloads through <see cref="Underlay"/>; payloads received enter by <see cref="Decapsulate"/>.
/// With <see cref="VxlanSettings.IsNic"/> it is a node's eth0 instead: a NIC on an Ethernet segment that this framing carries between hosts.
/// </summary>
public sealed class VxlanDevice : EthernetDevice
{
    private readonly HashSet<Ipv4Address> _allowedPeers = [];
    private MacAddress _lastMac;
    private VxlanFdbEntry? _lastEntry;
    private int _lastVersion = -1;

    /// <summary>Makes a device, down.</summary>
    /// <param name="name">Name, as flannel.1.</param>
    /// <param name="ifIndex">Interface index.</param>
    /// <param name="mac">Hardware address.</param>
    /// <param name="mtu">MTU in bytes: the underlay's less 50.</param>
    /// <param name="settings">Tunnel settings.</param>
    /// <param name="frames">The owner's memory.</param>
    public VxlanDevice(string name, int ifIndex, MacAddress mac, int mtu, VxlanSettings settings, FrameCache frames)
        : base(name, ifIndex, mac, mtu, frames)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentOutOfRangeException.ThrowIfNegative(settings.Vni);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(settings.Vni, 0xFF_FFFF);
        Settings = settings;
        HasCarrier = true;
    }

    /// <inheritdoc/>
    public override string Kind => Settings.IsNic ? "" : "vxlan";

    /// <summary>Tunnel settings.</summary>
    public VxlanSettings Settings { get; }

    /// <summary>The forwarding database.</summary>
    public VxlanFdb Fdb { get; } = new();

    /// <summary>
    /// Where encapsulated frames go: UDP payloads with <see cref="Frame.Remote"/>, <see cref="Frame.FlowHash"/> for the source port and
    /// <see cref="Frame.OuterTypeOfService"/>. Null drops.
    /// </summary>
    public IFrameSink? Underlay { get; set; }

    /// <summary>
    /// Where frames go, without encapsulation, whose remote is this host: another port of a NIC's segment on the same host. Null is the device
    /// itself, as with a kernel tunnel's remote that is local (vxlan_encap_bypass).
    /// </summary>
    public IFrameSink? Neighbour { get; set; }

    /// <summary>Accepts datagrams from an underlay address beside those in the forwarding database.</summary>
    /// <param name="address">The address.</param>
    public void AllowPeer(Ipv4Address address) => _allowedPeers.Add(address);

    /// <summary>Takes <see cref="AllowPeer"/> back.</summary>
    /// <param name="address">The address.</param>
    public void DisallowPeer(Ipv4Address address) => _allowedPeers.Remove(address);

    /// <inheritdoc/>
    public override void SetUp(bool up)
    {
        if (up == IsUp)
            return;
        IsUp = up;
        OnStateChanged();
    }

    /// <summary>
    /// Encapsulates frames and sends them to the remote VTEPs (vxlan_xmit, vxlan_xmit_one). A frame without an entry is tx_dropped; tx_bytes
    /// are those of the inner packets, without their Ethernet header (iptunnel_xmit).
    /// </summary>
    /// <inheritdoc/>
    public override void Transmit(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (!IsRunning || Underlay is null)
        {
            DropTransmit(frames, DropReason.DeviceDown);
            return;
        }

        if (Fdb.Defaults.Count > 1)
            Replicate(frames);
        FrameVector? bypass = null;
        Route(frames, ref bypass);
        if (frames.Count > 0)
            Observer?.Observe(this, FrameDirection.Transmit, frames);
        Encapsulate(frames);
        if (frames.Count == 0)
            Frames.ReleaseEmpty(frames);
        else
            Underlay.Push(frames);
        if (bypass is not null)
            HandOver(bypass);
    }

    /// <summary>
    /// Takes UDP payloads with <see cref="Frame.Remote"/> and <see cref="Frame.OuterTypeOfService"/> as received, strips the VXLAN header and
    /// passes the frames up in the same vector (vxlan_rcv). What is not for this device is dropped and counted.
    /// </summary>
    /// <param name="datagrams">The payloads, taken over.</param>
    public void Decapsulate(FrameVector datagrams)
    {
        ArgumentNullException.ThrowIfNull(datagrams);
        int kept = 0;
        int bytes = 0;
        Ipv4Address knownPeer = default;
        bool hasKnownPeer = Settings.AllowUnknownPeers;
        for (int i = 0; i < datagrams.Count; i++)
        {
            ref Frame datagram = ref datagrams[i];
            if (!Settings.AllowUnknownPeers && !(hasKnownPeer && datagram.Remote.Address == knownPeer))
            {
                knownPeer = datagram.Remote.Address;
                hasKnownPeer = Fdb.IsPeer(knownPeer) || _allowedPeers.Contains(knownPeer);
                if (!hasKnownPeer)
                {
                    Drop(ref datagram, DropReason.UnknownPeer);
                    continue;
                }
            }

            if (!TryStrip(ref datagram))
                continue;
            bytes += datagram.Length - Uncounted;
            if (kept != i)
                datagrams[kept] = datagram;
            kept++;
        }

        datagrams.Truncate(kept);
        if (kept == 0)
        {
            Frames.ReleaseEmpty(datagrams);
            return;
        }

        Counters.RxPackets += kept;
        Counters.RxBytes += bytes;
        Observer?.Observe(this, FrameDirection.Receive, datagrams);
        if (Settings.JoinsReceived)
            Join(datagrams);
        PassUp(datagrams);
    }

    /// <summary>Takes inner frames that need no decapsulation: those of a tunnel of the same host. rx_bytes are without the Ethernet header.</summary>
    /// <inheritdoc/>
    public override void Receive(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (!AdmitReceive(frames))
            return;
        Counters.RxBytes -= (long)frames.WireCount * Uncounted;
        PassUp(frames);
    }

    /// <summary>Counts datagrams that the real socket refused after they had left the device: tx_errors.</summary>
    /// <param name="count">How many.</param>
    public void CountUnderlayFailures(int count)
    {
        Counters.TxErrors += count;
        Counters.Drops.Count(DropReason.UnderlaySendFailed, count);
    }

    // What is next to each other is joined; Linux also joins across other flows' frames (napi_gro_receive).
    private static void Join(FrameVector frames)
    {
        int last = 0;
        int joined = 0;
        for (int i = 1; i < frames.Count; i++)
        {
            if (FrameTrain.TryJoin(ref frames[last], frames[i]))
            {
                joined++;
                continue;
            }

            Uncount(frames[last], ref joined);
            if (++last != i)
                frames[last] = frames[i];
        }

        Uncount(frames[last], ref joined);
        frames.Truncate(last + 1);
    }

    private static void Uncount(in Frame train, ref int joined)
    {
        if (joined > 0)
            train.Buffer.RemoveReferences(joined);
        joined = 0;
    }

    /// <summary>Finds each frame's remote and outer header fields; what has no remote is dropped and the vector closed up.</summary>
    private void Route(FrameVector frames, ref FrameVector? bypass)
    {
        int kept = 0;
        for (int i = 0; i < frames.Count; i++)
        {
            ref Frame frame = ref frames[i];
            if (!Fits(frame.Length))
            {
                Counters.TxDropped += frame.Count;
                Drop(ref frame, frame.Length < EthernetView.HeaderLength ? DropReason.BadEthernet : DropReason.TooBig);
                continue;
            }

            if (Lookup(MacAddress.Read(frame.Span)) is not { } entry)
            {
                Counters.TxDropped += frame.Count;
                Drop(ref frame, DropReason.NoFdbEntry);
                continue;
            }

            if (entry.Destination == Settings.Local)
            {
                AddBypass(ref frame, ref bypass);
                continue;
            }

            SetOuter(ref frame, entry.Remote);
            if (kept != i)
                frames[kept] = frame;
            kept++;
        }

        frames.Truncate(kept);
    }

    private void SetOuter(ref Frame frame, UnderlayEndpoint remote)
    {
        Span<byte> bytes = frame.Span;
        frame.Remote = remote;
        if (frame.FlowHash == 0)
            frame.FlowHash = FlowHash.Compute(bytes);
        byte inner = InnerPacket.TypeOfService(bytes);
        frame.OuterTypeOfService = InnerPacket.EncapsulateEcn(Settings.TypeOfService == 1 ? inner : Settings.TypeOfService, inner);
    }

    private void AddBypass(ref Frame frame, ref FrameVector? bypass)
    {
        if (bypass is null && !Frames.TryRentVector(out bypass))
        {
            bypass = null;
            Counters.TxDropped += frame.Count;
            Drop(ref frame, DropReason.NoBuffer);
            return;
        }

        bypass.Add(frame);
        frame.Buffer = null!;
    }

    /// <summary>A remote that is this host gets its frames without encapsulation (vxlan_encap_bypass): they are sent and received here.</summary>
    private void HandOver(FrameVector frames)
    {
        if (!AdmitTransmit(frames))
            return;
        Counters.TxBytes -= (long)frames.WireCount * Uncounted;
        if (Neighbour is { } neighbour)
            neighbour.Push(frames);
        else
            Receive(frames);
    }

    // A tunnel counts the packets that it carries (iptunnel_xmit), a NIC its frames.
    private int Uncounted => Settings.IsNic ? 0 : EthernetView.HeaderLength;

    private VxlanFdbEntry? Lookup(MacAddress destination)
    {
        if (_lastVersion == Fdb.Version && destination == _lastMac)
            return _lastEntry;
        VxlanFdbEntry? entry = Fdb.Find(destination);
        if (entry is null && Fdb.Defaults.Count > 0)
            entry = Fdb.Defaults[0];
        _lastMac = destination;
        _lastEntry = entry;
        _lastVersion = Fdb.Version;
        return entry;
    }

    /// <summary>Pushes the header in front of each frame and counts it.</summary>
    private void Encapsulate(FrameVector frames)
    {
        int kept = 0;
        int packets = 0;
        long bytes = 0;
        for (int i = 0; i < frames.Count; i++)
        {
            ref Frame frame = ref frames[i];
            int inner = frame.TotalLength - (frame.Count * Uncounted);
            if (((frame.Flags & FrameFlags.Shared) != 0 || frame.Headroom < VxlanView.HeaderLength) && !TryMoveToOwnMemory(ref frame))
            {
                Counters.TxDropped += frame.Count;
                Drop(ref frame, DropReason.NoBuffer);
                continue;
            }

            frame.Push(VxlanView.HeaderLength);
            VxlanView.Write(frame.Span, Settings.Vni);
            bytes += inner;
            packets += frame.Count;
            if (kept != i)
                frames[kept] = frame;
            kept++;
        }

        frames.Truncate(kept);
        Counters.TxPackets += packets;
        Counters.TxBytes += bytes;
    }

    private bool TryMoveToOwnMemory(ref Frame frame)
    {
        if (!Frames.TryCopy(frame, out Frame copy))
            return false;
        Frames.Release(ref frame);
        frame = copy;
        return true;
    }

    /// <summary>Sends frames without an entry to every default remote but the first, which the ordinary path serves (head-end replication).</summary>
    private void Replicate(FrameVector frames)
    {
        for (int d = 1; d < Fdb.Defaults.Count; d++)
        {
            if (!Frames.TryRentVector(out FrameVector copies))
                return;
            foreach (ref Frame frame in frames.Frames)
            {
                if (!Fits(frame.Length) || Fdb.Find(MacAddress.Read(frame.Span)) is not null)
                    continue;
                if (!Frames.TryCopy(frame, out Frame copy))
                {
                    Counters.TxDropped += frame.Count;
                    Counters.Drops.Count(DropReason.NoBuffer, frame.Count);
                    continue;
                }

                SetOuter(ref copy, Fdb.Defaults[d].Remote);
                copies.Add(copy);
            }

            Encapsulate(copies);
            if (copies.Count == 0)
                Frames.ReleaseEmpty(copies);
            else
                Underlay!.Push(copies);
        }
    }

    /// <summary>The decisions of vxlan_rcv in its order; false when the datagram was dropped.</summary>
    private bool TryStrip(ref Frame datagram)
    {
        ParseError error = VxlanView.TryParse(datagram.Span, out VxlanView view);
        if (error is ParseError.Truncated or ParseError.BadVersion)
            return Refuse(ref datagram, DropReason.BadVxlanHeader);

        // The kernel finds the device by VNI before it looks at the reserved bits.
        if (VniOf(datagram.Span) != Settings.Vni)
            return Refuse(ref datagram, DropReason.UnknownVni);
        if (error != ParseError.None)
            return RefuseAsError(ref datagram, DropReason.VxlanReservedBits, frameError: true);
        Span<byte> inner = view.Frame;
        // From here on an observer of drops is shown the inner frame.
        datagram.Pull(VxlanView.HeaderLength);
        if (inner.Length < EthernetView.HeaderLength)
            return Refuse(ref datagram, DropReason.BadEthernet);
        MacAddress source = MacAddress.Read(inner[MacAddress.Length..]);
        if (source == Mac || !source.IsValidUnicast)
            return Refuse(ref datagram, DropReason.BadEthernet);
        if (!InnerPacket.HasNetworkHeader(inner))
            return RefuseAsError(ref datagram, DropReason.BadIpHeader, frameError: false);
        if (!InnerPacket.TryDecapsulateEcn(inner, datagram.OuterTypeOfService))
            return RefuseAsError(ref datagram, DropReason.EcnMismatch, frameError: true);
        if (!IsRunning)
        {
            Counters.RxDropped++;
            return Refuse(ref datagram, DropReason.DeviceDown);
        }

        return true;
    }

    private static int VniOf(ReadOnlySpan<byte> datagram) => (datagram[4] << 16) | (datagram[5] << 8) | datagram[6];

    private bool RefuseAsError(ref Frame datagram, DropReason reason, bool frameError)
    {
        Counters.RxErrors++;
        if (frameError)
            Counters.RxFrameErrors++;
        return Refuse(ref datagram, reason);
    }

    private bool Refuse(ref Frame datagram, DropReason reason)
    {
        Drop(ref datagram, reason);
        return false;
    }
}
