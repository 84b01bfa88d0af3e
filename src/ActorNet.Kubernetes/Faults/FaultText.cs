using System.Globalization;
using ActorNet.Dataplane.Links;

namespace ActorNet.Kubernetes.Faults;

/// <summary>The values of faults as users write and read them: shares as 1%, times as 20ms, rates as 10mbit (units of tc(8)).</summary>
public static class FaultText
{
    /// <summary>The highest rate in bits per second: beyond it nothing is limited.</summary>
    public const long MaximumRate = 1_000_000_000_000;

    /// <summary>What a share must be.</summary>
    public const string ShareExpected = "give a share of frames between 0% and 100%, as 1% or 0.5%.";

    /// <summary>What a time must be.</summary>
    public const string TimeExpected = "give a time with its unit us, ms, s, m or h, as 20ms.";

    /// <summary>What a rate must be.</summary>
    public const string RateExpected = "give a rate up to 1tbit with its unit bit, kbit, mbit or gbit (1000 steps, per second), as 10mbit.";

    // The longer unit first where one ends with the other.
    private static readonly (string Suffix, double Ticks)[] TimeUnits =
    [
        ("us", TimeSpan.TicksPerMicrosecond), ("ms", TimeSpan.TicksPerMillisecond), ("s", TimeSpan.TicksPerSecond),
        ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour),
    ];

    private static readonly (string Suffix, double Bits)[] RateUnits = [("kbit", 1e3), ("mbit", 1e6), ("gbit", 1e9), ("tbit", 1e12), ("bit", 1)];

    /// <summary>Reads a share, as 1%.</summary>
    /// <param name="text">Text.</param>
    /// <param name="share">From 0 to 1.</param>
    /// <returns>Whether it is one; <see cref="ShareExpected"/> says what is.</returns>
    public static bool TryReadShare(string text, out double share) => TryRead(text, [("%", 0.01)], 1, out share);

    /// <summary>Reads a time, as 20ms.</summary>
    /// <param name="text">Text.</param>
    /// <param name="time">Not negative.</param>
    /// <returns>Whether it is one; <see cref="TimeExpected"/> says what is.</returns>
    public static bool TryReadTime(string text, out TimeSpan time)
    {
        bool read = TryRead(text, TimeUnits, TimeSpan.FromDays(365).Ticks, out double ticks);
        time = new TimeSpan((long)Math.Round(ticks));
        return read;
    }

    /// <summary>Reads a rate, as 10mbit.</summary>
    /// <param name="text">Text.</param>
    /// <param name="bits">Bits per second.</param>
    /// <returns>Whether it is one; <see cref="RateExpected"/> says what is.</returns>
    public static bool TryReadRate(string text, out long bits)
    {
        bool read = TryRead(text, RateUnits, MaximumRate, out double value);
        bits = (long)Math.Round(value);
        return read && bits > 0;
    }

    /// <summary>Reads bursts: the chances to enter and to leave the bad state, then the loss in it and outside of it: 1%,25%[,100%[,0%]].</summary>
    /// <param name="text">Text.</param>
    /// <param name="burst">The loss.</param>
    public static bool TryReadBurst(string text, out BurstLoss? burst)
    {
        ArgumentNullException.ThrowIfNull(text);
        burst = null;
        string[] parts = text.Split(',');
        double[] shares = [0, 0, 1, 0];
        if (parts.Length is < 2 or > 4)
            return false;
        for (int i = 0; i < parts.Length; i++)
        {
            if (!TryReadShare(parts[i], out shares[i]))
                return false;
        }

        burst = new BurstLoss(shares[0], shares[1], shares[2], shares[3]);
        return true;
    }

    /// <summary>Reads the name of a jitter's shape, as tc-netem(8) has it.</summary>
    /// <param name="text">Text.</param>
    /// <param name="distribution">The shape.</param>
    public static bool TryReadDistribution(string text, out JitterDistribution distribution)
    {
        foreach (JitterDistribution one in Enum.GetValues<JitterDistribution>())
        {
            distribution = one;
            if (Of(one) == text)
                return true;
        }

        distribution = default;
        return false;
    }

    /// <summary>A shape's name.</summary>
    /// <param name="distribution">The shape.</param>
    public static string Of(JitterDistribution distribution) => distribution.ToString().ToLowerInvariant();

    /// <summary>A time in its largest whole unit.</summary>
    /// <param name="time">Time.</param>
    public static string Of(TimeSpan time)
    {
        for (int i = TimeUnits.Length - 1; i > 0; i--)
        {
            if (time.Ticks != 0 && time.Ticks % (long)TimeUnits[i].Ticks == 0)
                return string.Create(CultureInfo.InvariantCulture, $"{time.Ticks / (long)TimeUnits[i].Ticks}{TimeUnits[i].Suffix}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{time.TotalMicroseconds:0.#}us");
    }

    /// <summary>A share in per cent.</summary>
    /// <param name="share">From 0 to 1.</param>
    public static string Share(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.######}%");

    /// <summary>A rate in its largest whole unit.</summary>
    /// <param name="bits">Bits per second.</param>
    public static string Rate(long bits)
    {
        (string suffix, double unit) = RateUnits.Where(u => bits % (long)u.Bits == 0).MaxBy(u => u.Bits);
        return string.Create(CultureInfo.InvariantCulture, $"{bits / (long)unit}{suffix}");
    }

    /// <summary>What is wrong, in the words of the command line without dashes: "loss 1% delay 20ms jitter 5ms".</summary>
    /// <param name="impairment">What is wrong.</param>
    public static string Of(ImpairmentSettings impairment)
    {
        ArgumentNullException.ThrowIfNull(impairment);
        var words = new List<string>();
        void Add(bool given, string text)
        {
            if (given)
                words.Add(text);
        }

        Add(impairment.Cut, "cut");
        Add(impairment.Loss > 0, $"loss {Share(impairment.Loss)}");
        Add(impairment.LossCorrelation > 0, $"loss-correlation {Share(impairment.LossCorrelation)}");
        if (impairment.Burst is { } burst)
            words.Add($"burst {Share(burst.EnterBad)},{Share(burst.LeaveBad)},{Share(burst.LossInBad)},{Share(burst.LossInGood)}");
        Add(impairment.Delay > TimeSpan.Zero, $"delay {Of(impairment.Delay)}");
        Add(impairment.Jitter > TimeSpan.Zero, $"jitter {Of(impairment.Jitter)}");
        Add(impairment.Distribution != JitterDistribution.Uniform, $"distribution {Of(impairment.Distribution)}");
        Add(impairment.Duplicate > 0, $"duplicate {Share(impairment.Duplicate)}");
        Add(impairment.Reorder > 0, $"reorder {Share(impairment.Reorder)}");
        Add(impairment.Corrupt > 0, $"corrupt {Share(impairment.Corrupt)}");
        Add(impairment.Rate > 0, $"rate {Rate(impairment.Rate)}");
        Add(impairment.Mtu > 0, string.Create(CultureInfo.InvariantCulture, $"mtu {impairment.Mtu}"));
        return string.Join(' ', words);
    }

    private static bool TryRead(string text, (string Suffix, double Unit)[] units, double most, out double value)
    {
        ArgumentNullException.ThrowIfNull(text);
        value = 0;
        foreach ((string suffix, double unit) in units)
        {
            if (!text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
                continue;
            if (!double.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
                return false;
            value = number * unit;
            return value >= 0 && value <= most;
        }

        return false;
    }
}
