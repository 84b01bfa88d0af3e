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
    public long ShortPathPackets { get; private set; }

    /// <summary>Notes the ways of established connections.</summary>
    internal PathRecorder Paths { get; } = new();

    /// <summary>PREROUTING of a packet from its IPv4 header on, whole and writable.</summary>
    /// <param name="frame">The packet.</param>
    /// <param name="device">Where it came in.</param>
    /// <param name="toUs">Whether its frame was addressed to the device, not to a group or another.</param>
    /// <param name="toGroup">Whether its frame was addressed to a group.</param>
    /// <returns>Whether it goes on; if not it is still the caller's. With a path it has passed all hooks, and only its frame is to be sent.</returns>
    internal HookResult PreRouting(ref Frame frame, IpInterface device, bool toUs, bool toGroup)
    {
        Carried = default;
        NetfilterPacket packet = Begin(NetfilterHook.PreRouting, frame);
        (packet.InName, packet.InIndex) = (device.Device.Name, device.Device.IfIndex);
        // What comes over lo was followed and translated on its way out.
        bool known = device.IsLoopback && IsTracking && Tracker.TryFindTranslated(packet);
        Paths.Stop();
        bool passes = RunTable(_tables[RawIndex], packet) && (known || Track(packet));
        // A trace wants to see the rules.
        if (passes && Options.ShortPath && Tracer is null && !toGroup && !device.IsLoopback)
        {
            var key = new PathKey(_generation, _namespace.Routing.Generation, packet.InIndex, toUs, Ports.In is not null);
            if (Paths.FindOrBegin(packet, key) is { } path)
                return PassAll(packet, path, ref frame);
            packet.Recorder = Paths.IsActive ? Paths : null;
        }

        return End(packet, ref frame, passes && RunTable(_tables[MangleIndex], packet) && Translate(packet));
    }

    // Every rule that would have counted it counts it, and both ends are translated.
    private HookResult PassAll(NetfilterPacket packet, EstablishedPath path, ref Frame frame)
    {
        foreach (Counted counted in path.Counts!)
            counted.Count(packet);
        if (_tables[NatIndex] is not null)
        {
            Translator.Apply(packet, packet.Connection!);
            packet.Hook = NetfilterHook.PostRouting;
            Translator.Apply(packet, packet.Connection!);
        }

        ShortPathPackets += packet.Count;
        End(packet, ref frame, true);
        Carried = default;
        return new HookResult(null, path);
    }

    /// <summary>INPUT of a packet for this namespace.</summary>
    internal HookResult Input(ref Frame frame, IpInterface device)
    {
        // What is for a socket is always walked.
        Paths.Stop();
        NetfilterPacket packet = Begin(NetfilterHook.Input, frame);
        (packet.InName, packet.InIndex) = (device.Device.Name, device.Device.IfIndex);
        return End(packet, ref frame, RunTable(_tables[MangleIndex], packet) && RunTable(_tables[FilterIndex], packet) && Translate(packet) && Confirm(packet));
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
        NetfilterPacket packet = Begin(NetfilterHook.Output, frame);
        (packet.OutName, packet.OutIndex) = (egress.Device.Name, egress.Device.IfIndex);
        return End(
            packet,
            ref frame,
            RunTable(_tables[RawIndex], packet) && Track(packet) && RunTable(_tables[MangleIndex], packet) && Translate(packet) && RunTable(_tables[FilterIndex], packet));
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
/// <param name="Path">The way that it takes from here, when it has passed all hooks at once.</param>
internal readonly record struct HookResult(DropReason? Reason, EstablishedPath? Path = null)
{
    internal static readonly HookResult Pass;
}
