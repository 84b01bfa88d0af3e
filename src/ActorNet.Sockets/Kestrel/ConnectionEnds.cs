using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace ActorNet.Sockets.Kestrel;

/// <summary>
/// Tells each listener why Kestrel ended its connections. Only Kestrel's metric of a connection's duration says so: each connection carries a tag
/// that leads back to it.
/// </summary>
internal sealed class ConnectionEnds : IDisposable
{
    private const string Meter = "Microsoft.AspNetCore.Server.Kestrel";
    private const string Instrument = "kestrel.connection.duration";
    private const string ConnectionTag = "actornet.connection";
    private const string ErrorTag = "error.type";

    private readonly MeterListener _listener = new();

    /// <summary>Begins to listen; connections made before are not seen.</summary>
    public ConnectionEnds()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == Meter && instrument.Name == Instrument)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>(static (_, _, tags, _) => Count(tags));
        _listener.Start();
    }

    /// <summary>Puts the tag on a connection; part of Kestrel's connection pipeline.</summary>
    public static ConnectionDelegate Mark(ConnectionDelegate next) => connection =>
    {
        connection.Features.Get<IConnectionMetricsTagsFeature>()?.Tags.Add(KeyValuePair.Create<string, object?>(ConnectionTag, connection.Features.Get<IPodConnectionFeature>()));
        return next(connection);
    };

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static void Count(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        PodConnection? connection = null;
        string? error = null;
        foreach ((string name, object? value) in tags)
        {
            if (name == ConnectionTag)
                connection = value as PodConnection;
            else if (name == ErrorTag)
                error = value as string;
        }

        if (connection is not null && error is not null)
            connection.Listener.CountCut(error);
    }
}
