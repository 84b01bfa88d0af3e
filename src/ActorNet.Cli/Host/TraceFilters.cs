using System.Globalization;
using ActorNet.Dataplane.Observation;
using ActorNet.Packets;

namespace ActorNet.Cli.Host;

/// <summary>Translates traces between the local endpoint and the data plane.</summary>
internal static class TraceFilters
{
    /// <summary>Reads a filter.</summary>
    /// <param name="request">Request.</param>
    /// <exception cref="UsageException">It is wrong.</exception>
    public static TraceFilter Parse(TraceRequest request)
    {
        Ipv4Address? address = null;
        if (request.Address is { } text)
            address = Ipv4Address.TryParse(text, out Ipv4Address parsed) ? parsed : throw new UsageException($"trace: {text} is not an IPv4 address.");
        return new TraceFilter
        {
            Address = address,
            Protocol = request.Protocol switch
            {
                null => null,
                "icmp" => IpProtocol.Icmp,
                "udp" => IpProtocol.Udp,
                "tcp" => IpProtocol.Tcp,
                _ => throw new UsageException($"trace: protocol {request.Protocol} is unknown. Give icmp, udp or tcp."),
            },
            WithArp = false,
        };
    }

    /// <summary>Writes a hop.</summary>
    /// <param name="hop">Hop.</param>
    public static HopRow Row(HopRecord hop) => new(
        hop.WallClockNanoseconds,
        hop.PacketKey.ToString("x16", CultureInfo.InvariantCulture),
        hop.Node,
        hop.Namespace,
        hop.Device,
        hop.Reason is not { } reason ? hop.Event.ToString() : hop.Rule is { } rule ? $"{reason} ({rule})" : reason.ToString(),
        hop.Summary,
        hop.Remote?.ToString(),
        hop.Hook,
        hop.Rules.Count > 0 ? hop.Rules : null,
        hop.Translated,
        hop.TranslatedKey?.ToString("x16", CultureInfo.InvariantCulture));
}
