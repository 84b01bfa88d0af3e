using System.Globalization;
using ActorNet.Dataplane.Netfilter.Rules;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Text;

/// <summary>Reads arguments of options, refusing in libxtables' words.</summary>
internal static class Argument
{
    /// <summary>A number in decimal, 0x hexadecimal or 0 octal, as strtoul with base 0.</summary>
    internal static bool TryUInt32(string text, out uint value)
    {
        value = 0;
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        if (text.Length > 1 && text[0] == '0')
            return TryOctal(text.AsSpan(1), out value);
        return uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    internal static uint UInt32(string extension, string option, string text, uint min = 0, uint max = uint.MaxValue)
    {
        if (!TryUInt32(text, out uint value) || value < min || value > max)
            throw new RuleSyntaxException($"{extension}: Bad value for \"{option}\" option: \"{text}\"");
        return value;
    }

    /// <summary>value or value/mask.</summary>
    internal static (uint Value, uint Mask) Marked(string extension, string option, string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        uint mask = slash < 0 ? uint.MaxValue : UInt32(extension, option, text[(slash + 1)..]);
        return (UInt32(extension, option, slash < 0 ? text : text[..slash]), mask);
    }

    internal static AddressMatch Address(string text, bool inverted, bool keepsHostBits = false) =>
        AddressMatch.TryParse(text, inverted, out AddressMatch match, keepsHostBits) ? match : throw new RuleSyntaxException($"host/network `{text}' not found");

    internal static Ipv4Address Host(string text) =>
        Ipv4Address.TryParse(text, out Ipv4Address address) ? address : throw new RuleSyntaxException($"Bad IP address \"{text}\"\n");

    /// <summary>A port by number or by the name of a service that rules commonly name.</summary>
    internal static ushort Port(string text)
    {
        if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            return port;
        return PortNames.TryParse(text, out port) ? port : throw new RuleSyntaxException($"invalid port/service `{text}' specified");
    }

    /// <summary>port, port:port, port: or :port.</summary>
    internal static PortRange Ports(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return new PortRange(Port(text), Port(text));
        ushort low = colon == 0 ? (ushort)0 : Port(text[..colon]);
        ushort high = colon == text.Length - 1 ? ushort.MaxValue : Port(text[(colon + 1)..]);
        return low <= high ? new PortRange(low, high) : throw new RuleSyntaxException($"invalid portrange (min > max)");
    }

    private static bool TryOctal(ReadOnlySpan<char> digits, out uint value)
    {
        ulong sum = 0;
        value = 0;
        foreach (char c in digits)
        {
            if (c is < '0' or > '7')
                return false;
            sum = (sum * 8) + (uint)(c - '0');
            if (sum > uint.MaxValue)
                return false;
        }

        value = (uint)sum;
        return true;
    }
}

/// <summary>Ports from one to another.</summary>
/// <param name="Low">Lowest.</param>
/// <param name="High">Highest.</param>
internal readonly record struct PortRange(ushort Low, ushort High)
{
    internal static readonly PortRange All = new(0, ushort.MaxValue);

    internal bool Contains(ushort port) => port >= Low && port <= High;

    /// <summary>port, or low and high with a separator between.</summary>
    internal string Format(char separator) => Low == High ? $"{Low}" : $"{Low}{separator}{High}";
}
