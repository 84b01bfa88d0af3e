using System.Buffers;
using System.Globalization;

namespace ActorNet.Workloads.Programs;

/// <summary>Durations as Go's time package reads and writes them, and so the flags of kubectl and agnhost.</summary>
public static class GoDuration
{
    private static readonly (string Unit, double Ticks)[] Units =
        [("ns", 0.01), ("us", 10), ("µs", 10), ("μs", 10), ("ms", TimeSpan.TicksPerMillisecond), ("s", TimeSpan.TicksPerSecond), ("m", TimeSpan.TicksPerMinute), ("h", TimeSpan.TicksPerHour)];

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    /// <summary>time.ParseDuration: numbers with units, as 1h2m3.5s; 0 needs none.</summary>
    /// <param name="text">Text.</param>
    /// <param name="duration">The duration, cut to ticks of 100 ns.</param>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(text);
        duration = default;
        string rest = text is ['-' or '+', ..] ? text[1..] : text;
        if (rest == "0")
            return true;
        double ticks = 0;
        while (rest.Length > 0)
        {
            int digits = rest.AsSpan().IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
                return false;
            rest = rest[digits..];
            int letters = rest.AsSpan().IndexOfAny(Digits);
            string unit = letters < 0 ? rest : rest[..letters];
            int found = Array.FindIndex(Units, u => u.Unit == unit);
            if (found < 0)
                return false;
            ticks += number * Units[found].Ticks;
            rest = rest[unit.Length..];
        }

        // Go's durations end at 2^63 - 1 nanoseconds.
        if (text.Length == 0 || ticks > long.MaxValue / 100)
            return false;
        duration = TimeSpan.FromTicks((long)ticks * (text[0] == '-' ? -1 : 1));
        return true;
    }

    /// <summary>Duration.String: 1h2m3.5s, 1.5ms, 0s.</summary>
    /// <param name="duration">Duration.</param>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
            return "0s";
        string sign = duration < TimeSpan.Zero ? "-" : "";
        TimeSpan d = duration.Duration();
        if (d < TimeSpan.FromMilliseconds(1))
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{d.TotalMicroseconds:0.###}µs");
        if (d < TimeSpan.FromSeconds(1))
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{d.TotalMilliseconds:0.######}ms");
        double seconds = (d.Ticks % TimeSpan.TicksPerMinute) / (double)TimeSpan.TicksPerSecond;
        string hours = d.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(d.TotalHours):0}h") : "";
        string minutes = d.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{d.Minutes}m") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{hours}{minutes}{seconds:0.#######}s");
    }
}
