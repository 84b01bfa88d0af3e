namespace ActorNet.ApiServer.Health;

/// <summary>One thing that is looked at for /healthz, /livez or /readyz (apiserver pkg/server/healthz/healthz.go, HealthChecker).</summary>
/// <param name="Name">As in /livez/NAME and ?exclude=NAME.</param>
/// <param name="Defect">Says what is wrong; null: nothing is. Called for every request on the front's threads, must not block.</param>
/// <param name="OnlyReadiness">Whether it says only that requests should go elsewhere for now: part of /readyz alone.</param>
public sealed record HealthCheck(string Name, Func<string?> Defect, bool OnlyReadiness = false)
{
    /// <summary>Passes whenever somebody answers.</summary>
    public static readonly HealthCheck Ping = new("ping", static () => null);
}
