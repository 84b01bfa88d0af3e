using ActorNet.Dataplane.Frames;
using ActorNet.Packets;

namespace ActorNet.Dataplane.Devices;

/// <summary>
/// lo (linux drivers/net/loopback.c): what is sent comes back up. What the namespace sends while it handles such a frame waits in a queue, as
/// in Linux it waits in the CPU's backlog (net/core/dev.c, enqueue_to_backlog), so the stack never grows.
/// </summary>
public sealed class LoopbackDevice : EthernetDevice
{
    /// <summary>Most vectors that wait; Linux bounds the backlog at 1,000 packets (net.core.netdev_max_backlog).</summary>
    public const int QueueLimit = 1000;

    private readonly Queue<FrameVector> _queue = new();
    private bool _draining;

    /// <summary>Makes lo, down.</summary>
    /// <param name="frames">The owner's memory.</param>
    /// <param name="ifIndex">Interface index; lo is the first device of a namespace.</param>
    public LoopbackDevice(FrameCache frames, int ifIndex = 1)
        : base("lo", ifIndex, MacAddress.Zero, 65536, frames)
    {
        HasCarrier = true;
    }

    /// <summary>Empty: loopback is no rtnl link kind.</summary>
    public override string Kind => "";

    /// <inheritdoc/>
    public override void SetUp(bool up)
    {
        if (up == IsUp)
            return;
        IsUp = up;
        OnStateChanged();
    }

    /// <summary>Sends frames, which come back up before the outermost call returns.</summary>
    /// <inheritdoc/>
    public override void Transmit(FrameVector frames)
    {
        if (!AdmitTransmit(frames))
            return;
        if (_queue.Count == QueueLimit)
        {
            DropReceive(frames, DropReason.QueueFull);
            return;
        }

        _queue.Enqueue(frames);
        if (!_draining)
            Drain();
    }

    /// <summary>Takes frames as if they had come back.</summary>
    /// <inheritdoc/>
    public override void Receive(FrameVector frames)
    {
        if (AdmitReceive(frames))
            PassUp(frames);
    }

    private void Drain()
    {
        _draining = true;
        try
        {
            while (_queue.TryDequeue(out FrameVector? frames))
                Receive(frames);
        }
        finally
        {
            _draining = false;
        }
    }
}
