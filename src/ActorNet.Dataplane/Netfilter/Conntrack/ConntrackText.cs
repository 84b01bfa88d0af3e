using System.Globalization;
using System.Text;
using ActorNet.Dataplane.Netfilter.Text;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>Prints connections and counters as conntrack 1.4.7 does (libnetfilter_conntrack src/conntrack/snprintf_default.c).</summary>
internal static class ConntrackText
{
    /// <summary>A line of conntrack -L.</summary>
    internal static void WriteEntry(StringBuilder into, ConntrackEntry entry, Time.Instant now)
    {
        byte protocol = entry.Original.Protocol;
        string name = protocol is 1 or 6 or 17 or 33 or 47 or 132 or 136 ? ProtocolNames.NameOf(protocol) : "unknown";
        long seconds = Math.Max(0, (long)(entry.Expires - now).TotalSeconds);
        into.Append(CultureInfo.InvariantCulture, $"{name,-8} {protocol} {seconds} ");
        if (protocol == (byte)IpProtocol.Tcp)
            into.Append(TcpTracker.NameOf(entry.Tcp.State)).Append(' ');
        WriteTuple(into, entry.Original);
        if ((entry.Status & ConntrackStatus.SeenReply) == 0)
            into.Append("[UNREPLIED] ");
        WriteTuple(into, entry.Reply);
        if ((entry.Status & ConntrackStatus.Assured) != 0)
            into.Append("[ASSURED] ");
        into.Append(CultureInfo.InvariantCulture, $"mark={entry.Mark} use=1\n");
    }

    /// <summary>The line of conntrack -S.</summary>
    internal static string Statistics(ConntrackCounters counters) => string.Create(
        CultureInfo.InvariantCulture,
        $"cpu=0   \tfound=0 invalid={counters.Invalid} insert=0 insert_failed={counters.InsertFailed} drop={counters.Drop} early_drop={counters.EarlyDrop} error={counters.Error} search_restart=0 clash_resolve=0 chaintoolong=0 \n");

    private static void WriteTuple(StringBuilder into, in ConntrackTuple tuple)
    {
        into.Append(CultureInfo.InvariantCulture, $"src={tuple.Source} dst={tuple.Destination} ");
        switch (tuple.Protocol)
        {
            case (byte)IpProtocol.Tcp or (byte)IpProtocol.Udp or (byte)IpProtocol.Sctp or 33 or 136:
                into.Append(CultureInfo.InvariantCulture, $"sport={tuple.SourcePort} dport={tuple.DestinationPort} ");
                break;
            case (byte)IpProtocol.Icmp:
                into.Append(CultureInfo.InvariantCulture, $"type={tuple.IcmpType} code={tuple.IcmpCode} id={tuple.SourcePort} ");
                break;
        }
    }
}
