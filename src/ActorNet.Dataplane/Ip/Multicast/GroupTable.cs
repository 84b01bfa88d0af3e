using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Multicast;

/// <summary>A membership of one group on one device, or one that ended and has yet to say so.</summary>
internal sealed class GroupMembership(IpInterface device, Ipv4Address group)
{
    internal IpInterface Device { get; } = device;

    internal Ipv4Address Group { get; } = group;

    /// <summary>Sockets that joined; 0 once all left.</summary>
    internal int Users { get; set; }

    /// <summary>State-change reports still to be sent (crcount).</summary>
    internal int ChangesLeft { get; set; }

    /// <summary>When a query about this group is answered.</summary>
    internal Instant AnswerDue { get; set; } = Instant.Never;
}

/// <summary>The multicast groups that a namespace is a member of, by device. All devices are members of 224.0.0.1 always (RFC 1112, 4).</summary>
internal sealed class GroupTable(NamespaceOptions options)
{
    private static readonly Ipv4Address AllHosts = new(0xE000_0001);

    private readonly Dictionary<(int IfIndex, Ipv4Address Group), GroupMembership> _memberships = [];

    internal IEnumerable<GroupMembership> All => _memberships.Values;

    internal bool Contains(IpInterface device, Ipv4Address group) =>
        group == AllHosts || (_memberships.TryGetValue((device.Device.IfIndex, group), out GroupMembership? membership) && membership.Users > 0);

    internal GroupMembership? Find(IpInterface device, Ipv4Address group) => _memberships.GetValueOrDefault((device.Device.IfIndex, group));

    /// <summary>Adds a user; null when the table is full.</summary>
    internal GroupMembership? Add(IpInterface device, Ipv4Address group)
    {
        GroupMembership? membership = Find(device, group);
        if (membership is null)
        {
            if (_memberships.Count >= options.MaxGroups)
                return null;
            membership = new GroupMembership(device, group);
            _memberships.Add((device.Device.IfIndex, group), membership);
        }

        membership.Users++;
        return membership;
    }

    internal void Forget(GroupMembership membership) => _memberships.Remove((membership.Device.Device.IfIndex, membership.Group));
}
