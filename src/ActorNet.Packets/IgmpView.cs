using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>IGMP message types (RFC 3376, 4; RFC 2236, 2.1).</summary>
public enum IgmpType : byte
{
    /// <summary>Membership query, of all versions.</summary>
    Query = 0x11,

    /// <summary>Version 2 membership report.</summary>
    ReportV2 = 0x16,

    /// <summary>Version 2 leave group.</summary>
    Leave = 0x17,

    /// <summary>Version 3 membership report.</summary>
    ReportV3 = 0x22,
}

/// <summary>Types of a group record in a version 3 report (RFC 3376, 4.2.12).</summary>
public enum IgmpRecordType : byte
{
    /// <summary>MODE_IS_EXCLUDE: with no source listed, a member for every source.</summary>
    ModeIsExclude = 2,

    /// <summary>CHANGE_TO_INCLUDE_MODE: with no source listed, no longer a member.</summary>
    ChangeToInclude = 3,

    /// <summary>CHANGE_TO_EXCLUDE_MODE: with no source listed, now a member for every source.</summary>
    ChangeToExclude = 4,
}

/// <summary>An IGMP message over bytes (RFC 3376, 4): type, maximum response code, checksum, group, and in version 3 what follows.</summary>
public readonly ref struct IgmpView
{
    /// <summary>Length of a version 2 message in bytes.</summary>
    public const int HeaderLength = 8;

    /// <summary>Length of a version 3 query without sources in bytes.</summary>
    public const int QueryV3Length = 12;

    /// <summary>Length of a version 3 group record without sources in bytes.</summary>
    public const int RecordLength = 8;

    private readonly Span<byte> _bytes;

    private IgmpView(Span<byte> bytes) => _bytes = bytes;

    /// <summary>The type.</summary>
    public IgmpType Type => (IgmpType)_bytes[0];

    /// <summary>Message length in bytes.</summary>
    public int Length => _bytes.Length;

    /// <summary>The group asked about, 0.0.0.0 in a general query.</summary>
    public Ipv4Address Group => Ipv4Address.Read(_bytes[4..]);

    /// <summary>Whether the checksum verifies.</summary>
    public bool HasValidChecksum => InternetChecksum.Compute(_bytes) == 0;

    /// <summary>Within what time a query wants its answers: tenths of a second, from 128 on as a floating-point value (RFC 3376, 4.1.1).</summary>
    public TimeSpan MaxResponseTime
    {
        get
        {
            int code = _bytes[1];
            int tenths = code < 128 || _bytes.Length < QueryV3Length ? code : ((code & 0x0F) | 0x10) << (((code >> 4) & 0x07) + 3);
            return TimeSpan.FromMilliseconds(tenths * 100);
        }
    }

    /// <summary>Views bytes as an IGMP message.</summary>
    /// <param name="bytes">The IP payload.</param>
    /// <param name="view">The view, when the answer is <see cref="ParseError.None"/>.</param>
    public static ParseError TryParse(Span<byte> bytes, out IgmpView view)
    {
        view = default;
        if (bytes.Length < HeaderLength)
            return ParseError.Truncated;
        view = new IgmpView(bytes);
        return ParseError.None;
    }

    /// <summary>Writes a version 2 message.</summary>
    /// <param name="bytes">At least 8 bytes.</param>
    /// <param name="type">Type.</param>
    /// <param name="group">Group.</param>
    public static void WriteV2(Span<byte> bytes, IgmpType type, Ipv4Address group)
    {
        bytes = bytes[..HeaderLength];
        bytes.Clear();
        bytes[0] = (byte)type;
        group.Write(bytes[4..]);
        Seal(bytes);
    }

    /// <summary>Writes the header of a version 3 report; the records follow by <see cref="WriteRecord"/>, then <see cref="Seal"/>.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="records">Number of records.</param>
    public static void WriteReportHeader(Span<byte> message, int records)
    {
        message[..HeaderLength].Clear();
        message[0] = (byte)IgmpType.ReportV3;
        BinaryPrimitives.WriteUInt16BigEndian(message[6..], (ushort)records);
    }

    /// <summary>Writes a group record without sources.</summary>
    /// <param name="record">At least 8 bytes.</param>
    /// <param name="type">Record type.</param>
    /// <param name="group">Group.</param>
    public static void WriteRecord(Span<byte> record, IgmpRecordType type, Ipv4Address group)
    {
        record[..RecordLength].Clear();
        record[0] = (byte)type;
        group.Write(record[4..]);
    }

    /// <summary>Writes the checksum over the whole message, whose checksum field is zero.</summary>
    /// <param name="message">The message.</param>
    public static void Seal(Span<byte> message) => BinaryPrimitives.WriteUInt16BigEndian(message[2..], InternetChecksum.Compute(message));
}
