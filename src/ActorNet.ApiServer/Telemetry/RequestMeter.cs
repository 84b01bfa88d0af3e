using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Runtime.CompilerServices;
using ActorNet.Kubernetes.Kinds;
using Microsoft.AspNetCore.Http;

namespace ActorNet.ApiServer.Telemetry;

/// <summary>
/// Measures what a host's API port is asked, under kube-apiserver's names (apiserver pkg/endpoints/metrics/metrics.go), and makes a span of each request.
/// A request that is passed on to the host that has the API is counted by both hosts, at the one that passes it on as such. For any thread.
/// </summary>
public sealed class RequestMeter : IDisposable
{
    /// <summary>The name of the meter and of the source of spans.</summary>
    public const string Name = "ActorNet.ApiServer";

    // Upstream's, for requestLatencies.
    private static readonly double[] Buckets = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

    private readonly KindCatalog _kinds;
    private readonly Meter _meter = new(Name);
    private readonly ActivitySource _spans = new(Name);
    private readonly Histogram<double> _durations;
    private readonly ConcurrentDictionary<RequestKind, int> _longRunning = new();
    private readonly ConcurrentDictionary<(RequestKind Kind, int Code), StrongBox<long>> _answered = new();
    private long _forwarded;

    /// <summary>Makes the instruments.</summary>
    /// <param name="kinds">The kinds of the API: a path that names none of them counts as a path without a resource, so that nobody can fill the table.</param>
    public RequestMeter(KindCatalog kinds)
    {
        _kinds = kinds;
        _meter.CreateObservableCounter("apiserver_request_total", Answered, description: "Requests to the API port of this host, by verb, resource, scope and HTTP response code.");
        _meter.CreateObservableCounter("actornet_apiserver_forwarded_requests_total", () => Interlocked.Read(ref _forwarded), description: "Requests that this host passed on to the host that has the API.");
        _durations = _meter.CreateHistogram("apiserver_request_duration_seconds", "s", "Response latency of requests to the API port of this host, by verb, resource and scope.", null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Buckets });
        _meter.CreateObservableUpDownCounter("apiserver_longrunning_requests", LongRunning, description: "Watches and streams to pods that are open now, by verb, resource and scope.");
    }

    /// <summary>Begins to measure a request.</summary>
    /// <param name="context">The request.</param>
    /// <returns>To be told of its end.</returns>
    public MeasuredRequest Begin(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        RequestKind kind = RequestKind.Of(context.Request, _kinds);
        if (kind.IsLongRunning)
            _longRunning.AddOrUpdate(kind, 1, static (_, open) => open + 1);
        Activity? span = _spans.HasListeners() ? Span(context, kind) : null;
        return new MeasuredRequest(this, context, kind, Stopwatch.GetTimestamp(), span);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meter.Dispose();
        _spans.Dispose();
    }

    internal void CountForwarded() => Interlocked.Increment(ref _forwarded);

    internal void End(HttpContext context, RequestKind kind, long began, Activity? span)
    {
        if (kind.IsLongRunning)
            _longRunning.AddOrUpdate(kind, 0, static (_, open) => open - 1);
        int code = context.Response.StatusCode;
        // Counted whether or not somebody collects: whoever scrapes for the first time sees what has been asked so far.
        Interlocked.Increment(ref _answered.GetOrAdd((kind, code), static _ => new StrongBox<long>()).Value);
        if (_durations.Enabled)
            _durations.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, kind.Tags([]));
        if (span is null)
            return;
        span.SetTag("http.response.status_code", code);
        if (code >= StatusCodes.Status500InternalServerError)
            span.SetStatus(ActivityStatusCode.Error);
        span.Dispose();
    }

    // OpenTelemetry's semantic conventions for HTTP servers; the parent is the client's, or the host's that passed the request on (W3C trace context).
    private Activity? Span(HttpContext context, RequestKind kind)
    {
        HttpRequest request = context.Request;
        ActivityContext.TryParse(request.Headers.TraceParent, request.Headers.TraceState, isRemote: true, out ActivityContext parent);
        Activity? span = _spans.StartActivity($"{kind.Verb} {(kind.Resource.Length > 0 ? kind.Resource : kind.Subresource)}".TrimEnd(), ActivityKind.Server, parent);
        span?.SetTag("http.request.method", request.Method).SetTag("url.path", request.Path.Value).SetTag("k8s.verb", kind.Verb).SetTag("k8s.resource", kind.Resource);
        return span;
    }

    private IEnumerable<Measurement<long>> Answered() =>
        _answered.Select(static each => new Measurement<long>(Interlocked.Read(ref each.Value.Value), each.Key.Kind.Tags([new("code", each.Key.Code.ToString(CultureInfo.InvariantCulture))])));

    private IEnumerable<Measurement<int>> LongRunning() => _longRunning.Select(static each => new Measurement<int>(each.Value, each.Key.Tags([])));
}
