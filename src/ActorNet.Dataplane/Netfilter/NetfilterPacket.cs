using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Netfilter.Conntrack;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Netfilter;

/// <summary>
/// A packet on its way through the rules: what Linux keeps in sk_buff and nf_hook_state. One object is used for packet after packet; the bytes
/// belong to whoever called the hook.
/// </summary>
internal sealed class NetfilterPacket(NetfilterState owner)
{
    private Frame _frame;

    /// <summary>The tables, lists and time that matches ask.</summary>
    internal NetfilterState Owner { get; } = owner;

    /// <summary>The packet from its IPv4 header on; a train's head.</summary>
    internal Span<byte> Bytes => _frame.Span;

    /// <summary>The frame, from its IPv4 header on.</summary>
    internal ref readonly Frame Frame => ref _frame;

    internal NetfilterHook Hook { get; set; }

    internal string? InName { get; set; }

    internal string? OutName { get; set; }

    /// <summary>Interface index that it came in by; 0 for none.</summary>
    internal int InIndex { get; set; }

    /// <summary>Interface index that it leaves by; 0 for none.</summary>
    internal int OutIndex { get; set; }

    /// <summary>The next hop that was chosen for it, where one was: MASQUERADE takes the source that suits it.</summary>
    internal Ipv4Address NextHop { get; set; }

    /// <summary>The bridge port that it came in by, when a bridge passed it (nf_bridge physindev).</summary>
    internal string? PhysicalIn { get; set; }

    /// <summary>The bridge port that it leaves by (nf_bridge physoutdev).</summary>
    internal string? PhysicalOut { get; set; }

    internal Ipv4Address Source { get; private set; }

    internal Ipv4Address Destination { get; private set; }

    internal byte Protocol { get; private set; }

    /// <summary>IPv4 header length in bytes.</summary>
    internal int HeaderLength { get; private set; }

    /// <summary>Fragment offset above 0: no transport header to see.</summary>
    internal bool IsLaterFragment { get; private set; }

    /// <summary>The packet mark (skb->mark).</summary>
    internal uint Mark { get; set; }

    /// <summary>The connection that it belongs to; null when untracked, invalid or not looked up yet.</summary>
    internal ConntrackEntry? Connection { get; set; }

    /// <summary>How it belongs to it.</summary>
    internal ConntrackInfo Info { get; set; }

    /// <summary>The chain and rule that are being asked: the place of random choices.</summary>
    internal ulong Place { get; set; }

    /// <summary>What was found out of its bytes and spares others the work: <see cref="FrameFlags.ChecksumVerified"/>.</summary>
    internal FrameFlags Found { get; set; }

    /// <summary>Notes the packet's way while it is the first of its connection's direction to take it; null else.</summary>
    internal Established.PathRecorder? Recorder { get; set; }

    /// <summary>Notes what it meets, when somebody traces; null else.</summary>
    internal RuleTrace? Trace { get; set; }

    /// <summary>Neither options, fragment nor mark: one that differs from the others of its connection in nothing that routing looks at.</summary>
    internal bool IsPlain => HeaderLength == Packets.Ipv4View.MinHeaderLength && Mark == 0 && !Ip.NetworkNamespace.IsFragment(Bytes);

    /// <summary>Packets that it stands for: a train's frames.</summary>
    internal int Count => _frame.Count;

    /// <summary>Bytes of all those, IPv4 headers included.</summary>
    internal int TotalLength => _frame.TotalLength;

    /// <summary>The transport header and data; empty when they are not there.</summary>
    internal Span<byte> Transport => _frame.Span[HeaderLength..];

    /// <summary>The TCP flags that only a train's last frame has; 0 when it is none.</summary>
    internal byte TrainFlags => Conntrack.TcpSegmentFacts.TrainFlagsOf(_frame, HeaderLength);

    /// <summary>Takes a packet from its IPv4 header on, checked.</summary>
    internal void Load(in Frame frame)
    {
        _frame = frame;
        Mark = frame.Mark;
        ReadHeader();
    }

    /// <summary>Reads the addresses again: NAT has changed them.</summary>
    internal void ReadHeader()
    {
        ReadOnlySpan<byte> bytes = _frame.Span;
        Source = Ipv4Address.Read(bytes[12..]);
        Destination = Ipv4Address.Read(bytes[16..]);
        Protocol = bytes[9];
        HeaderLength = (bytes[0] & 0x0F) * 4;
        IsLaterFragment = (BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]) & 0x1FFF) != 0;
    }

    /// <summary>Forgets the bytes: they are their owner's again.</summary>
    internal void Clear()
    {
        _frame = default;
        Found = FrameFlags.None;
        Connection = null;
        Info = ConntrackInfo.None;
        Recorder = null;
        Trace = null;
        PhysicalIn = null;
        PhysicalOut = null;
        NextHop = default;
    }
}
