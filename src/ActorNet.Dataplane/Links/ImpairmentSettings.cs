namespace ActorNet.Dataplane.Links;

/// <summary>Shape of the jitter around the delay, by the names of tc-netem(8).</summary>
public enum JitterDistribution : byte
{
    /// <summary>Evenly from delay - jitter to delay + jitter.</summary>
    Uniform,

    /// <summary>Normal with the jitter as standard deviation, cut at four of them as netem's table is.</summary>
    Normal,

    /// <summary>Pareto with shape 3, moved and scaled to mean 0 and deviation 1, cut at 4: many short delays, few long ones.</summary>
    Pareto,

    /// <summary>A quarter normal and three quarters Pareto.</summary>
    ParetoNormal,
}

/// <summary>
/// Gilbert-Elliott loss: a flow is in a good or a bad state, each with its own loss (tc-netem `loss gemodel p r 1-h 1-k`; linux
/// net/sched/sch_netem.c, loss_gilb_ell).
/// </summary>
/// <param name="EnterBad">p: chance per frame to go from good to bad, 0 to 1.</param>
/// <param name="LeaveBad">r: chance per frame to go from bad to good.</param>
/// <param name="LossInBad">1-h: loss in the bad state.</param>
/// <param name="LossInGood">1-k: loss in the good state.</param>
public sealed record BurstLoss(double EnterBad, double LeaveBad, double LossInBad = 1, double LossInGood = 0);

/// <summary>What is wrong with one direction of a link. Immutable; the default is nothing. Chances are from 0 to 1.</summary>
public sealed record ImpairmentSettings
{
    /// <summary>A link with nothing wrong.</summary>
    public static readonly ImpairmentSettings None = new();

    /// <summary>Seed of every draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>Nothing passes.</summary>
    public bool Cut { get; init; }

    /// <summary>Delay of every frame.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Variation of the delay; frames may overtake each other by it, as in netem.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Shape of the variation.</summary>
    public JitterDistribution Distribution { get; init; }

    /// <summary>Chance that a frame is lost.</summary>
    public double Loss { get; init; }

    /// <summary>
    /// Correlation of a frame's loss with that of the one before it in its flow. The loss stays what <see cref="Loss"/> says; netem's own
    /// blending of random numbers (get_crandom) would change it.
    /// </summary>
    public double LossCorrelation { get; init; }

    /// <summary>Loss in bursts, instead of <see cref="Loss"/>; null for none.</summary>
    public BurstLoss? Burst { get; init; }

    /// <summary>Chance that a frame comes twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>Chance that a frame is not delayed and so overtakes those that are. It needs a delay.</summary>
    public double Reorder { get; init; }

    /// <summary>Chance that one bit of a frame is flipped.</summary>
    public double Corrupt { get; init; }

    /// <summary>Bits per second; 0 for no limit. Bytes are those of the Ethernet frames.</summary>
    public long Rate { get; init; }

    /// <summary>Bytes that may pass at once after a pause (the token bucket's depth); a frame longer than that waits for its own time.</summary>
    public int RateBurst { get; init; } = 16 * 1024;

    /// <summary>Bytes that may wait for the rate; more are dropped.</summary>
    public int RateQueue { get; init; } = 256 * 1024;

    /// <summary>IP packets beyond this are dropped, as by a path with a smaller MTU that tells nobody; 0 for no limit.</summary>
    public int Mtu { get; init; }

    /// <summary>Frames held at most; more are dropped.</summary>
    public int QueueLimit { get; init; } = 16_384;

    /// <summary>Whether frames pass untouched.</summary>
    public bool IsNone => !Cut && Delay <= TimeSpan.Zero && Jitter <= TimeSpan.Zero && Loss <= 0 && Burst is null && Duplicate <= 0
        && Corrupt <= 0 && Rate <= 0 && Mtu <= 0;
}
