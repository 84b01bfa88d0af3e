using System.Globalization;

namespace ActorNet.TcpScripts;

/// <summary>
/// When a line happens, in seconds: <c>0.5</c> since the script's start, <c>+0.5</c> since the line before; <c>~0.1</c> behind it widens the
/// tolerance for what the stack sends, <c>+0.2..0.4</c> gives its bounds outright.
/// </summary>
/// <param name="IsRelative">Whether it counts from the line before.</param>
/// <param name="Earliest">The earliest moment; the moment itself for what the script does.</param>
/// <param name="Latest">The latest moment.</param>
public sealed record StepTime(bool IsRelative, TimeSpan Earliest, TimeSpan Latest)
{
    /// <summary>The moment for what the script itself does.</summary>
    public TimeSpan At { get; private init; }

    /// <summary>Reads a time, or null when the text is none.</summary>
    /// <param name="text">The first word of a line.</param>
    /// <param name="tolerance">How far off the stack may be where the line does not say.</param>
    public static StepTime? Parse(string text, TimeSpan tolerance)
    {
        ArgumentNullException.ThrowIfNull(text);
        bool relative = text.StartsWith('+');
        string rest = relative ? text[1..] : text;
        int dots = rest.IndexOf("..", StringComparison.Ordinal);
        if (dots >= 0)
        {
            return TrySeconds(rest[..dots], out TimeSpan earliest) && TrySeconds(rest[(dots + 2)..], out TimeSpan latest) && earliest <= latest
                ? new StepTime(relative, earliest, latest) { At = earliest }
                : null;
        }

        int tilde = rest.IndexOf('~', StringComparison.Ordinal);
        if (tilde >= 0 && !TrySeconds(rest[(tilde + 1)..], out tolerance))
            return null;
        return TrySeconds(tilde < 0 ? rest : rest[..tilde], out TimeSpan at)
            ? new StepTime(relative, at - tolerance, at + tolerance) { At = at }
            : null;
    }

    /// <summary>The first moment at which the stack may do it.</summary>
    /// <param name="previous">When the line before happened.</param>
    public TimeSpan From(TimeSpan previous) => IsRelative ? previous + Earliest : Earliest;

    /// <summary>The last moment at which the stack may do it.</summary>
    /// <param name="previous">When the line before happened.</param>
    public TimeSpan Until(TimeSpan previous) => IsRelative ? previous + Latest : Latest;

    /// <summary>When the script does it.</summary>
    /// <param name="previous">When the line before happened.</param>
    public TimeSpan Moment(TimeSpan previous) => IsRelative ? previous + At : At;

    /// <summary>Reads seconds with a point.</summary>
    internal static bool TrySeconds(string text, out TimeSpan span)
    {
        bool good = decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal seconds) && seconds < 1000;
        span = good ? TimeSpan.FromMicroseconds((double)(seconds * 1_000_000)) : default;
        return good;
    }
}
