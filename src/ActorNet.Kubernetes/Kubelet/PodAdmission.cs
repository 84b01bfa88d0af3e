using System.Globalization;
using ActorNet.Kubernetes.Kubelet.Status;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet;

/// <summary>Whether a node takes a pod (kubernetes pkg/kubelet/lifecycle/predicate.go; texts of InsufficientResourceError and PredicateFailureError).</summary>
public static class PodAdmission
{
    /// <summary>Checks a pod against those that the node has taken.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="others">The pods that the node has and that are not over.</param>
    /// <param name="settings">What the node offers.</param>
    /// <returns>Why it is not taken, or null.</returns>
    public static PodFailure? Check(V1Pod pod, IReadOnlyCollection<V1Pod> others, KubeletSettings settings)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(others);
        ArgumentNullException.ThrowIfNull(settings);
        if (others.Count + 1 > settings.MaxPods)
            return Insufficient("pods", 1, others.Count, settings.MaxPods);
        return CheckResource("cpu", settings.Cpus * 1000L, 1000) ?? CheckResource("memory", settings.MemoryBytes, 1)
            ?? CheckResource("ephemeral-storage", settings.StorageBytes, 1) ?? CheckPorts(pod, others);

        PodFailure? CheckResource(string name, long capacity, int scale)
        {
            long wanted = Request(pod.Spec, name, scale);
            long used = others.Sum(o => Request(o.Spec, name, scale));
            return wanted > 0 && wanted > capacity - used ? Insufficient(name, wanted, used, capacity) : null;
        }
    }

    /// <summary>
    /// What a pod asks for of a resource: all containers and sidecars together, or where it is more, the most that an init container needs beside the
    /// sidecars before it (kubernetes pkg/api/v1/resource, PodRequests).
    /// </summary>
    /// <param name="spec">The pod's spec.</param>
    /// <param name="name">Resource.</param>
    /// <param name="scale">Units of one; 1000 for cpu in thousandths.</param>
    public static long Request(V1PodSpec spec, string name, int scale)
    {
        ArgumentNullException.ThrowIfNull(spec);
        long sidecars = 0;
        long most = 0;
        foreach (V1Container init in spec.InitContainers ?? [])
        {
            if (RestartRules.IsSidecar(init))
                sidecars += Of(init);
            else
                most = Math.Max(most, sidecars + Of(init));
        }

        return Math.Max(most, sidecars + spec.Containers.Sum(Of));

        // A limit without a request is the request.
        long Of(V1Container container) =>
            (long)Math.Ceiling((Quantity(container.Resources?.Requests) ?? Quantity(container.Resources?.Limits) ?? 0) * scale);

        decimal? Quantity(IDictionary<string, ResourceQuantity>? list) => list is not null && list.TryGetValue(name, out ResourceQuantity? quantity) ? quantity.ToDecimal() : null;
    }

    private static PodFailure Insufficient(string resource, long requested, long used, long capacity) => new(
        "OutOf" + resource,
        string.Create(CultureInfo.InvariantCulture, $"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"));

    private static PodFailure? CheckPorts(V1Pod pod, IReadOnlyCollection<V1Pod> others)
    {
        V1ContainerPort[] taken = [.. others.SelectMany(HostPorts)];
        return HostPorts(pod).Any(p => taken.Any(t => Clash(p, t))) ? new PodFailure("NodePorts", "Predicate NodePorts failed") : null;
    }

    private static IEnumerable<V1ContainerPort> HostPorts(V1Pod pod) =>
        pod.Spec.Containers.Concat((pod.Spec.InitContainers ?? []).Where(RestartRules.IsSidecar)).SelectMany(static c => c.Ports ?? []).Where(static p => p.HostPort is > 0);

    private static bool Clash(V1ContainerPort one, V1ContainerPort other) =>
        one.HostPort == other.HostPort && (one.Protocol ?? "TCP") == (other.Protocol ?? "TCP") && (Address(one) == Address(other) || Address(one) == "0.0.0.0" || Address(other) == "0.0.0.0");

    private static string Address(V1ContainerPort port) => string.IsNullOrEmpty(port.HostIP) ? "0.0.0.0" : port.HostIP;
}
