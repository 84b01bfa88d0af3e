using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ActorNet.Packets;

/// <summary>An IPv4 prefix (RFC 4632): a network and how many of its leading bits count.</summary>
public readonly record struct Ipv4Prefix
{
    /// <summary>0.0.0.0/0, the default route's prefix.</summary>
    public static readonly Ipv4Prefix Default;

    /// <summary>Makes a prefix; host bits of <paramref name="address"/> are cleared.</summary>
    /// <param name="address">Any address inside the network.</param>
    /// <param name="length">0 to 32 bits.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is not 0 to 32.</exception>
    public Ipv4Prefix(Ipv4Address address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, 32);
        Length = length;
        Network = new Ipv4Address(address.Value & MaskOf(length));
    }

    /// <summary>The network address: every host bit is zero.</summary>
    public Ipv4Address Network { get; }

    /// <summary>Prefix length in bits, 0 to 32.</summary>
    public int Length { get; }

    /// <summary>The netmask as a number.</summary>
    public uint Mask => MaskOf(Length);

    /// <summary>The directed broadcast address: every host bit is one.</summary>
    public Ipv4Address Broadcast => new(Network.Value | ~Mask);

    /// <summary>Whether the address lies in the prefix.</summary>
    /// <param name="address">The address.</param>
    public bool Contains(Ipv4Address address) => (address.Value & Mask) == Network.Value;

    /// <summary>Whether the two share an address.</summary>
    /// <param name="other">The other prefix.</param>
    public bool Overlaps(Ipv4Prefix other) => Contains(other.Network) || other.Contains(Network);

    /// <summary>Parses address/length; a bare address is a /32. Host bits may be set and are cleared.</summary>
    /// <param name="text">The text.</param>
    /// <param name="prefix">The prefix when the text is one.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out Ipv4Prefix prefix)
    {
        prefix = default;
        if (text is null)
            return false;
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        int length = 32;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > 32))
            return false;
        if (!Ipv4Address.TryParse(slash < 0 ? text : text[..slash], out Ipv4Address address))
            return false;
        prefix = new Ipv4Prefix(address, length);
        return true;
    }

    /// <summary>Parses address/length.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">The text is not a prefix.</exception>
    public static Ipv4Prefix Parse(string text) =>
        TryParse(text, out Ipv4Prefix prefix) ? prefix : throw new FormatException($"'{text}' is not an IPv4 prefix: address/length was expected, as 10.244.1.0/24.");

    /// <summary>network/length.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Network}/{Length}");

    private static uint MaskOf(int length) => length == 0 ? 0 : uint.MaxValue << (32 - length);
}
