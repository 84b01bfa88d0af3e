using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ActorNet.Packets;

namespace ActorNet.Netstack;

/// <summary>A received segment without its data: header fields and the options that TCP here knows (linux net/ipv4/tcp_input.c tcp_parse_options).</summary>
internal struct TcpSegment
{
    // NOP, NOP, timestamps, length 10: how everybody places them.
    private const uint AlignedTimestamps = 0x0101_080A;

    public uint Sequence;
    public uint Acknowledgment;
    public TcpFlags Flags;
    public ushort Window;
    public int DataLength;
    public bool HasTimestamps;
    public uint TimestampValue;
    public uint TimestampEcho;
    public ushort Mss;
    public bool HasWindowScale;
    public byte WindowScale;
    public bool SackPermitted;
    public int SackCount;
    public SackBlocks Sacks;

    public readonly bool IsSyn => (Flags & TcpFlags.Syn) != 0;

    public readonly bool IsFin => (Flags & TcpFlags.Fin) != 0;

    public readonly bool IsPush => (Flags & TcpFlags.Psh) != 0;

    public readonly bool IsRst => (Flags & TcpFlags.Rst) != 0;

    public readonly bool HasAck => (Flags & TcpFlags.Ack) != 0;

    /// <summary>The sequence number behind the segment (SEG.SEQ + SEG.LEN).</summary>
    public readonly uint End => Sequence + (uint)DataLength + (IsSyn ? 1u : 0u) + (IsFin ? 1u : 0u);

    public static TcpSegment From(TcpView view)
    {
        var segment = new TcpSegment
        {
            Sequence = view.SequenceNumber,
            Acknowledgment = view.AcknowledgmentNumber,
            Flags = view.Flags,
            Window = view.Window,
            DataLength = view.Segment.Length - view.HeaderLength,
        };
        ReadOnlySpan<byte> options = view.Options;
        if (options.Length == 12 && BinaryPrimitives.ReadUInt32BigEndian(options) == AlignedTimestamps)
        {
            segment.HasTimestamps = true;
            segment.TimestampValue = BinaryPrimitives.ReadUInt32BigEndian(options[4..]);
            segment.TimestampEcho = BinaryPrimitives.ReadUInt32BigEndian(options[8..]);
        }
        else if (options.Length > 0)
        {
            segment.ReadOptions(view);
        }

        return segment;
    }

    private void ReadOptions(TcpView view)
    {
        foreach (TcpOption option in view.EnumerateOptions())
        {
            switch (option.Kind)
            {
                case TcpOptionKind.MaximumSegmentSize when IsSyn && option.TryGetMaximumSegmentSize(out ushort mss):
                    Mss = mss;
                    break;
                case TcpOptionKind.WindowScale when IsSyn && option.TryGetWindowScale(out byte shift):
                    HasWindowScale = true;
                    WindowScale = Math.Min(shift, (byte)14);
                    break;
                case TcpOptionKind.SackPermitted when IsSyn && option.IsSackPermitted:
                    SackPermitted = true;
                    break;
                case TcpOptionKind.Timestamps when option.TryGetTimestamps(out uint value, out uint echo):
                    (HasTimestamps, TimestampValue, TimestampEcho) = (true, value, echo);
                    break;
                case TcpOptionKind.Sack:
                    SackCount = Math.Min(option.SackBlockCount, 4);
                    for (int i = 0; i < SackCount; i++)
                        Sacks[i] = option.GetSackBlock(i);
                    break;
            }
        }
    }

    [InlineArray(4)]
    internal struct SackBlocks
    {
        private SackBlock _first;
    }
}
