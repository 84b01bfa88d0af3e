using System.Buffers.Binary;
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
/// An OpenTelemetry collector for OTLP over HTTP or gRPC (opentelemetry-proto: collector/metrics/v1 and collector/trace/v1, whose field numbers are used here)
/// that keeps what came.
/// </summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    // The services of opentelemetry-proto, by the path of OTLP over HTTP that has the same messages.
    private static readonly Dictionary<string, string> Services = new()
    {
        ["/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"] = "/v1/metrics",
        ["/opentelemetry.proto.collector.trace.v1.TraceService/Export"] = "/v1/traces",
    };

    private readonly WebApplication _application;

    private OtlpCollector(WebApplication application) => _application = application;

    /// <summary>What came: the signal and its bytes.</summary>
    public ConcurrentQueue<(string Path, byte[] Body)> Came { get; } = new();

    public Uri Address => new(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Starts one on loopback.</summary>
    /// <param name="grpc">Whether it speaks gRPC, which is HTTP/2; else HTTP/1.1.</param>
    public static async Task<OtlpCollector> StartAsync(bool grpc = false)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = grpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        var collector = new OtlpCollector(builder.Build());
        collector._application.Run(grpc ? collector.TakeGrpcAsync : collector.TakeAsync);
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

    /// <summary>The nodes whose counters came.</summary>
    public HashSet<string> Nodes() => [.. from body in Bodies("/v1/metrics") from resource in body.Messages(1) select AttributeOf(resource, "k8s.node.name")];

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    // Resource.attributes = 1; KeyValue: key = 1, value = 2; AnyValue.string_value = 1.
    private static string ServiceOf(ProtobufReading resource) => AttributeOf(resource, "service.name");

    private static string AttributeOf(ProtobufReading resource, string name) =>
        resource.Messages(1).Single().Messages(1).Single(pair => pair.Text(1) == name).Messages(2).Single().Text(1);

    private IEnumerable<ProtobufReading> Bodies(string path) => Came.Where(each => each.Path == path).Select(static each => new ProtobufReading(each.Body));

    private async Task TakeAsync(HttpContext context)
    {
        Assert.Equal("application/x-protobuf", context.Request.ContentType);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        Came.Enqueue((context.Request.Path.Value!, body.ToArray()));
        context.Response.ContentType = "application/x-protobuf";
    }

    // grpc/doc/PROTOCOL-HTTP2.md: a message is a byte that says whether it is compressed, its length in 4, and its bytes; the status is in the trailers.
    private async Task TakeGrpcAsync(HttpContext context)
    {
        Assert.Equal("application/grpc", context.Request.ContentType);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        byte[] message = body.ToArray();
        Assert.Equal(0, message[0]);
        Assert.Equal(message.Length - 5, BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(1)));
        Came.Enqueue((Services[context.Request.Path.Value!], message[5..]));
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(new byte[5], context.RequestAborted);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
