using System.Globalization;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>Names of IP protocols as iptables reads and prints them (/etc/protocols, libxtables xtables_chain_protos).</summary>
internal static class ProtocolNames
{
    private static readonly (byte Number, string Name)[] Known =
    [
        (1, "icmp"), (2, "igmp"), (4, "ipencap"), (6, "tcp"), (8, "egp"), (9, "igp"), (17, "udp"), (33, "dccp"), (41, "ipv6"), (46, "rsvp"), (47, "gre"), (50, "esp"), (51, "ah"),
        (58, "ipv6-icmp"), (88, "eigrp"), (89, "ospf"), (94, "ipip"), (97, "etherip"), (103, "pim"), (108, "ipcomp"), (112, "vrrp"), (115, "l2tp"), (132, "sctp"), (135, "mobility-header"), (136, "udplite"), (137, "mpls-in-ip"),
    ];

    internal static string NameOf(byte protocol)
    {
        foreach ((byte number, string name) in Known)
        {
            if (number == protocol)
                return name;
        }

        return protocol.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The number of a name or number, in any case; "all" is 0.</summary>
    internal static bool TryParse(string text, out byte protocol)
    {
        if (byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out protocol))
            return true;
        if (text.Equals("all", StringComparison.OrdinalIgnoreCase))
            return true;
        foreach ((byte number, string name) in Known)
        {
            if (text.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                protocol = number;
                return true;
            }
        }

        return false;
    }
}
