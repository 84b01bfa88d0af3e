using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ActorNet.Packets;

/// <summary>A 48-bit IEEE 802 MAC address, kept in the low 48 bits of a 64-bit value, first octet highest.</summary>
/// <param name="Value">The address as a number: 0x0000_a1b2_c3d4_e5f6 is a1:b2:c3:d4:e5:f6.</param>
public readonly record struct MacAddress(ulong Value) : IComparable<MacAddress>
{
    /// <summary>Length on the wire in bytes.</summary>
    public const int Length = 6;

    /// <summary>00:00:00:00:00:00.</summary>
    public static readonly MacAddress Zero;

    /// <summary>ff:ff:ff:ff:ff:ff.</summary>
    public static readonly MacAddress Broadcast = new(0xFFFF_FFFF_FFFF);

    /// <summary>Whether the group bit is set; broadcast is a group address too (IEEE 802-2014, 8.2.2).</summary>
    public bool IsMulticast => (Value & 0x0100_0000_0000) != 0;

    /// <summary>Whether this is ff:ff:ff:ff:ff:ff.</summary>
    public bool IsBroadcast => Value == Broadcast.Value;

    /// <summary>Whether this is 00:00:00:00:00:00.</summary>
    public bool IsZero => Value == 0;

    /// <summary>Whether a device may own the address: neither zero nor a group address (Linux is_valid_ether_addr).</summary>
    public bool IsValidUnicast => !IsMulticast && !IsZero;

    /// <summary>Reads six bytes in network order.</summary>
    /// <param name="bytes">At least six bytes.</param>
    public static MacAddress Read(ReadOnlySpan<byte> bytes) =>
        new(((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));

    /// <summary>Writes six bytes in network order.</summary>
    /// <param name="bytes">At least six bytes.</param>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(Value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[2..], (uint)Value);
    }

    /// <summary>Makes a locally administered unicast address from 48 bits of chance: first octet (b &amp; 0xfe) | 0x02, as Linux eth_random_addr.</summary>
    /// <param name="bits">The low 48 bits are used.</param>
    public static MacAddress FromRandom(ulong bits) => new((bits & 0xFCFF_FFFF_FFFF) | 0x0200_0000_0000);

    /// <summary>Parses the colon form aa:bb:cc:dd:ee:ff, in either case.</summary>
    /// <param name="text">The text.</param>
    /// <param name="mac">The address when the text is one.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress mac)
    {
        mac = default;
        if (text is null || text.Length != 17)
            return false;
        ulong value = 0;
        for (int i = 0; i < 6; i++)
        {
            if (i > 0 && text[(i * 3) - 1] != ':')
                return false;
            if (!byte.TryParse(text.AsSpan(i * 3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte b))
                return false;
            value = (value << 8) | b;
        }

        mac = new MacAddress(value);
        return true;
    }

    /// <summary>Parses the colon form.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">The text is not a MAC address.</exception>
    public static MacAddress Parse(string text) =>
        TryParse(text, out MacAddress mac) ? mac : throw new FormatException($"'{text}' is not a MAC address: six hexadecimal octets with colons were expected, as 5e:f4:68:83:7d:01.");

    /// <inheritdoc/>
    public int CompareTo(MacAddress other) => Value.CompareTo(other.Value);

    /// <summary>The colon form in lower case, as iproute2 prints it.</summary>
    public override string ToString() => string.Create(17, Value, static (span, v) =>
    {
        for (int i = 0; i < 6; i++)
        {
            ((byte)(v >> (40 - (8 * i)))).TryFormat(span[(i * 3)..], out _, "x2", CultureInfo.InvariantCulture);
            if (i < 5)
                span[(i * 3) + 2] = ':';
        }
    });

    /// <summary>Ordering by value.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator <(MacAddress left, MacAddress right) => left.Value < right.Value;

    /// <summary>Ordering by value.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator >(MacAddress left, MacAddress right) => left.Value > right.Value;

    /// <summary>Ordering by value.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator <=(MacAddress left, MacAddress right) => left.Value <= right.Value;

    /// <summary>Ordering by value.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator >=(MacAddress left, MacAddress right) => left.Value >= right.Value;
}
