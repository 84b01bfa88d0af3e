using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace ActorNet.Processes.Tests.Seen;

/// <summary>
/// An OpenTelemetry collector for OTLP over HTTP (opentelemetry-proto: collector/metrics/v1 and collector/trace/v1, whose field numbers are used here) that
/// keeps what came.
/// </summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _application;

    private OtlpCollector(WebApplication application) => _application = application;

    /// <summary>What came: the signal and its bytes.</summary>
    public ConcurrentQueue<(string Path, byte[] Body)> Came { get; } = new();

    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<OtlpCollector> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http1));
        var collector = new OtlpCollector(builder.Build());
        collector._application.Run(collector.TakeAsync);
        await collector._application.StartAsync();
        return collector;
    }

    /// <summary>Names of the metrics that came, with the service's name before them.</summary>
    public HashSet<string> Metrics() =>
    [
        // ExportMetricsServiceRequest.resource_metrics = 1; ResourceMetrics: resource = 1, scope_metrics = 2; ScopeMetrics.metrics = 2; Metric: name = 1, gauge = 5, sum = 7, histogram = 9.
        .. from body in Bodies("/v1/metrics")
           from resource in body.Messages(1)
           from scope in resource.Messages(2)
           from metric in scope.Messages(2)
           where metric.Has(5) || metric.Has(7) || metric.Has(9)
           select $"{ServiceOf(resource)} {metric.Text(1)}",
    ];

    /// <summary>The spans that came: id, id of the parent, name.</summary>
    public List<(string Id, string Parent, string Name)> Spans() =>
    [
        // ExportTraceServiceRequest.resource_spans = 1; ResourceSpans.scope_spans = 2; ScopeSpans.spans = 2; Span: span_id = 2, parent_span_id = 4, name = 5.
        .. from body in Bodies("/v1/traces")
           from resource in body.Messages(1)
           from scope in resource.Messages(2)
           from span in scope.Messages(2)
           select (Convert.ToHexString(span.Bytes(2)), Convert.ToHexString(span.Bytes(4)), span.Text(5)),
    ];

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    // Resource.attributes = 1; KeyValue: key = 1, value = 2; AnyValue.string_value = 1.
    private static string ServiceOf(ProtobufReading resource) =>
        resource.Messages(1).Single().Messages(1).Single(static pair => pair.Text(1) == "service.name").Messages(2).Single().Text(1);

    private IEnumerable<ProtobufReading> Bodies(string path) => Came.Where(each => each.Path == path).Select(static each => new ProtobufReading(each.Body));

    private async Task TakeAsync(HttpContext context)
    {
        Assert.Equal("application/x-protobuf", context.Request.ContentType);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        Came.Enqueue((context.Request.Path.Value!, body.ToArray()));
        context.Response.ContentType = "application/x-protobuf";
    }
}
