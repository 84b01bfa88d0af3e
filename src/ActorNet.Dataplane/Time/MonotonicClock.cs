namespace ActorNet.Dataplane.Time;

/// <summary>A moment on a <see cref="MonotonicClock"/>: nanoseconds since the clock was made.</summary>
/// <param name="Nanoseconds">Nanoseconds; never negative on a clock of ours.</param>
public readonly record struct Instant(long Nanoseconds) : IComparable<Instant>
{
    /// <summary>A moment that never comes.</summary>
    public static readonly Instant Never = new(long.MaxValue);

    /// <summary>The moment after a span.</summary>
    /// <param name="span">Span.</param>
    public Instant Add(TimeSpan span) => new(Nanoseconds + (span.Ticks * 100));

    /// <summary>The span since an earlier moment.</summary>
    /// <param name="earlier">The earlier moment.</param>
    public TimeSpan Since(Instant earlier) => new((Nanoseconds - earlier.Nanoseconds) / 100);

    /// <inheritdoc/>
    public int CompareTo(Instant other) => Nanoseconds.CompareTo(other.Nanoseconds);

    /// <summary>The moment after a span.</summary>
    /// <param name="left">Moment.</param>
    /// <param name="right">Span.</param>
    public static Instant operator +(Instant left, TimeSpan right) => left.Add(right);

    /// <summary>The span between two moments.</summary>
    /// <param name="left">Later.</param>
    /// <param name="right">Earlier.</param>
    public static TimeSpan operator -(Instant left, Instant right) => left.Since(right);

    /// <summary>Earlier than.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator <(Instant left, Instant right) => left.Nanoseconds < right.Nanoseconds;

    /// <summary>Later than.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator >(Instant left, Instant right) => left.Nanoseconds > right.Nanoseconds;

    /// <summary>Not later than.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator <=(Instant left, Instant right) => left.Nanoseconds <= right.Nanoseconds;

    /// <summary>Not earlier than.</summary>
    /// <param name="left">Left.</param>
    /// <param name="right">Right.</param>
    public static bool operator >=(Instant left, Instant right) => left.Nanoseconds >= right.Nanoseconds;
}

/// <summary>Monotonic time from a <see cref="TimeProvider"/>: real in a host, virtual in a simulation. The core reads no other clock.</summary>
/// <param name="provider">Where time comes from.</param>
public sealed class MonotonicClock(TimeProvider provider)
{
    private readonly long _start = provider.GetTimestamp();

    // The clock is read for every vector: where ticks are whole numbers of nanoseconds (1 on Linux, 100 on Windows) no division is made.
    private readonly long _nanosecondsPerTick = 1_000_000_000 % provider.TimestampFrequency == 0 ? 1_000_000_000 / provider.TimestampFrequency : 0;

    /// <summary>Nanoseconds since the clock was made.</summary>
    public Instant Now
    {
        get
        {
            long ticks = provider.GetTimestamp() - _start;
            return new Instant(_nanosecondsPerTick > 0 ? ticks * _nanosecondsPerTick : (long)((Int128)ticks * 1_000_000_000 / provider.TimestampFrequency));
        }
    }
}
