using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Network;

/// <summary>A port of a Service as one pod serves it.</summary>
/// <param name="Name">The port's name; empty: none.</param>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="Number">The port in the pod.</param>
/// <param name="AppProtocol">What is spoken on it; null: not said.</param>
internal sealed record TargetPort(string Name, string Protocol, int Number, string? AppProtocol);

/// <summary>Which pods serve a Service, and where (kubernetes pkg/controller/endpoint/endpoints_controller.go, k8s.io/endpointslice/utils.go).</summary>
internal static class ServicePods
{
    /// <summary>The label that EndpointSlices carry for Services without an address (v1.IsHeadlessService).</summary>
    public const string Headless = "service.kubernetes.io/headless";

    /// <summary>True when nobody asks for an address.</summary>
    public static bool IsHeadless(V1Service service) => service.Spec.ClusterIP == "None";

    /// <summary>True when the selector says which pods serve; otherwise somebody else writes the endpoints.</summary>
    public static bool HasSelector(V1Service service) => service.Spec.Selector is not null && service.Spec.Type != "ExternalName";

    /// <summary>True when a pod is an endpoint at all (ShouldPodBeInEndpoints): it has an address and did not end; one that is going only where wanted.</summary>
    public static bool IsEndpoint(V1Pod pod, bool includeTerminating) =>
        !pod.IsTerminal() && pod.Status?.PodIP is { Length: > 0 } && (includeTerminating || !pod.IsTerminating());

    /// <summary>The ports of a Service in a pod; one whose name the pod does not know is left out (FindPort).</summary>
    public static IReadOnlyList<TargetPort> PortsOf(V1Service service, V1Pod pod)
    {
        var ports = new List<TargetPort>();
        foreach (V1ServicePort port in service.Spec.Ports ?? [])
        {
            if (NumberOf(port, pod) is { } number)
                ports.Add(new TargetPort(port.Name ?? "", port.Protocol ?? "TCP", number, port.AppProtocol));
        }

        return ports;
    }

    /// <summary>The hostname under which a headless Service's DNS knows a pod; null: none (ShouldSetHostname).</summary>
    public static string? HostnameOf(V1Service service, V1Pod pod) =>
        pod.Spec.Hostname is { Length: > 0 } hostname && pod.Spec.Subdomain == service.Metadata.Name ? hostname : null;

    private static int? NumberOf(V1ServicePort port, V1Pod pod)
    {
        string target = port.TargetPort?.Value ?? "";
        if (int.TryParse(target, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int number))
            return number;
        if (target.Length == 0)
            return port.Port;
        IEnumerable<V1Container> sidecars = (pod.Spec.InitContainers ?? []).Where(container => container.RestartPolicy == "Always");
        return pod.Spec.Containers.Concat(sidecars).SelectMany(container => container.Ports ?? [])
            .FirstOrDefault(each => each.Name == target && (each.Protocol ?? "TCP") == (port.Protocol ?? "TCP"))?.ContainerPort;
    }

    /// <summary>Adds the keys of Services when they or pods that they select change.</summary>
    public static void Watch(ClusterCaches caches, WorkQueue queue)
    {
        caches.Services.Changed += change => queue.Add(ObjectKey.Of(change.Latest));
        caches.Pods.Changed += change =>
        {
            foreach (V1Service service in caches.Services.Snapshot.InNamespace(change.Latest.Metadata.NamespaceProperty))
            {
                if ((change.Before is { } before && Labels.Select(service.Spec.Selector, before)) || (change.After is { } after && Labels.Select(service.Spec.Selector, after)))
                    queue.Add(ObjectKey.Of(service));
            }
        };
    }
}
