using System.Text;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Dataplane.Netfilter.Matches;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Dataplane.Netfilter.Targets;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter;

/// <content>Connections: what conntrack prints, and when they are followed at all.</content>
public sealed partial class NetfilterState
{
    /// <summary>
    /// Whether connections are followed: from the moment on that a rule asks for it, or a rule is in table nat, as the kernel's modules do
    /// (nf_ct_netns_get).
    /// </summary>
    public bool IsTracking { get; private set; }

    /// <summary>Counters of conntrack -S.</summary>
    public ConntrackCounters ConntrackCounters => Tracker.Counters;

    /// <summary>Connections now.</summary>
    public int ConnectionCount => Tracker.Table.Count;

    internal Instant NextDeadline => Tracker.Table.NextDeadline;

    /// <summary>Prints the connections as conntrack -L does, without the line about their number.</summary>
    public string ListConnections()
    {
        var text = new StringBuilder();
        Instant now = Now;
        foreach (ConntrackEntry entry in Tracker.Table.Entries)
            ConntrackText.WriteEntry(text, entry, now);
        return text.ToString();
    }

    /// <summary>Prints the connections that a filter means.</summary>
    /// <param name="filter">Which.</param>
    /// <param name="extended">Whether each line begins with the network protocol.</param>
    internal (string Text, int Count) ListConnections(ConntrackFilter filter, bool extended)
    {
        var text = new StringBuilder();
        int count = 0;
        Instant now = Now;
        foreach (ConntrackEntry entry in Tracker.Table.Entries)
        {
            if (!filter.Matches(entry))
                continue;
            if (extended)
                text.Append("ipv4     2 ");
            ConntrackText.WriteEntry(text, entry, now);
            count++;
        }

        return (text.ToString(), count);
    }

    /// <summary>Deletes the connections that a filter means, and prints them.</summary>
    /// <param name="filter">Which.</param>
    internal (string Text, int Count) DeleteConnections(ConntrackFilter filter)
    {
        (string text, int count) = ListConnections(filter, extended: false);
        for (int i = Tracker.Table.Entries.Count - 1; i >= 0; i--)
        {
            ConntrackEntry entry = Tracker.Table.Entries[i];
            if (filter.Matches(entry))
                Tracker.Table.Remove(entry);
        }

        return (text, count);
    }

    /// <summary>Prints the counters as conntrack -S does.</summary>
    public string ListStatistics() => ConntrackText.Statistics(Tracker.Counters);

    /// <summary>
    /// Deletes connections, as conntrack -D does: kube-proxy does so for UDP flows whose endpoint is gone.
    /// </summary>
    /// <param name="protocol">Protocol number.</param>
    /// <param name="matches">Which: given the original and the reply tuple.</param>
    /// <returns>How many.</returns>
    public int DeleteConnections(IpProtocol protocol, Func<ConntrackTuple, ConntrackTuple, bool> matches)
    {
        ArgumentNullException.ThrowIfNull(matches);
        int deleted = 0;
        for (int i = Tracker.Table.Entries.Count - 1; i >= 0; i--)
        {
            ConntrackEntry entry = Tracker.Table.Entries[i];
            if (entry.Original.Protocol != (byte)protocol || !matches(entry.Original, entry.Reply))
                continue;
            Tracker.Table.Remove(entry);
            deleted++;
        }

        return deleted;
    }

    /// <summary>
    /// Deletes the masqueraded connections that left by a device which goes down or away, or whose address it loses (linux
    /// net/netfilter/nf_nat_masquerade.c masq_device_event, masq_inet_event).
    /// </summary>
    /// <param name="ifIndex">The device.</param>
    /// <param name="address">The address that it loses; null for all.</param>
    internal void PurgeMasqueraded(int ifIndex, Ipv4Address? address)
    {
        for (int i = Tracker.Table.Entries.Count - 1; i >= 0; i--)
        {
            ConntrackEntry entry = Tracker.Table.Entries[i];
            if (entry.MasqueradeIndex == ifIndex && (address is null || entry.Reply.Destination == address))
                Tracker.Table.Remove(entry);
        }
    }

    internal void Poll(Instant now) => Tracker.Table.Poll(now);

    /// <summary>The source that MASQUERADE gives a packet; 0.0.0.0 when its device has none.</summary>
    internal Ipv4Address SelectSource(NetfilterPacket packet) => _namespace.SelectMasqueradeSource(packet.OutName, packet.NextHop);

    /// <summary>The first address of a device; 0.0.0.0 when it has none.</summary>
    internal Ipv4Address FirstAddress(string? device) => _namespace.FirstAddressOf(device);

    // A module that needs conntrack is loaded when a rule first names it, and is not unloaded while rules are exchanged.
    private void NoticeTracking(Table table)
    {
        if (IsTracking)
            return;
        IsTracking = table.Name == TableNames.Nat || table.Chains.Any(static c => c.Rules.Any(NeedsTracking));
    }

    private static bool NeedsTracking(Rule rule) =>
        rule.Target is ConnmarkTarget or NotrackTarget or NatTarget || rule.MatchList.Any(static m => m is ConntrackMatch || m.Name == "connmark");
}
