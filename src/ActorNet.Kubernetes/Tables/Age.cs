using System.Globalization;

namespace ActorNet.Kubernetes.Tables;

/// <summary>Durations in kubectl's short form (apimachinery pkg/util/duration, HumanDuration).</summary>
public static class Age
{
    /// <summary>How long ago a moment was; "&lt;unknown&gt;" when it is not set.</summary>
    /// <param name="moment">RFC 3339, or empty.</param>
    /// <param name="now">The time.</param>
    public static string Since(string moment, DateTimeOffset now) =>
        DateTimeOffset.TryParse(moment, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset then) ? Of(now - then) : "<unknown>";

    /// <summary>A duration.</summary>
    public static string Of(TimeSpan duration)
    {
        long seconds = (long)duration.TotalSeconds;
        if (seconds < -1)
            return "<invalid>";
        if (seconds < 0)
            return "0s";
        if (seconds < 120)
            return Units(seconds, "s");
        long minutes = seconds / 60;
        if (minutes < 10)
            return Two(minutes, "m", seconds % 60, "s");
        if (minutes < 180)
            return Units(minutes, "m");
        long hours = minutes / 60;
        if (hours < 8)
            return Two(hours, "h", minutes % 60, "m");
        if (hours < 48)
            return Units(hours, "h");
        long days = hours / 24;
        if (hours < 192)
            return Two(days, "d", hours % 24, "h");
        if (days < 365 * 2)
            return Units(days, "d");
        return days < 365 * 8 ? Two(days / 365, "y", days % 365, "d") : Units(days / 365, "y");
    }

    private static string Units(long count, string unit) => FormattableString.Invariant($"{count}{unit}");

    private static string Two(long large, string largeUnit, long small, string smallUnit) =>
        small == 0 ? Units(large, largeUnit) : Units(large, largeUnit) + Units(small, smallUnit);
}
