using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace ActorNet.Packets;

/// <summary>An IPv4 address as a 32-bit number, first octet highest (RFC 791).</summary>
/// <param name="Value">The address: 0x0A_F4_01_02 is 10.244.1.2.</param>
public readonly record struct Ipv4Address(uint Value) : IComparable<Ipv4Address>
{
    /// <summary>Length on the wire in bytes.</summary>
    public const int Length = 4;

    /// <summary>0.0.0.0.</summary>
    public static readonly Ipv4Address Any;

    /// <summary>255.255.255.255, the limited broadcast (RFC 919).</summary>
    public static readonly Ipv4Address LimitedBroadcast = new(uint.MaxValue);

    /// <summary>127.0.0.1.</summary>
    public static readonly Ipv4Address Loopback = new(0x7F00_0001);

    /// <summary>Whether the address is 0.0.0.0.</summary>
    public bool IsAny => Value == 0;

    /// <summary>Whether the address lies in 127.0.0.0/8.</summary>
    public bool IsLoopback => Value >> 24 == 127;

    /// <summary>Whether the address lies in 224.0.0.0/4 (RFC 5771).</summary>
    public bool IsMulticast => Value >> 28 == 0xE;

    /// <summary>Whether the address is 255.255.255.255.</summary>
    public bool IsLimitedBroadcast => Value == uint.MaxValue;

    /// <summary>Reads four bytes in network order.</summary>
    /// <param name="bytes">At least four bytes.</param>
    public static Ipv4Address Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt32BigEndian(bytes));

    /// <summary>Writes four bytes in network order.</summary>
    /// <param name="bytes">At least four bytes.</param>
    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt32BigEndian(bytes, Value);

    /// <summary>Parses four decimal octets; shorthand forms of inet_aton and leading zeros, which inet_aton reads as octal, are refused.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address when the text is one.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out Ipv4Address address) => TryParse(text.AsSpan(), out address);

    /// <summary>Parses four decimal octets; shorthand forms of inet_aton and leading zeros, which inet_aton reads as octal, are refused.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address when the text is one.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out Ipv4Address address)
    {
        address = default;
        uint value = 0;
        uint octet = 0;
        int digits = 0;
        int dots = 0;
        foreach (char c in text)
        {
            if (c == '.' && digits > 0 && dots < 3)
            {
                value = (value << 8) | octet;
                (octet, digits) = (0, 0);
                dots++;
            }
            else if (char.IsAsciiDigit(c) && (digits == 0 || octet > 0))
            {
                octet = (octet * 10) + (uint)(c - '0');
                digits++;
                if (octet > byte.MaxValue)
                    return false;
            }
            else
            {
                return false;
            }
        }

        if (dots != 3 || digits == 0)
            return false;
        address = new Ipv4Address((value << 8) | octet);
        return true;
    }

    /// <summary>Parses four decimal octets.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">The text is not an IPv4 address.</exception>
    public static Ipv4Address Parse(string text) =>
        TryParse(text, out Ipv4Address address) ? address : throw new FormatException($"'{text}' is not an IPv4 address: four decimal octets were expected, as 10.244.1.2.");

    /// <summary>The address as <see cref="IPAddress"/>, for real sockets.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[4];
        Write(bytes);
        return new IPAddress(bytes);
    }

    /// <summary>From a real socket's address.</summary>
    /// <param name="address">An IPv4 or IPv4-mapped address.</param>
    public static Ipv4Address FromIPAddress(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[16];
        address.MapToIPv4().TryWriteBytes(bytes, out _);
        return Read(bytes);
    }

    /// <inheritdoc/>
    public int CompareTo(Ipv4Address other) => Value.CompareTo(other.Value);

    /// <summary>Dotted decimal.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Value >> 24}.{(Value >> 16) & 0xFF}.{(Value >> 8) & 0xFF}.{Value & 0xFF}");

    /// <summary>Ordering by value.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator <(Ipv4Address left, Ipv4Address right) => left.Value < right.Value;

    /// <summary>Ordering by value.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator >(Ipv4Address left, Ipv4Address right) => left.Value > right.Value;

    /// <summary>Ordering by value.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator <=(Ipv4Address left, Ipv4Address right) => left.Value <= right.Value;

    /// <summary>Ordering by value.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator >=(Ipv4Address left, Ipv4Address right) => left.Value >= right.Value;
}
