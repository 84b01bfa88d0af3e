using System.Numerics;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;

namespace ActorNet.Netstack;

/// <summary>
/// The receive queue of a socket, bounded in bytes as SO_RCVBUF bounds it. A datagram is charged what Linux charges for its buffer
/// ("truesize"), see <see cref="TrueSize"/>. It is let in while the charge before it is not above the limit, so one datagram may
/// overshoot (linux net/ipv4/udp.c __udp_enqueue_schedule_skb). The ring grows by doubling and never shrinks.
/// </summary>
internal sealed class DatagramQueue
{
    private Entry[] _ring = new Entry[8];
    private int _head;
    private int _charge;

    public int Count { get; private set; }

    /// <summary>Charged bytes now.</summary>
    public int Charge => _charge;

    /// <summary>
    /// Bytes charged for an IPv4 packet: sk_buff (256 after alignment) and the kmalloc bucket that holds link headroom (64), packet and
    /// skb_shared_info (320). A 64-byte datagram costs 768 and a 1,500-byte packet 2,304, as Linux on 64 bits charges them.
    /// </summary>
    /// <param name="packetLength">Packet length in bytes.</param>
    public static int TrueSize(int packetLength) => 256 + (int)BitOperations.RoundUpToPowerOf2((uint)(packetLength + 64 + 320));

    public bool TryEnqueue(ref Frame frame, int headerLength, int ifIndex, Instant receivedAt, int limit)
    {
        if (_charge > limit)
            return false;
        if (Count == _ring.Length)
            Grow();
        ref Entry entry = ref _ring[(_head + Count) & (_ring.Length - 1)];
        entry.Frame = frame;
        entry.HeaderLength = headerLength;
        entry.IfIndex = ifIndex;
        entry.ReceivedAt = receivedAt;
        entry.TrueSize = TrueSize(frame.Length);
        _charge += entry.TrueSize;
        Count++;
        frame = default;
        return true;
    }

    public bool TryDequeue(out Entry entry)
    {
        if (Count == 0)
        {
            entry = default;
            return false;
        }

        entry = _ring[_head];
        _ring[_head].Frame = default;
        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
        _charge -= entry.TrueSize;
        return true;
    }

    private void Grow()
    {
        var ring = new Entry[_ring.Length * 2];
        for (int i = 0; i < Count; i++)
            ring[i] = _ring[(_head + i) & (_ring.Length - 1)];
        _ring = ring;
        _head = 0;
    }

    internal struct Entry
    {
        public Frame Frame;
        public int HeaderLength;
        public int IfIndex;
        public int TrueSize;
        public Instant ReceivedAt;
    }
}
