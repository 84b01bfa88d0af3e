using System.Net;

namespace ActorNet.Kubernetes.Kinds.Network;

/// <summary>What addresses must be.</summary>
internal static class AddressRules
{
    /// <summary>What an address must be.</summary>
    public const string AddressRule = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

    /// <summary>What a CIDR must be.</summary>
    public const string CidrRule = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

    /// <summary>True for an IPv4 address in four parts or an IPv6 address.</summary>
    public static bool IsAddress(string text) =>
        IPAddress.TryParse(text, out IPAddress? address) && (text.Contains(':', StringComparison.Ordinal) || address.ToString() == text);

    /// <summary>True for an address and a prefix length.</summary>
    public static bool IsCidr(string text)
    {
        string[] parts = text.Split('/');
        return parts.Length == 2 && IsAddress(parts[0]) && int.TryParse(parts[1], out int length)
            && length >= 0 && length <= (parts[0].Contains(':', StringComparison.Ordinal) ? 128 : 32);
    }
}
