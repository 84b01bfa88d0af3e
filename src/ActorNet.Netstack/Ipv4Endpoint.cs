using System.Globalization;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>An IPv4 address and a port: sockaddr_in.</summary>
/// <param name="Address">Address; 0.0.0.0 means any.</param>
/// <param name="Port">Port; 0 means none, or "choose one" in a bind.</param>
public readonly record struct Ipv4Endpoint(Ipv4Address Address, ushort Port)
{
    /// <summary>Any address, no port.</summary>
    public static readonly Ipv4Endpoint Any;

    /// <summary>address:port.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}:{Port}");
}
