using System.Text;

namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>The rules of one Service: lines of the chains that all Services share, and the chains that are its own.</summary>
internal sealed class ServicePart
{
    /// <summary>Lines of table filter, all of them in shared chains.</summary>
    internal string Filter { get; private init; } = "";

    /// <summary>Lines of nat's shared chains: KUBE-SERVICES and KUBE-NODEPORTS.</summary>
    internal string Captures { get; private init; } = "";

    /// <summary>Lines of its own chains.</summary>
    internal string Own { get; private init; } = "";

    /// <summary>Its own chains.</summary>
    internal IReadOnlyList<string> Chains { get; private init; } = [];

    /// <summary>Its ports.</summary>
    internal IReadOnlyList<ProxyServicePort> Ports { get; private init; } = [];

    /// <summary>Endpoints of all its ports.</summary>
    internal int EndpointCount => Ports.Sum(static p => p.Endpoints.Count);

    /// <summary>Compiles a Service's ports.</summary>
    /// <param name="ports">The ports.</param>
    /// <param name="options">The node's settings.</param>
    /// <param name="comments">Whether endpoint rules have comments.</param>
    internal static ServicePart Of(IReadOnlyList<ProxyServicePort> ports, ProxyOptions options, bool comments)
    {
        var filter = new StringBuilder();
        var captures = new StringBuilder();
        var own = new StringBuilder();
        var chains = new List<string>();
        foreach (ProxyServicePort port in ports.Select(static p => p.WithHash()))
            chains.AddRange(new PortRules(options, filter, captures, own).Write(port, EndpointChoice.Of(port, options.Node, options.Zone), comments));
        return new ServicePart { Filter = filter.ToString(), Captures = captures.ToString(), Own = own.ToString(), Chains = chains, Ports = ports };
    }
}
