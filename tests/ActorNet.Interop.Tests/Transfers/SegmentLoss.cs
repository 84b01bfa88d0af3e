using System.Globalization;
using ActorNet.Interop.Tests.Netns;

namespace ActorNet.Interop.Tests.Transfers;

/// <summary>
/// Loss on the path between two pods, made by the kernel's netfilter where a kernel node forwards: each TCP segment of either direction is
/// dropped with the same chance (iptables-extensions(8), statistic).
/// </summary>
public sealed class SegmentLoss : IAsyncDisposable
{
    private readonly NetworkNamespace _router;
    private readonly double _share;

    private SegmentLoss(NetworkNamespace router, double share)
    {
        _router = router;
        _share = share;
    }

    /// <summary>Starts to lose segments.</summary>
    /// <param name="router">The namespace that forwards.</param>
    /// <param name="share">The chance of each segment, 0 to 1.</param>
    public static async Task<SegmentLoss> StartAsync(NetworkNamespace router, double share)
    {
        ArgumentNullException.ThrowIfNull(router);
        Need.Tool("iptables");
        // The first rule only counts what comes by.
        await router.ExecAsync("iptables", "-w", "-A", "FORWARD", "-p", "tcp");
        await router.ExecAsync(
            "iptables", "-w", "-A", "FORWARD", "-p", "tcp", "-m", "statistic", "--mode", "random",
            "--probability", share.ToString(CultureInfo.InvariantCulture), "-j", "DROP");
        return new SegmentLoss(router, share);
    }

    /// <summary>Ends the loss and checks that there was as much as promised.</summary>
    public async ValueTask DisposeAsync()
    {
        string printed = (await _router.ExecAsync("iptables", "-w", "-nvxL", "FORWARD")).Output;
        await _router.ExecAsync("iptables", "-w", "-F", "FORWARD");
        // Two lines of heading, then the two rules, each beginning with its packets.
        long[] packets = [.. printed.Split('\n').Skip(2).Take(2).Select(line =>
            long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture))];
        double expected = packets[0] * _share;
        // Six standard deviations of a binomial draw.
        double slack = 6 * Math.Sqrt(expected * (1 - _share));
        Assert.True(Math.Abs(packets[1] - expected) <= slack, $"{packets[1]} of {packets[0]} segments dropped where {expected:0} were to be:\n{printed}");
    }
}
