namespace ActorNet.Kubernetes.KubeProxy;

/// <summary>The rules of one Service: lines of the chains that all Services share, and which chains are its own.</summary>
internal sealed class ServicePart
{
    /// <summary>Lines of table filter, all of them in shared chains.</summary>
    internal string Filter { get; private init; } = "";

    /// <summary>Lines of nat's shared chains: KUBE-SERVICES and KUBE-NODEPORTS.</summary>
    internal string Captures { get; private init; } = "";

    /// <summary>Its own chains.</summary>
    internal IReadOnlyList<string> Chains { get; private init; } = [];

    /// <summary>Its ports.</summary>
    internal IReadOnlyList<ProxyServicePort> Ports { get; private init; } = [];

    /// <summary>Endpoints of all its ports.</summary>
    internal int EndpointCount { get; private init; }

    /// <summary>Compiles a Service's ports.</summary>
    /// <param name="ports">The ports.</param>
    /// <param name="options">The node's settings.</param>
    /// <param name="comments">Whether endpoint rules have comments.</param>
    /// <param name="sheets">Where they are written.</param>
    internal static WrittenPart Write(IReadOnlyList<ProxyServicePort> ports, ProxyOptions options, bool comments, RuleSheets sheets)
    {
        sheets.Clear();
        var chains = new List<string>();
        var rules = new PortRules(options, sheets);
        int endpoints = 0;
        foreach (ProxyServicePort port in ports)
        {
            rules.Write(port.WithHash(), EndpointChoice.Of(port, options.Zone), comments, chains);
            endpoints += port.Endpoints.Count;
        }

        var part = new ServicePart { Filter = sheets.Filter.ToString(), Captures = sheets.Captures.ToString(), Chains = chains, Ports = ports, EndpointCount = endpoints };
        return new WrittenPart(part, sheets.Own.ToString());
    }
}

/// <summary>A part and what is said once about it.</summary>
/// <param name="Part">The part.</param>
/// <param name="Own">Lines of its own chains.</param>
internal readonly record struct WrittenPart(ServicePart Part, string Own);
