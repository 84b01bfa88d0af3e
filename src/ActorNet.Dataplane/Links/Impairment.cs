namespace ActorNet.Dataplane.Links;

/// <summary>What happens to one frame.</summary>
/// <param name="Copies">0 when it is lost, else 1 or 2.</param>
/// <param name="Delay">Delay of the first copy.</param>
/// <param name="SecondDelay">Delay of the second.</param>
/// <param name="IsCorrupted">Whether a bit is flipped.</param>
/// <param name="CorruptionDraw">Which: this number modulo the frame's bits.</param>
public readonly record struct Fate(int Copies, TimeSpan Delay, TimeSpan SecondDelay, bool IsCorrupted, ulong CorruptionDraw);

/// <summary>
/// Decides the fate of frames on one direction of a link. Every draw is a hash of seed, place, flow and the frame's ordinal in its flow, so
/// the n-th frame of a flow meets the same fate however flows interleave (the order of decisions follows linux net/sched/sch_netem.c,
/// netem_enqueue).
/// </summary>
public sealed class Impairment
{
    private const ulong Golden = 0x9E37_79B9_7F4A_7C15;

    private readonly FlowTable _flows = new();
    private readonly ulong _key;
    private readonly ImpairmentSettings _settings;

    /// <summary>Makes a decider that has seen no frame.</summary>
    /// <param name="place">Name of the link's direction, unique in the cluster: the same place and seed give the same fates.</param>
    /// <param name="settings">What is wrong.</param>
    public Impairment(string place, ImpairmentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(place);
        ArgumentNullException.ThrowIfNull(settings);
        _settings = settings;
        _key = Mix(settings.Seed + Golden) ^ HashOf(place);
    }

    private enum Draw : uint
    {
        Loss,
        Repeat,
        Transition,
        Duplicate,
        Corrupt,
        CorruptBit,
        Reorder,
        SecondReorder,
        Jitter,
        SecondJitter = Jitter + 4,
    }

    /// <summary>Decides about the next frame of a flow.</summary>
    /// <param name="flow">The flow's hash.</param>
    public Fate Next(uint flow)
    {
        ref FlowState state = ref _flows.Get(flow);
        ulong frame = Mix(Mix(_key + flow) + (++state.Ordinal * Golden));
        int copies = Chance(frame, Draw.Duplicate, _settings.Duplicate) ? 2 : 1;
        bool lost = _settings.Burst is { } burst ? IsLostInBurst(burst, ref state, frame) : IsLost(ref state, frame);
        if (lost && --copies == 0)
            return default;
        bool corrupted = Chance(frame, Draw.Corrupt, _settings.Corrupt);
        return new Fate(
            copies,
            DelayOf(frame, Draw.Reorder, Draw.Jitter),
            copies == 2 ? DelayOf(frame, Draw.SecondReorder, Draw.SecondJitter) : default,
            corrupted,
            corrupted ? Value(frame, (uint)Draw.CorruptBit) : 0);
    }

    private bool IsLost(ref FlowState state, ulong frame)
    {
        if (_settings.Loss <= 0)
            return false;

        // With the chance of the correlation the last outcome is repeated: that keeps the loss and makes the lag-one correlation exact.
        if (state.Ordinal == 1 || !Chance(frame, Draw.Repeat, _settings.LossCorrelation))
            state.LastLost = Chance(frame, Draw.Loss, _settings.Loss);
        return state.LastLost;
    }

    private static bool IsLostInBurst(BurstLoss burst, ref FlowState state, ulong frame)
    {
        double loss = state.IsBad ? burst.LossInBad : burst.LossInGood;
        if (Chance(frame, Draw.Transition, state.IsBad ? burst.LeaveBad : burst.EnterBad))
            state.IsBad = !state.IsBad;
        return Chance(frame, Draw.Loss, loss);
    }

    private TimeSpan DelayOf(ulong frame, Draw reorder, Draw jitter)
    {
        if (Chance(frame, reorder, _settings.Reorder))
            return TimeSpan.Zero;
        if (_settings.Jitter <= TimeSpan.Zero)
            return _settings.Delay;
        double deviation = Deviation(frame, (uint)jitter);
        double ticks = _settings.Delay.Ticks + (deviation * _settings.Jitter.Ticks);
        return ticks <= 0 ? TimeSpan.Zero : new TimeSpan((long)ticks);
    }

    private double Deviation(ulong frame, uint draw) => _settings.Distribution switch
    {
        JitterDistribution.Normal => Normal(frame, draw),
        JitterDistribution.Pareto => Pareto(frame, draw),
        JitterDistribution.ParetoNormal => (0.25 * Normal(frame, draw)) + (0.75 * Pareto(frame, draw + 2)),
        _ => (2 * Unit(Value(frame, draw))) - 1,
    };

    /// <summary>Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958.</summary>
    private static double Normal(ulong frame, uint draw)
    {
        double radius = Math.Sqrt(-2 * Math.Log(1 - Unit(Value(frame, draw))));
        return Math.Clamp(radius * Math.Cos(2 * Math.PI * Unit(Value(frame, draw + 1))), -4, 4);
    }

    /// <summary>Shape 3 has mean 1.5 and variance 3/4 (iproute2 netem/pareto.c).</summary>
    private static double Pareto(ulong frame, uint draw) =>
        Math.Min(4, (Math.Pow(1 - Unit(Value(frame, draw)), -1.0 / 3) - 1.5) / Math.Sqrt(0.75));

    private static bool Chance(ulong frame, Draw draw, double chance) => chance > 0 && Unit(Value(frame, (uint)draw)) < chance;

    private static ulong Value(ulong frame, uint draw) => Mix(frame ^ ((draw + 1) * 0xD1B5_4A32_D192_ED03));

    /// <summary>53 bits as a number from 0 to below 1.</summary>
    private static double Unit(ulong value) => (value >> 11) * (1.0 / (1UL << 53));

    /// <summary>The finaliser of splitmix64 (Steele, Lea, Flood 2014).</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58_476D_1CE4_E5B9;
        z = (z ^ (z >> 27)) * 0x94D0_49BB_1331_11EB;
        return z ^ (z >> 31);
    }

    /// <summary>FNV-1a: unlike string.GetHashCode the same in every process.</summary>
    private static ulong HashOf(string text)
    {
        ulong hash = 0xCBF2_9CE4_8422_2325;
        foreach (char c in text)
            hash = (hash ^ c) * 0x0000_0100_0000_01B3;
        return Mix(hash);
    }
}
