using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Ip;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Dataplane.Netfilter.Established;
using ActorNet.Dataplane.Netfilter.Nat;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Observation;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter;

/// <content>
/// The five hooks, each with its tables in the order of their priorities (linux include/uapi/linux/netfilter_ipv4.h): raw, conntrack, mangle, nat for
/// destinations, filter, nat for sources, and the entering of new connections last.
/// </content>
public sealed partial class NetfilterState
{
    private readonly Stack<NetfilterPacket> _spare = new();
    private readonly Stack<RuleTrace> _spareTraces = new();
    private readonly RuleWalk[] _walks = [new(), new(), new(), new()];
    private int _depth;
    private readonly CountLedger _counts = new();
    private readonly ShortPath _shortPath;
    private DropReason _dropReason;
    private string? _droppedTable;
    private Chain? _droppedIn;
    private Rule? _droppedBy;

    /// <summary>What the packet that is on its way through the namespace has found out so far (skb->_nfct).</summary>
    internal CarriedConnection Carried { get; set; }

    /// <summary>The bridge ports of the packet that is on its way, when a bridge asked about it (nf_bridge_info).</summary>
    internal (string? In, string? Out) Ports { get; set; }

    /// <summary>The rule, or the policy, that dropped the last packet, as a person would name it; null when it was none.</summary>
    internal string? DroppedBy => _droppedIn is null ? null
        : _droppedBy is { } rule ? $"{_droppedTable} -A {_droppedIn.Name} {rule}" : $"{_droppedTable} policy of {_droppedIn.Name}";

    /// <summary>A packet's connection between two hooks.</summary>
    /// <param name="Connection">The connection.</param>
    /// <param name="Info">How the packet belongs to it.</param>
    internal readonly record struct CarriedConnection(ConntrackEntry? Connection, ConntrackInfo Info)
    {
        /// <summary>How an ICMP error or a reset about the packet belongs to its connection: it travels the other way (nf_ct_attach).</summary>
        internal CarriedConnection OfAnswer() => Connection is null
            ? default
            : new CarriedConnection(Connection, Info is ConntrackInfo.EstablishedReply or ConntrackInfo.RelatedReply ? ConntrackInfo.Related : ConntrackInfo.RelatedReply);
    }

    /// <summary>Who traces packets through the rules; null for nobody, and then nothing is noted.</summary>
    public HopRecorder? Tracer { get; set; }

    /// <summary>Packets that took the short path.</summary>
    public long ShortPathPackets => _shortPath.Packets;

    /// <summary>Notes the ways of connections' packets.</summary>
    internal PathRecorder Paths { get; }

    // A trace wants to see the rules.
    private bool HasShortPath => Options.ShortPath && IsTracking && Tracer is null;

    /// <summary>Takes a frame past all hooks, if its connection has a path for it that is in force.</summary>
    /// <param name="frame">The frame, from its Ethernet header on; its IPv4 header was checked.</param>
    /// <param name="device">Where it came in.</param>
    /// <param name="toUs">Whether it was addressed to the device.</param>
    /// <returns>The path, whose end is the caller's part; null when it has to pass the hooks.</returns>
    internal EstablishedPath? TakeShortPath(ref Frame frame, IpInterface device, bool toUs)
    {
        if (!HasShortPath || device.IsLoopback || (frame.Span[0] & 1) != 0)
            return null;
        EstablishedPath? path = _shortPath.Take(ref frame, EthernetView.HeaderLength, KeyOf(device, toUs), out CarriedConnection carried);
        // What a socket answers at once, an error for instance, belongs to its connection.
        Carried = path?.End == PathEnd.Delivered ? carried : default;
        return path;
    }

    /// <summary>Takes a packet that was made here past all hooks, if its connection has a path for it that is in force.</summary>
    /// <param name="packet">The packet, from its IPv4 header on.</param>
    /// <param name="egress">Where its route leads.</param>
    internal EstablishedPath? TakeShortPathOut(ref Frame packet, IpInterface egress) =>
        HasShortPath && !egress.IsLoopback ? _shortPath.Take(ref packet, 0, KeyOfSent(egress), out _) : null;

    /// <summary>PREROUTING of a packet from its IPv4 header on, whole and writable.</summary>
    /// <param name="frame">The packet.</param>
    /// <param name="device">Where it came in.</param>
    /// <param name="toUs">Whether its frame was addressed to the device, not to a group or another.</param>
    /// <param name="toGroup">Whether its frame was addressed to a group.</param>
    /// <returns>Whether it goes on; if not it is still the caller's.</returns>
    internal HookResult PreRouting(ref Frame frame, IpInterface device, bool toUs, bool toGroup)
    {
        Carried = default;
        NetfilterPacket packet = Begin(NetfilterHook.PreRouting, frame, notes: HasShortPath && !toGroup && !device.IsLoopback);
        (packet.InName, packet.InIndex) = (device.Device.Name, device.Device.IfIndex);
        // What comes over lo was followed and translated on its way out.
        bool known = device.IsLoopback && IsTracking && Tracker.TryFindTranslated(packet);
        bool passes = RunTable(_tables[RawIndex], packet) && (known || Track(packet));
        Note(packet, KeyOf(device, toUs));
        return End(packet, ref frame, passes && RunTable(_tables[MangleIndex], packet) && Translate(packet));
    }

    /// <summary>INPUT of a packet for this namespace.</summary>
    internal HookResult Input(ref Frame frame, IpInterface device)
    {
        NetfilterPacket packet = Begin(NetfilterHook.Input, frame);
        (packet.InName, packet.InIndex) = (device.Device.Name, device.Device.IfIndex);
        bool passes = RunTable(_tables[MangleIndex], packet) && RunTable(_tables[FilterIndex], packet) && Translate(packet) && Confirm(packet);
        if (passes)
            Paths.Finish(PathEnd.Delivered);
        return End(packet, ref frame, passes);
    }

    /// <summary>FORWARD of a packet that goes on.</summary>
    internal HookResult Forward(ref Frame frame, IpInterface device, IpInterface egress)
    {
        NetfilterPacket packet = Begin(NetfilterHook.Forward, frame);
        (packet.InName, packet.InIndex) = (device.Device.Name, device.Device.IfIndex);
        (packet.OutName, packet.OutIndex) = (egress.Device.Name, egress.Device.IfIndex);
        return End(packet, ref frame, RunTable(_tables[MangleIndex], packet) && RunTable(_tables[FilterIndex], packet));
    }

    /// <summary>OUTPUT of a packet made here. Its destination may have changed: then a route has to be found again.</summary>
    internal HookResult Output(ref Frame frame, IpInterface egress)
    {
        // What answers another packet is followed with that one.
        NetfilterPacket packet = Begin(NetfilterHook.Output, frame, notes: HasShortPath && Carried.Connection is null && !egress.IsLoopback);
        (packet.OutName, packet.OutIndex) = (egress.Device.Name, egress.Device.IfIndex);
        bool passes = RunTable(_tables[RawIndex], packet) && Track(packet);
        Note(packet, KeyOfSent(egress));
        return End(packet, ref frame, passes && RunTable(_tables[MangleIndex], packet) && Translate(packet) && RunTable(_tables[FilterIndex], packet));
    }

    /// <summary>POSTROUTING of a packet that leaves by a device towards a next hop.</summary>
    internal HookResult PostRouting(ref Frame frame, IpInterface egress, Ipv4Address nextHop)
    {
        NetfilterPacket packet = Begin(NetfilterHook.PostRouting, frame);
        (packet.OutName, packet.OutIndex) = (egress.Device.Name, egress.Device.IfIndex);
        packet.NextHop = nextHop;
        HookResult result = End(packet, ref frame, RunTable(_tables[MangleIndex], packet) && Translate(packet) && Confirm(packet));
        Carried = default;
        // The mark is this namespace's own; over lo it comes back.
        if (!egress.IsLoopback)
            frame.Mark = 0;
        return result;
    }

    private PathKey KeyOf(IpInterface device, bool toUs) =>
        new(_generation, _namespace.Routing.Generation, device.Device.IfIndex, (toUs ? PathWay.ToUs : PathWay.None) | (Ports.In is null ? PathWay.None : PathWay.Asked));

    private PathKey KeyOfSent(IpInterface egress) => new(_generation, _namespace.Routing.Generation, egress.Device.IfIndex, PathWay.Local);

    // The first hook of a packet, which may begin the noting of its path.
    private NetfilterPacket Begin(NetfilterHook hook, in Frame frame, bool notes)
    {
        Paths.Prepare();
        NetfilterPacket packet = Begin(hook, frame);
        packet.Recorder = notes ? Paths : null;
        return packet;
    }

    private static void Note(NetfilterPacket packet, in PathKey key)
    {
        packet.Recorder?.Begin(packet, key);
        if (packet.Recorder is { IsActive: false })
            packet.Recorder = null;
    }

    private NetfilterPacket Begin(NetfilterHook hook, in Frame frame)
    {
        if (!_spare.TryPop(out NetfilterPacket? packet))
            packet = new NetfilterPacket(this);
        packet.Hook = hook;
        packet.Load(frame);
        (packet.Connection, packet.Info) = Carried;
        (packet.PhysicalIn, packet.PhysicalOut) = Ports;
        packet.Recorder = Paths.IsActive ? Paths : null;
        if (Tracer is not null)
        {
            packet.Trace = _spareTraces.TryPop(out RuleTrace? trace) ? trace : new RuleTrace();
            packet.Trace.Begin(packet);
        }

        _droppedIn = null;
        _dropReason = DropReason.RuleDropped;
        return packet;
    }

    private HookResult End(NetfilterPacket packet, ref Frame frame, bool passes)
    {
        frame.Mark = packet.Mark;
        frame.Flags |= packet.Found;
        Carried = new CarriedConnection(packet.Connection, packet.Info);
        // A connection whose first packet does not come through never was.
        if (!passes && packet.Info == ConntrackInfo.New && packet.Connection is { IsConfirmed: false, IsDying: false } unborn)
        {
            Carried = default;
            Tracker.Table.Recycle(unborn);
        }

        if (packet.Trace is { } trace)
        {
            Tracer?.RecordRules(packet, trace);
            _spareTraces.Push(trace);
        }

        packet.Clear();
        (packet.InName, packet.InIndex, packet.OutName, packet.OutIndex) = (null, 0, null, 0);
        _spare.Push(packet);
        return passes ? HookResult.Pass : new HookResult(_dropReason);
    }

    private bool Track(NetfilterPacket packet)
    {
        if (!IsTracking || Tracker.Track(packet))
            return true;
        _dropReason = DropReason.ConntrackFull;
        Warn("nf_conntrack: table full, dropping packet");
        return false;
    }

    private bool Confirm(NetfilterPacket packet)
    {
        // What answers a connection's first packet does not make it one (__nf_conntrack_confirm).
        if (packet.Info is ConntrackInfo.EstablishedReply or ConntrackInfo.RelatedReply || Tracker.Confirm(packet))
            return true;
        _dropReason = DropReason.ConntrackClash;
        return false;
    }

    private bool RunTable(Table? table, NetfilterPacket packet) =>
        table?.At(packet.Hook) is not { } chain || Walk(table, chain, packet) != RuleVerdict.Drop;

    private RuleVerdict Walk(Table table, Chain chain, NetfilterPacket packet)
    {
        // REJECT's answer takes its own way through the rules while the refused packet still is on its.
        if (_depth == _walks.Length)
            return RuleVerdict.Drop;
        RuleWalk walk = _walks[_depth++];
        if (packet.Trace is { } trace)
            trace.Table = table.Name;
        RuleVerdict verdict = walk.Run(chain, packet);
        _depth--;
        if (verdict == RuleVerdict.Drop)
            (_droppedTable, _droppedIn, _droppedBy) = (table.Name, walk.DecidedIn, walk.DecidedBy);
        return verdict;
    }

    // nf_nat_inet_fn: the table is asked by the first packet of a connection, once for each end.
    private bool Translate(NetfilterPacket packet)
    {
        if (packet.Connection is not { } connection || _tables[NatIndex] is not { } table)
            return true;
        bool source = Translator.ChangesSource(packet.Hook);
        // REJECT's reset asks too, for the connection that will not be (nf_ct_attach); an ICMP error never does.
        bool asks = packet.Info == ConntrackInfo.New || (packet.Info is ConntrackInfo.Related or ConntrackInfo.RelatedReply && packet.Protocol != (byte)IpProtocol.Icmp);
        if (asks && !connection.IsConfirmed && !Translator.IsDecided(connection, source))
        {
            if (table.At(packet.Hook) is { } chain && Walk(table, chain, packet) == RuleVerdict.Drop)
                return false;
            if (!Translator.IsDecided(connection, source))
                Translations.SetNull(connection, source);
        }

        if (Translator.Apply(packet, connection))
            return true;
        _dropReason = DropReason.NatFailed;
        return false;
    }
}

/// <summary>What a hook decided.</summary>
/// <param name="Reason">Why the packet is to be dropped; null when it goes on.</param>
internal readonly record struct HookResult(DropReason? Reason)
{
    internal static readonly HookResult Pass;
}
