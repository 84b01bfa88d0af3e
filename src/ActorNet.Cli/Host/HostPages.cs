using ActorNet.Cli.Host.Telemetry;
using Microsoft.AspNetCore.Http;

namespace ActorNet.Cli.Host;

/// <summary>What a host says of itself at its API port beside its health, by path, to whoever's roles name it. It answers wherever the API is, or when it is nowhere.</summary>
internal static class HostPages
{
    /// <summary>The paths.</summary>
    /// <param name="service">What is said.</param>
    /// <param name="telemetry">Its counters.</param>
    public static IReadOnlyDictionary<string, RequestDelegate> Of(HostService service, HostTelemetry telemetry) => new Dictionary<string, RequestDelegate>(StringComparer.Ordinal)
    {
        ["/metrics"] = telemetry.ScrapeAsync,
        ["/actornet/v1/status"] = async context => await context.Response.WriteAsJsonAsync(await service.StatusAsync(context.RequestAborted).ConfigureAwait(false), context.RequestAborted).ConfigureAwait(false),
    };
}
