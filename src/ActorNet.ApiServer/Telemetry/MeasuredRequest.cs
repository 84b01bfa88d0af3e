using System.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Telemetry;

/// <summary>A request under way; disposing it counts it.</summary>
/// <param name="meter">Counts.</param>
/// <param name="context">The request.</param>
/// <param name="kind">What it asks for.</param>
/// <param name="began">When it began, by <see cref="Stopwatch"/>.</param>
/// <param name="span">Its span; null: nobody wants one.</param>
public readonly struct MeasuredRequest(RequestMeter meter, HttpContext context, RequestKind kind, long began, Activity? span) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => meter?.End(context, kind, began, span);
}
