using System.Diagnostics;
using System.Text.RegularExpressions;

namespace ActorNet.Interop.Tests.Judges;

/// <summary>
/// The life of a neighbour entry of the judged pod, in a bed of its own: it takes up to a minute, nearly all of it waiting, so that it is watched
/// while other tests of the class run.
/// </summary>
internal static partial class NeighbourAgeing
{
    // Between two looks: each is a process, and whoever runs beside it needs the processors too.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    /// <summary>Watches an entry become REACHABLE, STALE, and after its use DELAY and REACHABLE again; throws when that is not so.</summary>
    /// <param name="factory">Makes the judged node.</param>
    /// <param name="end">Gives up.</param>
    public static async Task WatchAsync(JudgedNodeFactory factory, CancellationToken end)
    {
        await using JudgementBed bed = await JudgementBed.CreateAsync(factory);
        TimeSpan reachable = bed.Far.BaseReachableTime;
        (await bed.Far.InPodAsync("ip", "neigh", "flush", "dev", "eth0")).EnsureSuccess();
        var sinceUnknown = Stopwatch.StartNew();
        (await bed.Far.InPodAsync("ping", "-c", "1", "-W", "5", bed.NearPod.Address)).EnsureSuccess();
        await BecomesAsync(bed, "REACHABLE", TimeSpan.FromSeconds(60), end);

        // Reachable for a random time between a half and one and a half of the base (RFC 4861 section 6.3.2). The entry was confirmed between
        // the flush and the first look; it left the state between the last look that began while it held and the first that found it stale.
        // A kernel timer is never early and at most an eighth of its length late (linux kernel/time/timer.c, granularity of the wheel's levels).
        TimeSpan atLeast = await BecomesAsync(bed, "STALE", (1.5 * reachable) + TimeSpan.FromSeconds(15), end);
        TimeSpan atMost = sinceUnknown.Elapsed;
        Assert.True(atMost >= reachable / 2, $"STALE already {atMost.TotalSeconds:0.0} s after it was unknown");
        Assert.True(atLeast <= 1.5 * 1.125 * reachable, $"REACHABLE still after {atLeast.TotalSeconds:0.0} s");

        // Used, it is believed for delay_first_probe_time (5 s) and then probed; the other node's cni0 answers.
        var sinceUsed = Stopwatch.StartNew();
        (await bed.Far.InPodAsync("ping", "-c", "1", "-W", "5", bed.NearPod.Address)).EnsureSuccess();
        string used = await GatewayStateAsync(bed);
        // A look that a full machine ends only after those 5 s may have come too late.
        Assert.True(used == "DELAY" || sinceUsed.Elapsed >= TimeSpan.FromSeconds(5), $"{used} after its use");
        await BecomesAsync(bed, "REACHABLE", TimeSpan.FromSeconds(30), end);
        Assert.True(sinceUsed.Elapsed >= TimeSpan.FromSeconds(5), $"probed already {sinceUsed.Elapsed.TotalSeconds:0.0} s after its use");
    }

    // Returns when the last look began that found another state.
    private static async Task<TimeSpan> BecomesAsync(JudgementBed bed, string wanted, TimeSpan bound, CancellationToken end)
    {
        var watch = Stopwatch.StartNew();
        TimeSpan other = TimeSpan.Zero;
        await Eventually.HoldsAsync($"the pod's gateway is {wanted}", async () =>
        {
            TimeSpan began = watch.Elapsed;
            if (await GatewayStateAsync(bed) == wanted)
                return true;
            other = began;
            await Task.Delay(Pause, end);
            return false;
        }, bound);
        return other;
    }

    private static async Task<string> GatewayStateAsync(JudgementBed bed)
    {
        CommandResult shown = (await bed.Far.InPodAsync("ip", "neigh", "show", "dev", "eth0")).EnsureSuccess();
        return NeighbourState().Match(shown.Output) is { Success: true } match ? match.Groups[1].Value : $"absent: {shown.Output}";
    }

    [GeneratedRegex(@"(?m)^10\.244\.\d+\.1 .*?([A-Z]+) *$")]
    private static partial Regex NeighbourState();
}
