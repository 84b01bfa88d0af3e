using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Devices;

/// <summary>
/// A device that carries Ethernet frames and owns its counters: what veth, bridge and vxlan have in common when they admit a vector. A vector
/// in which nothing is wrong is admitted whole, without a copy. A train counts as the frames it is on the wire, each checked by its head.
/// </summary>
public abstract class EthernetDevice : NetworkDevice
{
    /// <summary>What a frame may be longer than the MTU: the Ethernet header and one VLAN tag, tagged or not (linux net/core/dev.c, __is_skb_forwardable).</summary>
    public const int LinkOverhead = EthernetView.HeaderLength + 4;

    /// <summary>Makes a device.</summary>
    /// <param name="name">Name, 1 to 15 characters.</param>
    /// <param name="ifIndex">Interface index.</param>
    /// <param name="mac">Hardware address.</param>
    /// <param name="mtu">MTU in bytes.</param>
    /// <param name="frames">The owner's memory.</param>
    protected EthernetDevice(string name, int ifIndex, MacAddress mac, int mtu, FrameCache frames)
        : base(name, ifIndex, mac, mtu)
    {
        ArgumentNullException.ThrowIfNull(frames);
        Frames = frames;
    }

    /// <summary>The owner's memory, where dropped frames return to.</summary>
    protected FrameCache Frames { get; }

    /// <summary>Whether the device passes a frame of this length: not cut inside the Ethernet header and within <see cref="LinkOverhead"/> of the MTU.</summary>
    /// <param name="length">Frame length in bytes.</param>
    public bool Fits(int length) => (uint)(length - EthernetView.HeaderLength) <= (uint)(Mtu + LinkOverhead - EthernetView.HeaderLength);

    /// <summary>Checks and counts a vector on its way out; what does not fit is dropped.</summary>
    /// <param name="frames">The vector; released when nothing is left of it.</param>
    /// <returns>Whether frames are left to send.</returns>
    protected bool AdmitTransmit(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (!IsRunning)
        {
            DropTransmit(frames, DropReason.DeviceDown);
            return false;
        }

        if (!TryMeasure(frames, out int packets, out long bytes))
        {
            (packets, bytes) = RemoveMisfits(frames, FrameDirection.Transmit);
            if (frames.Count == 0)
            {
                Frames.ReleaseEmpty(frames);
                return false;
            }
        }

        Counters.TxPackets += packets;
        Counters.TxBytes += bytes;
        Observer?.Observe(this, FrameDirection.Transmit, frames);
        return true;
    }

    /// <summary>Checks and counts a vector on its way in; what does not fit is dropped.</summary>
    /// <param name="frames">The vector; released when nothing is left of it.</param>
    /// <returns>Whether frames are left to pass up.</returns>
    protected bool AdmitReceive(FrameVector frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (!IsRunning)
        {
            DropReceive(frames, DropReason.DeviceDown);
            return false;
        }

        if (!TryMeasure(frames, out int packets, out long bytes))
        {
            (packets, bytes) = RemoveMisfits(frames, FrameDirection.Receive);
            if (frames.Count == 0)
            {
                Frames.ReleaseEmpty(frames);
                return false;
            }
        }

        Counters.RxPackets += packets;
        Counters.RxBytes += bytes;
        Observer?.Observe(this, FrameDirection.Receive, frames);
        return true;
    }

    /// <summary>Passes an admitted vector to <see cref="NetworkDevice.Upper"/>, or drops it when nobody is there.</summary>
    /// <param name="frames">The vector, taken over.</param>
    protected void PassUp(FrameVector frames)
    {
        if (Upper is { } upper)
            upper.Push(frames);
        else
            DropReceive(frames, DropReason.UnknownEtherType);
    }

    /// <summary>Drops a vector that was to leave: tx_dropped.</summary>
    /// <param name="frames">The vector, taken over.</param>
    /// <param name="reason">Why.</param>
    protected void DropTransmit(FrameVector frames, DropReason reason)
    {
        ArgumentNullException.ThrowIfNull(frames);
        Counters.TxDropped += frames.WireCount;
        DropAll(frames, reason);
    }

    /// <summary>Drops a vector that came in: rx_dropped.</summary>
    /// <param name="frames">The vector, taken over.</param>
    /// <param name="reason">Why.</param>
    protected void DropReceive(FrameVector frames, DropReason reason)
    {
        ArgumentNullException.ThrowIfNull(frames);
        Counters.RxDropped += frames.WireCount;
        DropAll(frames, reason);
    }

    /// <summary>Counts one frame's drop under its reason, shows it to the observer and releases it. The Linux counter is the caller's.</summary>
    /// <param name="frame">The frame; its buffer reference is cleared.</param>
    /// <param name="reason">Why.</param>
    protected void Drop(ref Frame frame, DropReason reason)
    {
        Counters.Drops.Count(reason, frame.Count);
        Observer?.ObserveDrop(this, reason, frame);
        Frames.Release(ref frame);
    }

    private void DropAll(FrameVector frames, DropReason reason)
    {
        Counters.Drops.Count(reason, frames.WireCount);
        if (Observer is { } observer)
        {
            foreach (ref Frame frame in frames.Frames)
                observer.ObserveDrop(this, reason, frame);
        }

        Frames.Release(frames);
    }

    private bool TryMeasure(FrameVector frames, out int packets, out long bytes)
    {
        uint most = (uint)(Mtu + LinkOverhead - EthernetView.HeaderLength);
        bool fit = true;
        int sum = 0;
        packets = frames.Count;
        foreach (ref Frame frame in frames.Frames)
        {
            sum += frame.TotalLength;
            packets += frame.Followers;
            fit &= (uint)(frame.Length - EthernetView.HeaderLength) <= most;
        }

        bytes = sum;
        return fit;
    }

    private (int Packets, long Bytes) RemoveMisfits(FrameVector frames, FrameDirection direction)
    {
        int packets = 0;
        long bytes = 0;
        int kept = 0;
        for (int i = 0; i < frames.Count; i++)
        {
            ref Frame frame = ref frames[i];
            if (Fits(frame.Length))
            {
                packets += frame.Count;
                bytes += frame.TotalLength;
                if (kept != i)
                    frames[kept] = frame;
                kept++;
                continue;
            }

            if (direction == FrameDirection.Transmit)
                Counters.TxDropped += frame.Count;
            else
                Counters.RxDropped += frame.Count;
            Drop(ref frame, frame.Length < EthernetView.HeaderLength ? DropReason.BadEthernet : DropReason.TooBig);
        }

        frames.Truncate(kept);
        return (packets, bytes);
    }
}
