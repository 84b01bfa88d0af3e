using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Multicast;

/// <summary>
/// The host's side of IGMP (RFC 3376; linux net/ipv4/igmp.c): tells the network of groups joined and left, and answers queries. Version 3,
/// or version 2 on a device that heard a version 2 query not long ago. Version 1 queries are answered as version 2.
/// </summary>
internal sealed class IgmpProtocol(NetworkNamespace owner, NamespaceOptions options)
{
    // RFC 3376 8.1: the Robustness Variable, so each change is reported twice (igmp_qrv).
    private const int Robustness = 2;

    // RFC 3376 8.11 (net.ipv4.conf.*.igmpv3_unsolicited_report_interval).
    private static readonly TimeSpan UnsolicitedInterval = TimeSpan.FromSeconds(1);

    // RFC 3376 8.12: robustness times the query interval of 125 s, and one response interval of 10 s.
    private static readonly TimeSpan OlderVersionTimeout = TimeSpan.FromSeconds((Robustness * 125) + 10);

    // What fits a report of 1500 bytes; more groups take more reports.
    private const int RecordsPerReport = 180;

    // A header of five words and the Router Alert option (RFC 2113).
    private const int HeaderLength = Ipv4View.MinHeaderLength + 4;
    private const uint RouterAlert = 0x9404_0000;

    private static readonly Ipv4Address AllRouters = new(0xE000_0002);
    private static readonly Ipv4Address AllIgmpRouters = new(0xE000_0016);

    private readonly Dictionary<int, DeviceState> _devices = [];
    private ulong _ordinal;

    internal Instant NextDeadline { get; private set; } = Instant.Never;

    internal GroupError Join(IpInterface device, Ipv4Address group, Instant now)
    {
        if (owner.Groups.Add(device, group) is not { } membership)
            return GroupError.TooMany;
        if (membership.Users == 1)
            Announce(membership, now);
        return GroupError.None;
    }

    internal void Leave(IpInterface device, Ipv4Address group, Instant now)
    {
        if (owner.Groups.Find(device, group) is not { Users: > 0 } membership || --membership.Users > 0)
            return;
        membership.AnswerDue = Instant.Never;
        Announce(membership, now);
    }

    internal void DeviceGone(IpInterface device)
    {
        _devices.Remove(device.Device.IfIndex);
        foreach (GroupMembership membership in owner.Groups.All.Where(m => ReferenceEquals(m.Device, device)).ToArray())
            owner.Groups.Forget(membership);
    }

    /// <summary>igmp_rcv. The packet begins with its IPv4 header; taken over.</summary>
    internal void Receive(IpInterface device, in DeliveryInfo info, ref Frame packet)
    {
        if (IgmpView.TryParse(packet.Span[info.HeaderLength..], out IgmpView igmp) != ParseError.None)
        {
            owner.Drop(device, DropReason.BadTransportHeader, ref packet);
            return;
        }

        if (!igmp.HasValidChecksum)
        {
            owner.Drop(device, DropReason.BadTransportChecksum, ref packet);
            return;
        }

        // Reports of others need no attention: version 3 does not suppress, and a bridge that listens is another device's matter.
        if (igmp.Type == IgmpType.Query)
            Hear(device, igmp, owner.Now);
        owner.Frames.Release(ref packet);
    }

    /// <summary>Sends the reports that are due.</summary>
    internal void Poll(Instant now)
    {
        if (now < NextDeadline)
            return;
        foreach (DeviceState state in _devices.Values)
        {
            if (state.ChangeDue <= now)
                ReportChanges(state, now);
            if (state.AnswerDue <= now)
            {
                state.AnswerDue = Instant.Never;
                Report(state, [.. Members(state)], IgmpRecordType.ModeIsExclude, now);
            }
        }

        GroupMembership[] asked = [.. owner.Groups.All.Where(m => m.AnswerDue <= now)];
        foreach (GroupMembership membership in asked)
        {
            membership.AnswerDue = Instant.Never;
            Report(StateOf(membership.Device), [membership], IgmpRecordType.ModeIsExclude, now);
        }

        Schedule();
    }

    // igmp_heard_query: a random delay within the time that the querier gave.
    private void Hear(IpInterface device, IgmpView query, Instant now)
    {
        DeviceState state = StateOf(device);
        if (query.Length < IgmpView.QueryV3Length)
            state.Version2Until = now + OlderVersionTimeout;
        Instant due = now + Delay(query.MaxResponseTime);
        if (query.Group.IsAny)
            state.AnswerDue = Earlier(state.AnswerDue, due);
        else if (owner.Groups.Find(device, query.Group) is { Users: > 0 } membership)
            membership.AnswerDue = Earlier(membership.AnswerDue, due);
        Schedule();
    }

    private void Announce(GroupMembership membership, Instant now)
    {
        DeviceState state = StateOf(membership.Device);
        // RFC 2236 3: a version 2 leave is sent once.
        membership.ChangesLeft = membership.Users == 0 && now < state.Version2Until ? 1 : Robustness;
        // igmp_ifc_event starts its timer with one tick: the first report leaves with the owner's next poll.
        state.ChangeDue = now;
        Schedule();
    }

    // igmpv3_send_cr, and once more after a random part of the unsolicited report interval.
    private void ReportChanges(DeviceState state, Instant now)
    {
        GroupMembership[] changed = [.. owner.Groups.All.Where(m => ReferenceEquals(m.Device, state.Device) && m.ChangesLeft > 0)];
        Report(state, [.. changed.Where(m => m.Users > 0)], IgmpRecordType.ChangeToExclude, now);
        Report(state, [.. changed.Where(m => m.Users == 0)], IgmpRecordType.ChangeToInclude, now);
        bool again = false;
        foreach (GroupMembership membership in changed)
        {
            again |= --membership.ChangesLeft > 0;
            if (membership is { ChangesLeft: 0, Users: 0 })
                owner.Groups.Forget(membership);
        }

        state.ChangeDue = again ? now + Delay(UnsolicitedInterval) : Instant.Never;
    }

    private void Report(DeviceState state, GroupMembership[] members, IgmpRecordType type, Instant now)
    {
        // Nothing leaves a device that is down, and lo has no routers to tell (igmp_send_report, IFF_MULTICAST).
        if (members.Length == 0 || !state.Device.Device.IsUp || state.Device.IsLoopback)
            return;
        if (now < state.Version2Until)
        {
            bool leave = type == IgmpRecordType.ChangeToInclude;
            foreach (GroupMembership member in members)
            {
                if (TryRent(state.Device, IgmpView.HeaderLength, out Frame message))
                {
                    IgmpView.WriteV2(message.Span, leave ? IgmpType.Leave : IgmpType.ReportV2, member.Group);
                    Send(state.Device, leave ? AllRouters : member.Group, ref message);
                }
            }

            return;
        }

        foreach (GroupMembership[] some in members.Chunk(RecordsPerReport))
        {
            if (!TryRent(state.Device, IgmpView.HeaderLength + (some.Length * IgmpView.RecordLength), out Frame message))
                return;
            IgmpView.WriteReportHeader(message.Span, some.Length);
            for (int i = 0; i < some.Length; i++)
                IgmpView.WriteRecord(message.Span[(IgmpView.HeaderLength + (i * IgmpView.RecordLength))..], type, some[i].Group);
            IgmpView.Seal(message.Span);
            Send(state.Device, AllIgmpRouters, ref message);
        }
    }

    private bool TryRent(IpInterface device, int length, out Frame message)
    {
        if (owner.Frames.TryRentFrame(length, out message))
            return true;
        owner.CountLocalDrop(DropReason.NoBuffer);
        device.Device.Counters.Drops.Count(DropReason.NoBuffer);
        return false;
    }

    // igmpv3_newpack: precedence "internetwork control", one hop, DF, Router Alert.
    private void Send(IpInterface device, Ipv4Address destination, ref Frame message)
    {
        message.Push(HeaderLength);
        Span<byte> header = message.Span[..HeaderLength];
        new Ipv4Header
        {
            Source = owner.Routing.SelectAddress(device, destination, Routing.RouteScope.Link),
            Destination = destination,
            Protocol = IpProtocol.Igmp,
            TotalLength = message.Length,
            TypeOfService = 0xC0,
            TimeToLive = 1,
            DontFragment = true,
        }.Write(header);
        header[0] = 0x40 | (HeaderLength / 4);
        BinaryPrimitives.WriteUInt32BigEndian(header[Ipv4View.MinHeaderLength..], RouterAlert);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Compute(header));
        owner.Ip.OutRequests++;
        owner.Output.ToLink(device, destination, ref message);
    }

    private IEnumerable<GroupMembership> Members(DeviceState state) => owner.Groups.All.Where(m => ReferenceEquals(m.Device, state.Device) && m.Users > 0);

    private DeviceState StateOf(IpInterface device)
    {
        if (!_devices.TryGetValue(device.Device.IfIndex, out DeviceState? state))
            _devices[device.Device.IfIndex] = state = new DeviceState(device);
        return state;
    }

    private TimeSpan Delay(TimeSpan most) =>
        TimeSpan.FromMilliseconds(SeededHash.Below(SeededHash.Mix(options.Seed, (ulong)IpProtocol.Igmp, 0, _ordinal++), (uint)Math.Max(1, most.TotalMilliseconds)));

    private void Schedule()
    {
        Instant next = Instant.Never;
        foreach (DeviceState state in _devices.Values)
            next = Earlier(next, Earlier(state.ChangeDue, state.AnswerDue));
        foreach (GroupMembership membership in owner.Groups.All)
            next = Earlier(next, membership.AnswerDue);
        NextDeadline = next;
    }

    private static Instant Earlier(Instant a, Instant b) => a < b ? a : b;

    private sealed class DeviceState(IpInterface device)
    {
        public IpInterface Device { get; } = device;

        public Instant ChangeDue { get; set; } = Instant.Never;

        public Instant AnswerDue { get; set; } = Instant.Never;

        public Instant Version2Until { get; set; }
    }
}
