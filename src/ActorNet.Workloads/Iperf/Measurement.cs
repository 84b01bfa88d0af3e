using ActorNet.Dataplane.Time;

namespace ActorNet.Workloads.Iperf;

/// <summary>What happened on every stream in a span of the test.</summary>
/// <param name="Start">Seconds from the beginning of what counts, or of the omitted part.</param>
/// <param name="End">Likewise.</param>
/// <param name="IsOmitted">Whether it does not count.</param>
/// <param name="Streams">What was added, stream by stream.</param>
/// <param name="Retransmissions">Segments sent again, stream by stream.</param>
internal sealed record Interval(double Start, double End, bool IsOmitted, IReadOnlyList<StreamSample> Streams, IReadOnlyList<long> Retransmissions)
{
    public double Seconds => End - Start;
}

/// <summary>Runs the part of a test in which data flows: the omitted start, the intervals, the end.</summary>
internal sealed class Measurement(TestGroup group, TestParameters parameters, double reportInterval, TimeProvider time, Func<Interval, Task> report)
{
    private GroupSample _baseline = new(default, []);
    private Environment.ProcessCpuUsage _cpuBefore;
    private Instant _cpuSince;
    private GroupSample _last = new(default, []);

    /// <summary>Seconds that count.</summary>
    public double Seconds => (_last.At - _baseline.At).TotalSeconds;

    /// <summary>What counts of each stream.</summary>
    public IReadOnlyList<StreamSample> Totals => [.. _last.Streams.Select((sample, i) => sample.Since(_baseline.Streams[i]))];

    /// <summary>Segments sent again, stream by stream.</summary>
    public IReadOnlyList<long> Retransmissions => [.. _last.Streams.Select((sample, i) => sample.RetransmissionsSince(_baseline.Streams[i]))];

    public CpuShare Cpu { get; private set; }

    /// <summary>The largest congestion window in bytes, peer's window in bytes and the round-trip times of each stream, over the intervals.</summary>
    public StreamExtremes[] Extremes { get; } = [.. group.Streams.Select(_ => new StreamExtremes())];

    /// <summary>Runs until the time is over, everything is sent or <paramref name="end"/> ends.</summary>
    /// <param name="end">Ends early: the peer said something.</param>
    /// <param name="bounded">Whether the time of the parameters ends it: at the client.</param>
    public async Task RunAsync(Task end, bool bounded)
    {
        using var pacing = new CancellationTokenSource();
        Task over = Task.WhenAny(end, group.SentAll);
        _cpuBefore = CpuShare.Now();
        _baseline = _last = await group.BeginAsync().ConfigureAwait(false);
        _cpuSince = _baseline.At;
        Task pace = group.PaceAsync(time, pacing.Token);
        try
        {
            bool isOver = parameters.Omit > 0 && await RunPhaseAsync(over, TimeSpan.FromSeconds(parameters.Omit), true).ConfigureAwait(false);
            _baseline = isOver ? _baseline : _last;
            bool timed = bounded && parameters is { Time: > 0, Bytes: 0, Blocks: 0 };
            if (!isOver)
                await RunPhaseAsync(over, timed ? TimeSpan.FromSeconds(parameters.Time) : null, false).ConfigureAwait(false);
        }
        finally
        {
            Cpu = CpuShare.Since(_cpuBefore, _last.At - _cpuSince);
            await pacing.CancelAsync().ConfigureAwait(false);
            await pace.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Whether the test is over.
    private async Task<bool> RunPhaseAsync(Task over, TimeSpan? length, bool omitted)
    {
        Instant start = _last.At;
        long began = time.GetTimestamp();
        TimeSpan step = reportInterval > 0 ? TimeSpan.FromSeconds(reportInterval) : TimeSpan.MaxValue;
        for (TimeSpan next = TimeSpan.Zero; ;)
        {
            next = step == TimeSpan.MaxValue ? step : next + step;
            next = length is { } most && next > most ? most : next;
            bool isOver = await WaitAsync(over, next == TimeSpan.MaxValue ? next : next - time.GetElapsedTime(began)).ConfigureAwait(false);
            bool isLast = isOver || next == length;
            await ReportAsync(start, omitted, isOver || (isLast && !omitted)).ConfigureAwait(false);
            if (isLast)
                return isOver;
        }
    }

    private async Task<bool> WaitAsync(Task over, TimeSpan span)
    {
        if (over.IsCompleted || span <= TimeSpan.Zero)
            return over.IsCompleted;
        using var given = new CancellationTokenSource();
        Task delay = span == TimeSpan.MaxValue ? Task.Delay(Timeout.InfiniteTimeSpan, time, given.Token) : Task.Delay(span, time, given.Token);
        await Task.WhenAny(over, delay).ConfigureAwait(false);
        await given.CancelAsync().ConfigureAwait(false);
        return over.IsCompleted;
    }

    private async Task ReportAsync(Instant start, bool omitted, bool stop)
    {
        GroupSample before = _last;
        _last = await group.SampleAsync(stop).ConfigureAwait(false);
        StreamSample[] added = [.. _last.Streams.Select((sample, i) => sample.Since(before.Streams[i]))];
        for (int i = 0; i < added.Length; i++)
            Extremes[i].Add(added[i].Tcp);
        var interval = new Interval(
            (before.At - start).TotalSeconds, (_last.At - start).TotalSeconds, omitted, added,
            [.. _last.Streams.Select((sample, i) => sample.RetransmissionsSince(before.Streams[i]))]);
        // A short rest at the end in which nothing came is left out, as iperf_print_intermediate does.
        bool isRest = stop && interval.Seconds < 0.1 * reportInterval && added.All(sample => sample.Bytes == 0);
        if (!isRest)
            await report(interval).ConfigureAwait(false);
    }
}
