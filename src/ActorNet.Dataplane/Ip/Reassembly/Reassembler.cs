using System.Buffers.Binary;
using ActorNet.Dataplane.Frames;
using ActorNet.Dataplane.Time;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Ip.Reassembly;

/// <summary>Reassembly of datagrams for local delivery (linux net/ipv4/ip_fragment.c ip_defrag), bounded in memory, number and time.</summary>
internal sealed class Reassembler(NetworkNamespace owner, NamespaceOptions options)
{
    private readonly Dictionary<FragmentKey, FragmentQueue> _queues = [];
    private readonly DeadlineHeap<FragmentQueue> _timers = new();

    /// <summary>Buffer memory held in bytes.</summary>
    internal int Memory { get; private set; }

    internal int Count => _queues.Count;

    internal Instant NextDeadline => _timers.Next;

    /// <summary>Takes a fragment from its IPv4 header on.</summary>
    /// <param name="device">Where it came in.</param>
    /// <param name="packet">The fragment, taken over; the whole datagram when the answer is true.</param>
    /// <param name="now">Time.</param>
    internal bool TryAdd(IpInterface device, ref Frame packet, Instant now)
    {
        owner.Ip.ReasmReqds++;
        FragmentQueue? queue = FindOrCreate(device, packet, now);
        if (queue is null || !TryOwnMemory(ref packet))
        {
            Fail(device, ref packet);
            return false;
        }

        int before = queue.Memory;
        FragmentOutcome outcome = queue.Add(ref packet);
        Memory += queue.Memory - before;
        switch (outcome)
        {
            case FragmentOutcome.Waiting:
                return false;
            case FragmentOutcome.Duplicate:
                owner.Frames.Release(ref packet);
                return false;
            case FragmentOutcome.Complete:
                return TryFinish(queue, ref packet);
            default:
                Fail(device, ref packet);
                owner.CountLocalDrop(DropReason.ReassemblyFailed, queue.Count);
                Remove(queue);
                return false;
        }
    }

    /// <summary>Gives up datagrams whose time is over (ip_expire).</summary>
    internal void Poll(Instant now)
    {
        while (_timers.TryTakeDue(now, out FragmentQueue? queue))
        {
            owner.Ip.ReasmTimeout++;
            owner.Ip.ReasmFails++;
            // RFC 1122 3.3.2: fragment reassembly time exceeded, when the first fragment is there to quote.
            if (queue.HasFirst && queue.Interface.IsAttached)
                owner.Icmp.Report(queue.First, queue.Interface, IcmpType.TimeExceeded, 1, 0);
            owner.CountLocalDrop(DropReason.ReassemblyFailed, queue.Count);
            Remove(queue);
        }
    }

    /// <summary>Drops everything.</summary>
    internal void Clear()
    {
        foreach (FragmentQueue queue in _queues.Values.ToList())
            Remove(queue);
    }

    private FragmentQueue? FindOrCreate(IpInterface device, in Frame packet, Instant now)
    {
        // inet_frag_find: above the high threshold nothing is taken at all until time frees memory.
        if (Memory > options.FragmentMemory)
            return null;
        ReadOnlySpan<byte> header = packet.Span;
        var key = new FragmentKey(Ipv4Address.Read(header[12..]), Ipv4Address.Read(header[16..]), BinaryPrimitives.ReadUInt16BigEndian(header[4..]), header[9], device.Device.IfIndex);
        if (_queues.TryGetValue(key, out FragmentQueue? queue))
            return queue;
        if (_queues.Count >= options.MaxFragmentQueues)
            return null;
        queue = new FragmentQueue(key, device);
        _queues.Add(key, queue);
        _timers.Set(queue, now + options.FragmentTimeout);
        return queue;
    }

    // A small fragment in a large buffer would pin all of it for half a minute, and the other frames in it with it.
    private bool TryOwnMemory(ref Frame packet)
    {
        if (packet.Buffer.Size == FrameSize.Small || packet.Length > FramePool.SmallLength - FramePool.Headroom)
            return true;
        if (!owner.Frames.TryCopy(packet, out Frame copy))
            return false;
        owner.Frames.Release(ref packet);
        packet = copy;
        return true;
    }

    private bool TryFinish(FragmentQueue queue, ref Frame packet)
    {
        bool assembled = queue.TryAssemble(owner.Frames, out packet);
        if (assembled)
        {
            owner.Ip.ReasmOKs++;
        }
        else
        {
            owner.Ip.ReasmFails++;
            owner.CountLocalDrop(DropReason.ReassemblyFailed, queue.Count);
        }

        Remove(queue);
        return assembled;
    }

    private void Fail(IpInterface device, ref Frame packet)
    {
        owner.Ip.ReasmFails++;
        owner.Drop(device, DropReason.ReassemblyFailed, ref packet);
    }

    private void Remove(FragmentQueue queue)
    {
        Memory -= queue.Memory;
        _timers.Remove(queue);
        queue.Release(owner.Frames);
        _queues.Remove(queue.Key);
    }
}
