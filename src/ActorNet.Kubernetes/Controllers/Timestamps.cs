namespace ActorNet.Kubernetes.Controllers;

/// <summary>Moments as the API keeps them.</summary>
internal static class Timestamps
{
    /// <summary>Whole seconds, which is what metav1.Time holds: so a model that was written compares equal to what comes back.</summary>
    public static DateTime TruncateToSeconds(this DateTime moment) => new(moment.Ticks - (moment.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Utc);

    /// <summary>Whole seconds.</summary>
    public static DateTime Seconds(this DateTimeOffset moment) => moment.UtcDateTime.TruncateToSeconds();
}
