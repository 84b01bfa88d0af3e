using System.Globalization;

namespace ActorNet.Kubernetes.KubeProxy.Health;

/// <summary>
/// An answer of a kube-proxy's health ports, byte for byte (kubernetes pkg/proxy/healthcheck/proxy_health.go, service_health.go; of other paths what
/// Go's net/http says). Every one has X-Content-Type-Options: nosniff.
/// </summary>
/// <param name="Status">HTTP status.</param>
/// <param name="ContentType">Content-Type.</param>
/// <param name="Body">The body, ASCII but for names.</param>
public sealed record HealthAnswer(int Status, string ContentType, string Body)
{
    private const string Json = "application/json";

    /// <summary>X-Load-Balancing-Endpoint-Weight; null for none.</summary>
    public int? Weight { get; private init; }

    /// <summary>What the proxy says of itself: /healthz asks for the node too, /livez does not.</summary>
    /// <param name="path">The path that was asked for.</param>
    /// <param name="health">How it is.</param>
    /// <param name="started">When the node started.</param>
    /// <param name="now">Now, since then.</param>
    public static HealthAnswer OfProxy(string? path, ProxyHealth health, DateTimeOffset started, TimeSpan now)
    {
        ArgumentNullException.ThrowIfNull(health);
        if (path is not ("/healthz" or "/livez"))
            return new HealthAnswer(404, "text/plain; charset=utf-8", "404 page not found\n");
        bool asksForNode = path == "/healthz";
        bool isHealthy = health.IsHealthy(now) && (!asksForNode || health.IsNodeEligible);
        // Of one that is well the time of its last look is told, which is now, whenever its rules changed last.
        string updated = GoTime(started, isHealthy ? now : health.LastUpdated);
        string node = asksForNode ? $", \"nodeEligible\": {Word(health.IsNodeEligible)}" : "";
        return new HealthAnswer(isHealthy ? 200 : 503, Json, $"{{\"lastUpdated\": \"{updated}\",\"currentTime\": \"{GoTime(started, now)}\"{node}}}");
    }

    /// <summary>What a Service's health check port says, on any path.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="isProxyHealthy">Whether the proxy keeps up.</param>
    public static HealthAnswer OfService(ServiceHealth service, bool isProxyHealthy)
    {
        ArgumentNullException.ThrowIfNull(service);
        string body = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\n\t\"service\": {{\n\t\t\"namespace\": \"{service.Namespace}\",\n\t\t\"name\": \"{service.Name}\"\n\t}},\n\t\"localEndpoints\": {service.LocalEndpoints},\n\t\"serviceProxyHealthy\": {Word(isProxyHealthy)}\n}}");
        return new HealthAnswer(service.LocalEndpoints > 0 && isProxyHealthy ? 200 : 503, Json, body) { Weight = service.LocalEndpoints };
    }

    private static string Word(bool value) => value ? "true" : "false";

    // time.Time's String of one with a monotonic reading, in UTC; of none the zero time.
    private static string GoTime(DateTimeOffset started, TimeSpan? at) => at is not { } since
        ? "0001-01-01 00:00:00 +0000 UTC"
        : string.Create(CultureInfo.InvariantCulture, $"{(started + since).UtcDateTime:yyyy-MM-dd HH:mm:ss.FFFFFFF} +0000 UTC m=+{(long)since.TotalSeconds}.{since.Ticks % TimeSpan.TicksPerSecond * 100:D9}");
}
