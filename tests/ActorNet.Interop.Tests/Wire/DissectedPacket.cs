using System.Globalization;

namespace ActorNet.Interop.Tests.Wire;

/// <summary>The fields of one packet as tshark names them. A field that occurs in several headers has several values, outermost first.</summary>
public sealed class DissectedPacket(IReadOnlyDictionary<string, IReadOnlyList<string>> fields)
{
    // Wireshark proto_checksum_enum: 0 bad, 1 good, 2 unverified, 3 not present (UDP over IPv4 may leave it out).
    private const string Bad = "0";
    private static readonly string[] ChecksumFields = ["ip.checksum.status", "udp.checksum.status", "tcp.checksum.status", "icmp.checksum.status"];

    /// <summary>The packet's number in its capture, from 1.</summary>
    public int Number => (int)Integer("frame.number", 0);

    /// <summary>True for a datagram that tshark read as VXLAN.</summary>
    public bool IsVxlan => All("vxlan.vni").Count > 0;

    /// <summary>True when the outer packet is an IPv4 fragment.</summary>
    public bool IsOuterFragment => All("ip.src").Count > 0 && (Integer("ip.frag_offset", 0) != 0 || Flag("ip.flags.mf", 0));

    /// <summary>Every value of a field.</summary>
    public IReadOnlyList<string> All(string field) => fields[field];

    /// <summary>The value of a field in the outermost header that has it.</summary>
    public string Outer(string field) => Value(field, 0);

    /// <summary>The value of a field in the second header that has it: the one inside the tunnel.</summary>
    public string Inner(string field) => Value(field, 1);

    /// <summary>The outer headers of a VXLAN datagram.</summary>
    public OuterHeader OuterHeader() => new(
        TypeOfService: (int)Integer("ip.dsfield", 0),
        DontFragment: Flag("ip.flags.df", 0),
        MoreFragments: Flag("ip.flags.mf", 0),
        TimeToLive: (int)Integer("ip.ttl", 0),
        DestinationPort: (int)Integer("udp.dstport", 0),
        HasUdpChecksum: Integer("udp.checksum", 0) != 0,
        VxlanFlags: Outer("vxlan.flags"),
        Vni: (int)Integer("vxlan.vni", 0),
        Reserved: $"{Outer("vxlan.gbp")} {Outer("vxlan.reserved8")}");

    /// <summary>The outer UDP source port.</summary>
    public int OuterSourcePort => (int)Integer("udp.srcport", 0);

    /// <summary>What is wrong with the packet in tshark's eyes; nothing when it is sound.</summary>
    public IEnumerable<string> Faults()
    {
        if (All("_ws.malformed").Count > 0)
            yield return "malformed";
        foreach (string field in ChecksumFields)
        {
            if (All(field).Contains(Bad))
                yield return $"{field} is bad";
        }
        foreach (string message in All("_ws.expert.message").Where(IsDoubt))
            yield return message;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Join(", ", fields.Where(field => field.Value.Count > 0).Select(field => $"{field.Key}={string.Join('|', field.Value)}"));

    private static bool IsDoubt(string message) =>
        message.Contains("Malformed", StringComparison.OrdinalIgnoreCase)
        || message.Contains("Bogus", StringComparison.OrdinalIgnoreCase)
        || message.Contains("Bad checksum", StringComparison.OrdinalIgnoreCase)
        || message.Contains("Illegal", StringComparison.OrdinalIgnoreCase);

    private string Value(string field, int occurrence)
    {
        IReadOnlyList<string> values = All(field);
        return occurrence < values.Count
            ? values[occurrence]
            : throw new InvalidOperationException($"header {occurrence} with {field} is not in: {this}");
    }

    private bool Flag(string field, int occurrence) => Value(field, occurrence) is "1" or "True";

    private long Integer(string field, int occurrence)
    {
        string value = Value(field, occurrence);
        return value.StartsWith("0x", StringComparison.Ordinal)
            ? long.Parse(value.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : long.Parse(value, CultureInfo.InvariantCulture);
    }
}

/// <summary>
/// What the headers around a tunnelled frame say, without what differs by right from datagram to datagram (identification, lengths,
/// checksum value, source port).
/// </summary>
/// <param name="TypeOfService">The whole DS field: DSCP and ECN.</param>
/// <param name="DontFragment">The DF flag.</param>
/// <param name="MoreFragments">The MF flag.</param>
/// <param name="TimeToLive">Hop limit.</param>
/// <param name="DestinationPort">UDP destination port.</param>
/// <param name="HasUdpChecksum">False when the UDP checksum field is zero.</param>
/// <param name="VxlanFlags">The first 16 bits of the VXLAN header as tshark prints them.</param>
/// <param name="Vni">VXLAN network identifier.</param>
/// <param name="Reserved">The bits that RFC 7348 reserves, as tshark prints them.</param>
public sealed record OuterHeader(
    int TypeOfService, bool DontFragment, bool MoreFragments, int TimeToLive, int DestinationPort, bool HasUdpChecksum,
    string VxlanFlags, int Vni, string Reserved)
{
    /// <summary>What the kernel sends for flannel's device (linux drivers/net/vxlan/vxlan_core.c vxlan_xmit_one, vxlan_build_skb).</summary>
    public static OuterHeader OfTheKernel { get; } = new(
        TypeOfService: 0, DontFragment: false, MoreFragments: false, TimeToLive: 64, DestinationPort: 8472, HasUdpChecksum: true,
        VxlanFlags: "0x0800", Vni: 1, Reserved: "0 0");
}
