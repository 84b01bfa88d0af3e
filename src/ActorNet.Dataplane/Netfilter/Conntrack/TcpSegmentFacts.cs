using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter.Conntrack;

/// <summary>What conntrack reads of a segment, or of a train as if it were one long segment.</summary>
internal readonly ref struct TcpSegmentFacts
{
    private const int SackKind = 5;
    private const byte MaxScale = 14;

    /// <summary>Reads a segment.</summary>
    /// <param name="tcp">Its header, that of a train's head.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="transport">Where the TCP header begins in it.</param>
    internal TcpSegmentFacts(TcpView tcp, in Frame frame, int transport)
    {
        Flags = tcp.Flags | (TcpFlags)TrainFlagsOf(frame, transport);
        Sequence = tcp.SequenceNumber;
        Acknowledgment = tcp.AcknowledgmentNumber;
        Window = tcp.Window;
        int headers = transport + tcp.HeaderLength;
        End = Sequence + (uint)(frame.TotalLength - (frame.Count * headers)) + (Has(TcpFlags.Syn) ? 1u : 0) + (Has(TcpFlags.Fin) ? 1u : 0);
        Options = tcp.Options;
    }

    internal TcpFlags Flags { get; }

    internal uint Sequence { get; }

    internal uint Acknowledgment { get; }

    internal ushort Window { get; }

    /// <summary>The sequence number behind it.</summary>
    internal uint End { get; }

    internal ReadOnlySpan<byte> Options { get; }

    internal TcpSegmentKind Kind => Has(TcpFlags.Rst) ? TcpSegmentKind.Rst
        : Has(TcpFlags.Syn) ? (Has(TcpFlags.Ack) ? TcpSegmentKind.SynAck : TcpSegmentKind.Syn)
        : Has(TcpFlags.Fin) ? TcpSegmentKind.Fin
        : Has(TcpFlags.Ack) ? TcpSegmentKind.Ack : TcpSegmentKind.None;

    /// <summary>
    /// The TCP flags that a train's last frame has, 0 when it is none: PSH and FIN are there alone, where Linux's long segment has them in its
    /// one header.
    /// </summary>
    internal static byte TrainFlagsOf(in Frame frame, int transport) => frame.IsTrain ? FrameTrain.SpanOf(frame, frame.Followers)[transport + 13] : (byte)0;

    internal bool Has(TcpFlags flag) => (Flags & flag) != 0;

    /// <summary>tcp_valid_flags: PSH, ECE, CWR and AE aside, what may stand together.</summary>
    internal bool HasValidFlags
    {
        get
        {
            TcpFlags flags = Flags & (TcpFlags.Fin | TcpFlags.Syn | TcpFlags.Rst | TcpFlags.Ack | TcpFlags.Urg);
            return flags is TcpFlags.Syn or (TcpFlags.Syn | TcpFlags.Urg) or (TcpFlags.Syn | TcpFlags.Ack) or TcpFlags.Rst or (TcpFlags.Rst | TcpFlags.Ack)
                or (TcpFlags.Fin | TcpFlags.Ack) or (TcpFlags.Fin | TcpFlags.Ack | TcpFlags.Urg) or TcpFlags.Ack or (TcpFlags.Ack | TcpFlags.Urg);
        }
    }

    /// <summary>tcp_options: window scale and SACK permission; a segment without options changes nothing.</summary>
    internal void ReadOptions(ref TcpSide side)
    {
        if (Options.IsEmpty)
            return;
        side.Scale = 0;
        side.Flags &= TcpSideFlags.BeLiberal;
        int at = 0;
        while (TryNextOption(ref at, out byte kind, out ReadOnlySpan<byte> data))
        {
            if (kind == 4 && data.IsEmpty)
            {
                side.Flags |= TcpSideFlags.SackPermitted;
            }
            else if (kind == 3 && data.Length == 1)
            {
                side.Scale = Math.Min(data[0], MaxScale);
                side.Flags |= TcpSideFlags.WindowScale;
            }
        }
    }

    /// <summary>tcp_sack: the highest right edge that it acknowledges.</summary>
    internal uint HighestAcknowledged()
    {
        uint highest = Acknowledgment;
        int at = 0;
        while (TryNextOption(ref at, out byte kind, out ReadOnlySpan<byte> data))
        {
            if (kind != SackKind || data.Length < 8 || data.Length % 8 != 0)
                continue;
            for (int block = 0; block < data.Length; block += 8)
            {
                uint edge = BinaryPrimitives.ReadUInt32BigEndian(data[(block + 4)..]);
                if ((int)(edge - highest) > 0)
                    highest = edge;
            }

            break;
        }

        return highest;
    }

    private bool TryNextOption(ref int at, out byte kind, out ReadOnlySpan<byte> data)
    {
        kind = 0;
        data = default;
        while (at < Options.Length && Options[at] == 1)
            at++;
        if (at + 1 >= Options.Length || Options[at] == 0 || Options[at + 1] < 2 || at + Options[at + 1] > Options.Length)
            return false;
        kind = Options[at];
        data = Options.Slice(at + 2, Options[at + 1] - 2);
        at += Options[at + 1];
        return true;
    }
}
