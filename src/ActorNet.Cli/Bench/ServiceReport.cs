using System.Text.Json.Serialization;

namespace ActorNet.Cli.Bench;

/// <summary>The loads of `bench dataplane` once more, to the ClusterIP of a Service whose endpoint is the pod of the other host: DNAT on the way, and back.</summary>
public sealed record ServiceReport
{
    /// <summary>64-byte UDP payloads of one flow, frames delivered in a second.</summary>
    [JsonPropertyName("udp64FramesPerSecond")]
    public required ComparedFigure Udp64FramesPerSecond { get; init; }

    /// <summary>UDP flows of one datagram each, datagrams delivered in a second: rules, translation and a new connection for each.</summary>
    [JsonPropertyName("udpNewFlowsPerSecond")]
    public required ComparedFigure UdpNewFlowsPerSecond { get; init; }

    /// <summary>One TCP flow, in 10^9 bits a second.</summary>
    [JsonPropertyName("tcpGigabitsPerSecond")]
    public required ComparedFigure TcpGigabitsPerSecond { get; init; }

    /// <summary>TCP connections opened and closed in a second.</summary>
    [JsonPropertyName("connectionsPerSecond")]
    public required ComparedFigure ConnectionsPerSecond { get; init; }

    /// <summary>HTTP requests in a second.</summary>
    [JsonPropertyName("httpRequestsPerSecond")]
    public required ComparedFigure HttpRequestsPerSecond { get; init; }
}

/// <summary>A figure through the Service, and the same load to the pod's own address just before it.</summary>
/// <param name="Through">To the ClusterIP.</param>
/// <param name="Without">To the pod.</param>
public sealed record ComparedFigure([property: JsonPropertyName("through")] double Through, [property: JsonPropertyName("without")] double Without)
{
    /// <summary>The first over the second.</summary>
    [JsonPropertyName("ratio")]
    public double Ratio => Math.Round(Through / Without, 3);
}
