using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Scheduling;

/// <summary>What a pod asks of a node (k8s.io/component-helpers resource/helpers.go, PodRequests).</summary>
internal static class PodRequests
{
    /// <summary>
    /// The resources by name, in base units: the sum of the containers, or where it is more what init containers need while they run;
    /// sidecars (init containers that always restart) count to both.
    /// </summary>
    public static Dictionary<string, decimal> Of(V1PodSpec pod)
    {
        var total = new Dictionary<string, decimal>(StringComparer.Ordinal);
        foreach (V1Container container in pod.Containers)
            Add(total, container);
        var sidecars = new Dictionary<string, decimal>(StringComparer.Ordinal);
        var peak = new Dictionary<string, decimal>(StringComparer.Ordinal);
        foreach (V1Container container in pod.InitContainers ?? [])
        {
            if (container.RestartPolicy == "Always")
            {
                Add(total, container);
                Add(sidecars, container);
                Max(peak, sidecars);
                continue;
            }

            var running = new Dictionary<string, decimal>(sidecars, StringComparer.Ordinal);
            Add(running, container);
            Max(peak, running);
        }

        Max(total, peak);
        foreach ((string name, ResourceQuantity amount) in pod.Overhead ?? new Dictionary<string, ResourceQuantity>())
            total[name] = total.GetValueOrDefault(name) + amount.ToDecimal();
        return total;
    }

    private static void Add(Dictionary<string, decimal> sum, V1Container container)
    {
        foreach ((string name, ResourceQuantity amount) in container.Resources?.Requests ?? new Dictionary<string, ResourceQuantity>())
            sum[name] = sum.GetValueOrDefault(name) + amount.ToDecimal();
    }

    private static void Max(Dictionary<string, decimal> into, Dictionary<string, decimal> other)
    {
        foreach ((string name, decimal amount) in other)
            into[name] = Math.Max(into.GetValueOrDefault(name), amount);
    }
}
