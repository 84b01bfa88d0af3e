using ActorNet.Cli.Lab;

namespace ActorNet.Cli.Bench;

/// <summary>Measures the processor time that hosts use when nothing flows.</summary>
internal static class IdleCost
{
    /// <summary>
    /// Lets the hosts rest, then measures one window. The rest is measured in windows of the same length: the runtime compiles what the load
    /// made hot in the background for a while, which is not the cost of being idle but must be seen.
    /// </summary>
    /// <param name="hosts">The hosts; their times are added.</param>
    /// <param name="rest">Before the window that counts. Its last settling window is shorter when it is no multiple of one.</param>
    /// <param name="window">How long is measured.</param>
    /// <param name="ct">Cancellation.</param>
    public static async Task<IdleReport> MeasureAsync(IReadOnlyList<LabHost> hosts, TimeSpan rest, TimeSpan window, CancellationToken ct)
    {
        var settling = new List<double>();
        for (TimeSpan left = rest; left > TimeSpan.Zero; left -= window)
            settling.Add(await PercentAsync(hosts, left < window ? left : window, ct).ConfigureAwait(false));
        return new IdleReport(window.TotalSeconds, await PercentAsync(hosts, window, ct).ConfigureAwait(false), settling);
    }

    private static async Task<double> PercentAsync(IReadOnlyList<LabHost> hosts, TimeSpan window, CancellationToken ct)
    {
        TimeSpan before = Used(hosts);
        long start = TimeProvider.System.GetTimestamp();
        await Task.Delay(window, ct).ConfigureAwait(false);
        return Math.Round((Used(hosts) - before) / TimeProvider.System.GetElapsedTime(start) * 100, 2);
    }

    private static TimeSpan Used(IReadOnlyList<LabHost> hosts) => hosts.Aggregate(TimeSpan.Zero, (sum, host) => sum + host.ProcessorTime);
}
