using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Environment;

/// <summary>The variables that tell a container its Services (kubernetes pkg/kubelet/envvars/envvars.go; which Services: kubelet_pods.go, getServiceEnvVarMap).</summary>
public static class ServiceVariables
{
    private const string MasterService = "kubernetes";
    private const string MasterNamespace = "default";

    /// <summary>The variables.</summary>
    /// <param name="services">Services of the pod's namespace and of the namespace default.</param>
    /// <param name="ns">The pod's namespace.</param>
    /// <param name="links">enableServiceLinks: all Services of the namespace, not only the API's.</param>
    public static Dictionary<string, string> Of(IEnumerable<V1Service> services, string ns, bool links)
    {
        ArgumentNullException.ThrowIfNull(services);
        var chosen = new SortedDictionary<string, V1Service>(StringComparer.Ordinal);
        foreach (V1Service service in services.Where(HasClusterIp))
        {
            string name = service.Metadata.Name;
            bool isMaster = service.Metadata.NamespaceProperty == MasterNamespace && name == MasterService;
            bool isOwn = service.Metadata.NamespaceProperty == ns;
            // A Service of the own namespace stands before the master's of the same name.
            if ((isOwn && (links || isMaster)) || (isMaster && !chosen.ContainsKey(name)))
                chosen[name] = service;
        }

        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (V1Service service in chosen.Values.Where(static s => s.Spec.Ports is { Count: > 0 }))
            Add(service, variables);
        return variables;
    }

    private static bool HasClusterIp(V1Service service) => service.Spec?.ClusterIP is { Length: > 0 } ip && ip != "None";

    private static void Add(V1Service service, Dictionary<string, string> variables)
    {
        string name = Name(service.Metadata.Name);
        string ip = service.Spec.ClusterIP;
        V1ServicePort first = service.Spec.Ports[0];
        variables[$"{name}_SERVICE_HOST"] = ip;
        variables[$"{name}_SERVICE_PORT"] = $"{first.Port}";
        foreach (V1ServicePort port in service.Spec.Ports.Where(static p => !string.IsNullOrEmpty(p.Name)))
            variables[$"{name}_SERVICE_PORT_{Name(port.Name)}"] = $"{port.Port}";
        variables[$"{name}_PORT"] = Url(first, ip);
        foreach (V1ServicePort port in service.Spec.Ports)
        {
            string protocol = Protocol(port);
            string prefix = $"{name}_PORT_{port.Port}_{protocol.ToUpperInvariant()}";
            variables[prefix] = Url(port, ip);
            variables[prefix + "_PROTO"] = protocol;
            variables[prefix + "_PORT"] = $"{port.Port}";
            variables[prefix + "_ADDR"] = ip;
        }
    }

    private static string Url(V1ServicePort port, string ip) => $"{Protocol(port)}://{ip}:{port.Port}";

    private static string Protocol(V1ServicePort port) => (port.Protocol ?? "TCP").ToLowerInvariant();

    private static string Name(string text) => text.Replace('-', '_').ToUpperInvariant();
}
