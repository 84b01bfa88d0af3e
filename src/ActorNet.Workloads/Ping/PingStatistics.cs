namespace ActorNet.Workloads.Ping;

/// <summary>What ping counts, in the arithmetic of iputils 20221126 (ping/ping_common.c): whole microseconds, integer division.</summary>
internal sealed class PingStatistics(bool isTiming)
{
    // MAX_DUP_CHK: one bit for each sequence number.
    private readonly ulong[] _seen = new ulong[65_536 / 64];
    private long _sum;
    private double _sumOfSquares;
    private ushort _acknowledged;

    /// <summary>Whether a payload has room for a time stamp (16 bytes): without it no times are printed.</summary>
    public bool IsTiming { get; } = isTiming;

    public long Transmitted { get; private set; }

    public long Received { get; private set; }

    public long Duplicates { get; private set; }

    public long Errors { get; set; }

    public long ElapsedMilliseconds { get; set; }

    /// <summary>The most requests that were under way at once.</summary>
    public int Pipe { get; private set; }

    public long Min { get; private set; } = long.MaxValue;

    public long Max { get; private set; }

    public long Average => _sum / (Received + Duplicates);

    /// <summary>The integer square root of the variance (llsqrt).</summary>
    public long Deviation
    {
        get
        {
            long total = Received + Duplicates;
            // The order of the computation is the tool's: it matters for small times.
            double variance = _sum < int.MaxValue
                ? (_sumOfSquares - (_sum * _sum / total)) / total
                : (_sumOfSquares / total) - (Average * Average);
            return SquareRoot((long)variance);
        }
    }

    public void CountSent()
    {
        Transmitted++;
        Clear((ushort)Transmitted);
        // The tool compares int with int here, without truncation.
        if ((ushort)Transmitted - _acknowledged > 0x7FFF)
            _acknowledged = (ushort)(Transmitted + 1);
    }

    /// <summary>Notes that something came back for a request (acknowledge).</summary>
    public void Acknowledge(ushort sequence)
    {
        int difference = (ushort)(Transmitted - sequence);
        if (difference > 0x7FFF)
            return;
        Pipe = Math.Max(Pipe, difference + 1);
        if ((short)(sequence - _acknowledged) > 0 || (ushort)Transmitted - _acknowledged > 0x7FFF)
            _acknowledged = sequence;
    }

    /// <summary>Counts a reply.</summary>
    /// <returns>Whether it is a duplicate.</returns>
    public bool CountReply(ushort sequence, long? microseconds)
    {
        Acknowledge(sequence);
        if (microseconds is { } time)
        {
            _sum += time;
            _sumOfSquares += (double)time * time;
            Min = Math.Min(Min, time);
            Max = Math.Max(Max, time);
        }

        ref ulong word = ref _seen[sequence / 64];
        ulong bit = 1UL << (sequence % 64);
        if ((word & bit) != 0)
        {
            Duplicates++;
            return true;
        }

        word |= bit;
        Received++;
        return false;
    }

    private void Clear(ushort sequence) => _seen[sequence / 64] &= ~(1UL << (sequence % 64));

    private static long SquareRoot(long value)
    {
        long previous = long.MaxValue;
        long x = value;
        if (x > 0)
        {
            while (x < previous)
            {
                previous = x;
                x = (x + (value / x)) / 2;
            }
        }

        return x;
    }
}
