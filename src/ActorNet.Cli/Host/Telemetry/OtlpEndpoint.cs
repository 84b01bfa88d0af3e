using System.Globalization;
using OpenTelemetry.Exporter;

namespace ActorNet.Cli.Host.Telemetry;

/// <summary>Where OTLP goes: from --otlp, else from OpenTelemetry's own environment variables (its specification of the protocol's exporter).</summary>
/// <param name="Base">The base address of --otlp; null: the exporter reads its variables itself.</param>
/// <param name="Period">How often counters are sent.</param>
internal sealed record OtlpEndpoint(Uri? Base, TimeSpan Period)
{
    /// <summary>How long the last sending may take.</summary>
    public const int ShutdownMilliseconds = 3000;

    private static readonly string[] Endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

    // OTEL_METRIC_EXPORT_INTERVAL's default is a minute.
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromSeconds(60);

    /// <summary>The endpoint; null when nobody named one.</summary>
    /// <param name="option">What --otlp says.</param>
    public static OtlpEndpoint? Of(Uri? option)
    {
        if (option is null && Endpoints.All(static name => Variable(name) is null))
            return null;
        return new OtlpEndpoint(option, int.TryParse(Variable("OTEL_METRIC_EXPORT_INTERVAL"), NumberStyles.None, CultureInfo.InvariantCulture, out int milliseconds) && milliseconds > 0
            ? TimeSpan.FromMilliseconds(milliseconds)
            : DefaultPeriod);
    }

    /// <summary>Tells an exporter.</summary>
    /// <param name="how">Its options, with what the variables say in them.</param>
    /// <param name="path">The path of its signal below the base address, for OTLP over HTTP.</param>
    public void Apply(OtlpExporterOptions how, string path)
    {
        if (Base is null)
            return;
        // The specification's default; the library's is gRPC.
        if (Variable("OTEL_EXPORTER_OTLP_PROTOCOL") is null)
            how.Protocol = OtlpExportProtocol.HttpProtobuf;
        how.Endpoint = how.Protocol == OtlpExportProtocol.HttpProtobuf ? new Uri(Base.AbsoluteUri.TrimEnd('/') + "/" + path) : Base;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
