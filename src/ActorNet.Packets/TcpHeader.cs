using System.Buffers.Binary;

namespace ActorNet.Packets;

/// <summary>The fixed part of a TCP header (RFC 9293, 3.1), and how to write it around options and data.</summary>
public readonly record struct TcpHeader
{
    /// <summary>Source port.</summary>
    public required ushort SourcePort { get; init; }

    /// <summary>Destination port.</summary>
    public required ushort DestinationPort { get; init; }

    /// <summary>Sequence number.</summary>
    public uint SequenceNumber { get; init; }

    /// <summary>Acknowledgment number.</summary>
    public uint AcknowledgmentNumber { get; init; }

    /// <summary>Control bits.</summary>
    public TcpFlags Flags { get; init; }

    /// <summary>Window as it stands in the field, already scaled down.</summary>
    public ushort Window { get; init; }

    /// <summary>Urgent pointer.</summary>
    public ushort UrgentPointer { get; init; }

    /// <summary>Writes the 20 fixed bytes in front of options at offset 20 and data behind them, checksum included.</summary>
    /// <param name="segment">Header, options and data.</param>
    /// <param name="optionsLength">Length of the padded options: 0 to 40, a multiple of 4 (<see cref="TcpOptionWriter.Finish"/>).</param>
    /// <param name="source">Source address.</param>
    /// <param name="destination">Destination address.</param>
    /// <exception cref="ArgumentOutOfRangeException">The options' length is none that a header can have, or beyond the segment.</exception>
    public void Write(Span<byte> segment, int optionsLength, Ipv4Address source, Ipv4Address destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(optionsLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(optionsLength, TcpView.MaxHeaderLength - TcpView.MinHeaderLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(optionsLength & 3, 0, nameof(optionsLength));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(optionsLength, segment.Length - TcpView.MinHeaderLength);
        BinaryPrimitives.WriteUInt16BigEndian(segment, SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], DestinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(segment[4..], SequenceNumber);
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], AcknowledgmentNumber);
        int words = (TcpView.MinHeaderLength + optionsLength) / 4;
        BinaryPrimitives.WriteUInt16BigEndian(segment[12..], (ushort)((words << 12) | ((ushort)Flags & 0x01FF)));
        BinaryPrimitives.WriteUInt16BigEndian(segment[14..], Window);
        BinaryPrimitives.WriteUInt16BigEndian(segment[16..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(segment[18..], UrgentPointer);
        ulong sum = InternetChecksum.PseudoHeader(source, destination, IpProtocol.Tcp, segment.Length) + InternetChecksum.Sum(segment);
        BinaryPrimitives.WriteUInt16BigEndian(segment[16..], InternetChecksum.Finish(sum));
    }
}
