using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Akka.Actor;

namespace ActorNet.Cluster;

/// <summary>Where a host's control system is reached: the host part it advertises and its TCP port.</summary>
/// <param name="Host">An IPv4 address or a DNS name, exactly as the host advertises it (Akka compares the text).</param>
/// <param name="Port">TCP port, 1 to 65535.</param>
public readonly record struct ControlEndpoint(string Host, int Port)
{
    /// <summary>Parses host:port.</summary>
    /// <param name="text">The text, as 127.0.10.1:7946.</param>
    /// <param name="endpoint">The endpoint when the text is one.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out ControlEndpoint endpoint)
    {
        endpoint = default;
        int colon = text?.LastIndexOf(':') ?? -1;
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is < 1 or > 65535)
            return false;
        endpoint = new ControlEndpoint(text![..colon], port);
        return true;
    }

    /// <summary>Parses host:port.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">The text is not host:port.</exception>
    public static ControlEndpoint Parse(string text) =>
        TryParse(text, out ControlEndpoint endpoint) ? endpoint : throw new FormatException($"'{text}' is not a control endpoint: host:port was expected, as 127.0.10.1:7946.");

    /// <summary>host:port.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    internal static ControlEndpoint Of(Address address) => new(address.Host ?? "", address.Port ?? 0);
}
