namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>An endpoint of a service's port, as EndpointSlices tell of it.</summary>
/// <param name="Address">IPv4 address.</param>
/// <param name="Port">Target port.</param>
/// <param name="IsLocal">Whether it runs on this node.</param>
/// <param name="IsReady">conditions.ready.</param>
/// <param name="IsServing">conditions.serving.</param>
/// <param name="IsTerminating">conditions.terminating.</param>
internal sealed record ProxyEndpoint(string Address, int Port, bool IsLocal, bool IsReady, bool IsServing, bool IsTerminating)
{
    /// <summary>Zones that it is meant for (hints.forZones); empty for all.</summary>
    internal IReadOnlyList<string> ZoneHints { get; init; } = [];

    /// <summary>address:port.</summary>
    internal string Text { get; } = $"{Address}:{Port}";

    /// <summary>The name of its chain, once it has one: <see cref="NameChain"/>.</summary>
    internal string Chain { get; private set; } = "";

    /// <summary>Gives its chain the name that it has for a port.</summary>
    internal void NameChain(ProxyServicePort port) => Chain = ChainNames.OfEndpoint(port.Name, port.Protocol, Text);
}
