using ActorNet.ApiServer;
using ActorNet.ApiServer.Front;
using ActorNet.ApiServer.Telemetry;
using ActorNet.Cluster.Stores;
using ActorNet.Node;
using Akka.Actor;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ActorNet.Cli.Host.Telemetry;

/// <summary>
/// A host's counters and spans on their way out: /metrics for whoever scrapes, and OTLP where an endpoint was named. OpenTelemetry's exporters are made when
/// somebody scrapes for the first time or a host is ready that has an OTLP endpoint, so that no host starts the later for them.
/// </summary>
internal sealed class HostTelemetry : IAsyncDisposable
{
    private static readonly string[] Meters = [HostMeter.Name, RequestMeter.Name, KubeProxyMeter.Name, StoreLogMeter.Name];
    private static readonly string[] Spans = [RequestMeter.Name, KubeProxyMeter.Name, StoreSpans.Name];

    // Who starts a lab wants to see its first answer.
    private static readonly TimeSpan NotBefore = TimeSpan.FromSeconds(15);

    private readonly HostOptions _options;
    private readonly HostReadings _readings;
    private readonly HostMeter _meter;
    private readonly StoreLogMeter _log = new();
    private readonly Lazy<Scraping> _scraping;
    private Pushing? _pushing;

    /// <summary>Makes the instruments.</summary>
    /// <param name="options">The host's options.</param>
    /// <param name="node">The node.</param>
    /// <param name="cluster">The cluster as the host sees it.</param>
    /// <param name="load">What clients have under way at the API.</param>
    public HostTelemetry(HostOptions options, NodeHost node, ClusterNodes cluster, ApiLoad load)
    {
        _options = options;
        _readings = new HostReadings(node, cluster.Store is null ? null : Path.Combine(options.StateDirectory, "store"), TimeProvider.System);
        Requests = new RequestMeter(cluster.Api.Kinds);
        _meter = new HostMeter(node, cluster, load, ApiPort, KubeletPort, _readings);
        _scraping = new Lazy<Scraping>(() => new Scraping(Metrics(prometheus => prometheus.AddPrometheusExporter(static how => how.ScrapeResponseCacheDurationMilliseconds = 0))));
    }

    /// <summary>Counts who is turned away at the API port.</summary>
    public PortCounters ApiPort { get; } = new();

    /// <summary>Counts who is turned away at the kubelet port.</summary>
    public PortCounters KubeletPort { get; } = new();

    /// <summary>Measures the requests to the API port.</summary>
    public RequestMeter Requests { get; }

    /// <summary>Answers with all counters in Prometheus' text format.</summary>
    /// <param name="context">The request.</param>
    public async Task ScrapeAsync(HttpContext context)
    {
        await _readings.RefreshAsync(context.RequestAborted).ConfigureAwait(false);
        await _scraping.Value.Answer(context).ConfigureAwait(false);
    }

    /// <summary>Begins to send over OTLP, if the options or OpenTelemetry's environment variables name an endpoint; a while later durations are noted for /metrics.</summary>
    /// <param name="stop">Cancelled when the host ends.</param>
    public void Start(CancellationToken stop)
    {
        _ = Task.Delay(NotBefore, stop).ContinueWith(_ => _scraping.Value, CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        if (OtlpEndpoint.Of(_options.Otlp) is { } endpoint)
            _pushing = new Pushing(endpoint, this);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_pushing is { } pushing)
            await pushing.DisposeAsync().ConfigureAwait(false);
        if (_scraping.IsValueCreated)
            await _scraping.Value.DisposeAsync().ConfigureAwait(false);
        _meter.Dispose();
        _log.Dispose();
        Requests.Dispose();
        _readings.Dispose();
    }

    private MeterProvider Metrics(Action<MeterProviderBuilder> export)
    {
        MeterProviderBuilder builder = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(Resource()).AddMeter(Meters);
        export(builder);
        return builder.Build();
    }

    private ResourceBuilder Resource() => ResourceBuilder.CreateDefault()
        .AddService("actornet", serviceVersion: HostVersion.Text, serviceInstanceId: _options.Name)
        .AddAttributes([new("host.name", Environment.MachineName), new("k8s.node.name", _options.Name)])
        .AddEnvironmentVariableDetector();

    /// <summary>Answers scrapes.</summary>
    private sealed class Scraping : IAsyncDisposable
    {
        private readonly ServiceProvider _services = new ServiceCollection().AddLogging().BuildServiceProvider();
        private readonly MeterProvider _metrics;

        public Scraping(MeterProvider metrics)
        {
            _metrics = metrics;
            // The exporter is a middleware; it needs no more of an application.
            var application = new ApplicationBuilder(_services);
            application.UseOpenTelemetryPrometheusScrapingEndpoint(metrics, static _ => true, null, null, null);
            Answer = application.Build();
        }

        public RequestDelegate Answer { get; }

        public async ValueTask DisposeAsync()
        {
            _metrics.Dispose();
            await _services.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Sends spans as they end, and counters every period.</summary>
    private sealed class Pushing : IAsyncDisposable
    {
        private readonly HostTelemetry _telemetry;
        private readonly MeterProvider _metrics;
        private readonly TracerProvider _traces;
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public Pushing(OtlpEndpoint endpoint, HostTelemetry telemetry)
        {
            _telemetry = telemetry;
            // The period is kept here: before each collection the actors are asked.
            _metrics = telemetry.Metrics(builder => builder.AddOtlpExporter((how, reader) =>
            {
                endpoint.Apply(how, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = Timeout.Infinite;
            }));
            _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(telemetry.Resource()).AddSource(Spans).AddOtlpExporter(how => endpoint.Apply(how, "v1/traces")).Build();
            _running = RunAsync(endpoint.Period);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            // Both send what they still have, for a few seconds at most.
            await Task.Run(() =>
            {
                _metrics.Shutdown(OtlpEndpoint.ShutdownMilliseconds);
                _traces.Shutdown(OtlpEndpoint.ShutdownMilliseconds);
                _metrics.Dispose();
                _traces.Dispose();
            }).ConfigureAwait(false);
            _stop.Dispose();
        }

        private async Task RunAsync(TimeSpan period)
        {
            using var timer = new PeriodicTimer(period);
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                try
                {
                    await _telemetry._readings.RefreshAsync(_stop.Token).ConfigureAwait(false);
                }
                catch (AskTimeoutException)
                {
                    // A busy host sends what was read before.
                }

                // It blocks while it sends: a thread of the pool is lent to it.
                await Task.Run(() => _metrics.ForceFlush(OtlpEndpoint.ShutdownMilliseconds)).ConfigureAwait(false);
            }
        }
    }
}
