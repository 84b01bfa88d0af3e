using System.Globalization;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>Names of ports that rules commonly name (/etc/services).</summary>
internal static class PortNames
{
    private static readonly (ushort Port, string Name)[] Known =
    [
        (21, "ftp"), (22, "ssh"), (23, "telnet"), (25, "smtp"), (53, "domain"), (80, "http"), (88, "kerberos"), (110, "pop3"), (123, "ntp"), (161, "snmp"), (179, "bgp"), (389, "ldap"), (443, "https"), (514, "syslog"),
    ];

    internal static bool TryParse(string name, out ushort port)
    {
        foreach ((ushort number, string known) in Known)
        {
            if (known == name)
            {
                port = number;
                return true;
            }
        }

        port = 0;
        return false;
    }

    internal static string NameOf(ushort port, bool numeric)
    {
        foreach ((ushort number, string known) in Known)
        {
            if (number == port && !numeric)
                return known;
        }

        return port.ToString(CultureInfo.InvariantCulture);
    }
}
