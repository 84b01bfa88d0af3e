namespace ActorNet.Sockets.Kestrel;

/// <summary>Bounds of the HTTP servers in pods. What a client takes its time for ends after these; the rates of bodies are Kestrel's own defaults.</summary>
public sealed record PodHttpLimits
{
    /// <summary>
    /// Connections of one listener that are served at once. Those beyond wait in the listener's backlog and, when that is full too, are not
    /// answered: a pod that is flooded takes nothing from the others.
    /// </summary>
    public int ConnectionsPerListener { get; init; } = 10_000;

    /// <summary>Time that a client has to send a request's head; then it is answered 408 and closed. Kestrel's default.</summary>
    public TimeSpan RequestHeadersTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time that a connection may be idle between requests. Kestrel's default.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(130);

    /// <summary>The least rate at which a client has to send a request's body and take an answer's, in bytes a second. Kestrel's default.</summary>
    public double BodyBytesPerSecond { get; init; } = 240;

    /// <summary>Time before that rate is looked at; more than a second. Kestrel's default.</summary>
    public TimeSpan BodyRateGrace { get; init; } = TimeSpan.FromSeconds(5);
}
