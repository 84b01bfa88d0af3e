using ActorNet.Dataplane.Links;

namespace ActorNet.Kubernetes.Faults;

/// <summary>What a fault order must be to make sense; what the place says to it (no such device, no such peer) is the host's to judge.</summary>
public static class FaultRules
{
    /// <summary>The longest delay, and the longest jitter.</summary>
    public static readonly TimeSpan MaximumDelay = TimeSpan.FromSeconds(60);

    /// <summary>The longest duration that is not "for ever".</summary>
    public static readonly TimeSpan MaximumDuration = TimeSpan.FromDays(30);

    /// <summary>The smallest MTU that IPv4 allows (RFC 791 section 3.2).</summary>
    public const int MinimumMtu = 68;

    /// <summary>Finds what is wrong with an order.</summary>
    /// <param name="order">The order.</param>
    /// <returns>The option, what was found, what is expected; or null.</returns>
    public static string? Problem(FaultOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        return TargetProblem(order)
            ?? (order.Duration is { } duration && (duration <= TimeSpan.Zero || duration > MaximumDuration)
                ? $"--duration {FaultText.Of(duration)}: give a time above 0 and at most {MaximumDuration.TotalDays:0} days, as 30s."
                : null)
            ?? ShareProblem(order.Impairment)
            ?? TimeProblem(order.Impairment)
            ?? LimitProblem(order.Impairment)
            ?? (order.IsControl ? ControlProblem(order) : null);
    }

    private static string? TargetProblem(FaultOrder order)
    {
        bool node = order.Target.StartsWith("node/", StringComparison.Ordinal);
        if ((!node && !order.Target.StartsWith("pod/", StringComparison.Ordinal)) || order.Target.EndsWith('/') || order.Device.Length == 0)
            return $"{(order.Device.Length > 0 ? $"{order.Target}:{order.Device}" : order.Target)}: names no link. Give node/NAME:DEVICE or pod/NAME:DEVICE, as pod/client:eth0 or node/n1:flannel.1.";
        if (order.IsControl && !node)
            return $"{order.Target}:{order.Device}: control links belong to hosts. Give node/NAME:control.";
        return order.Impairment.IsNone
            ? order.Impairment.Reorder > 0
                ? $"--reorder {FaultText.Share(order.Impairment.Reorder)}: needs a --delay: a reordered frame is one that does not wait while others do."
                : $"{order.Target}:{order.Device}: nothing is wrong with it yet. Give at least one of --cut, --loss, --burst, --delay, --jitter, --duplicate, --corrupt, --rate, --mtu."
            : null;
    }

    private static string? ShareProblem(ImpairmentSettings i)
    {
        (string Option, double Share)[] shares =
        [
            ("--loss", i.Loss), ("--loss-correlation", i.LossCorrelation), ("--duplicate", i.Duplicate), ("--reorder", i.Reorder), ("--corrupt", i.Corrupt),
            ("--burst", i.Burst?.EnterBad ?? 0), ("--burst", i.Burst?.LeaveBad ?? 0), ("--burst", i.Burst?.LossInBad ?? 0), ("--burst", i.Burst?.LossInGood ?? 0),
        ];
        foreach ((string option, double share) in shares)
        {
            if (share is not (>= 0 and <= 1))
                return $"{option} {FaultText.Share(share)}: {FaultText.ShareExpected}";
        }

        if (i.LossCorrelation > 0 && i.Loss <= 0)
            return $"--loss-correlation {FaultText.Share(i.LossCorrelation)}: needs a --loss that it correlates, as --loss 5%.";
        return i.Burst is not null && i.Loss > 0
            ? $"--loss {FaultText.Share(i.Loss)}: cannot be given beside --burst, which is a loss of its own. Give one of the two."
            : null;
    }

    private static string? TimeProblem(ImpairmentSettings i)
    {
        if (i.Delay < TimeSpan.Zero || i.Delay > MaximumDelay)
            return $"--delay {FaultText.Of(i.Delay)}: give a time from 0 to {MaximumDelay.TotalSeconds:0}s, as 20ms.";
        if (i.Jitter < TimeSpan.Zero || i.Jitter > MaximumDelay)
            return $"--jitter {FaultText.Of(i.Jitter)}: give a time from 0 to {MaximumDelay.TotalSeconds:0}s, as 5ms.";
        if (i.Distribution != JitterDistribution.Uniform && i.Jitter == TimeSpan.Zero)
            return $"--distribution {FaultText.Of(i.Distribution)}: needs a --jitter that it shapes, as --jitter 5ms.";
        return i.Reorder > 0 && i.Delay == TimeSpan.Zero
            ? $"--reorder {FaultText.Share(i.Reorder)}: needs a --delay: a reordered frame is one that does not wait while others do."
            : null;
    }

    private static string? LimitProblem(ImpairmentSettings i)
    {
        if (i.Rate is < 0 or > FaultText.MaximumRate)
            return $"--rate {i.Rate}bit: {FaultText.RateExpected}";
        if (i.Mtu != 0 && i.Mtu is < MinimumMtu or > 65_535)
            return $"--mtu {i.Mtu}: give {MinimumMtu} to 65535 bytes, as 1400.";
        return i.QueueLimit is < 1 or > 65_536 || i.RateBurst is < 0 or > 1 << 30 || i.RateQueue is < 0 or > 1 << 30
            ? $"queue limit {i.QueueLimit} frames, rate burst {i.RateBurst} bytes, rate queue {i.RateQueue} bytes: 1 to 65536 frames and 0 to {1 << 30} bytes are expected."
            : null;
    }

    // A control link is a TCP connection: it can be slow or dead, but nothing inside it is lost alone, doubled or overtaken.
    private static string? ControlProblem(FaultOrder order)
    {
        ImpairmentSettings i = order.Impairment;
        string where = $"{order.Target}:{order.Device}";
        if (order.Peer is null)
            return $"{where}: --peer is missing: a control link is one to another host. Give --peer NAME.";
        if (i != new ImpairmentSettings { Cut = i.Cut, Delay = i.Delay, Seed = i.Seed })
            return $"{where}: a control link is TCP and takes --cut or --delay only. Frames' faults go to a link that carries frames, as node/n1:flannel.1.";
        if (i.Cut == (i.Delay > TimeSpan.Zero))
            return $"{where}: --cut and --delay exclude each other on a control link. Give one of the two.";
        return i.Delay > TimeSpan.Zero && order.Direction != FaultDirection.Egress
            ? $"{where}: --delay acts on what the host sends. Give --direction egress, and a second fault at {order.Peer} for the way back."
            : null;
    }
}
