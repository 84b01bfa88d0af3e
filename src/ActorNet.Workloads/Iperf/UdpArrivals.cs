namespace ActorNet.Workloads.Iperf;

/// <summary>What a receiver knows of a stream of numbered datagrams: loss, disorder and jitter (RFC 3550, 6.4.1 and A.8).</summary>
internal sealed class UdpArrivals
{
    private double _previousTransit;
    private bool _hasPrevious;

    /// <summary>The highest number seen: datagrams that were sent, as far as the receiver can know.</summary>
    public long Packets { get; private set; }

    /// <summary>Datagrams missing below it.</summary>
    public long Lost { get; private set; }

    public long OutOfOrder { get; private set; }

    /// <summary>Smoothed difference of transit times in seconds.</summary>
    public double Jitter { get; private set; }

    /// <summary>Takes a datagram in.</summary>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="sentAt">When it was sent, in seconds of the sender's clock.</param>
    /// <param name="arrivedAt">When it came, in seconds of ours.</param>
    public void Add(long number, double sentAt, double arrivedAt)
    {
        if (number > Packets)
        {
            Lost += number - Packets - 1;
            Packets = number;
        }
        else
        {
            // A late one was counted as lost when it was overtaken.
            OutOfOrder++;
            Lost = Math.Max(0, Lost - 1);
        }

        double transit = arrivedAt - sentAt;
        if (_hasPrevious)
            Jitter += (Math.Abs(transit - _previousTransit) - Jitter) / 16;
        _previousTransit = transit;
        _hasPrevious = true;
    }
}
