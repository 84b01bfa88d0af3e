using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Network;

/// <summary>How many addresses an Endpoints object carries at most (kubernetes pkg/controller/endpoint/endpoints_controller.go truncateEndpoints).</summary>
internal static class EndpointCapacity
{
    /// <summary>The most addresses; beyond, it says so in an annotation. EndpointSlices carry all.</summary>
    public const int Max = 1000;

    /// <summary>
    /// Cuts to what fits: those that are not ready first, and each subset by its share, rounded up, so that the last may have less.
    /// </summary>
    /// <param name="subsets">The subsets, changed.</param>
    /// <returns>Whether anything was cut.</returns>
    public static bool Cut(IReadOnlyList<V1EndpointSubset> subsets)
    {
        int ready = subsets.Sum(static s => s.Addresses?.Count ?? 0);
        int others = subsets.Sum(static s => s.NotReadyAddresses?.Count ?? 0);
        if (ready + others <= Max)
            return false;
        bool cutsReady = ready > Max;
        int room = cutsReady ? Max : Max - ready;
        double share = (double)room / (cutsReady ? ready : others);
        foreach (V1EndpointSubset subset in subsets)
        {
            IList<V1EndpointAddress>? addresses = cutsReady ? subset.Addresses : subset.NotReadyAddresses;
            int count = addresses?.Count ?? 0;
            int kept = Math.Min(Math.Min((int)Math.Ceiling(count * share), room), count);
            room -= kept;
            IList<V1EndpointAddress>? left = kept == 0 ? null : [.. addresses!.Take(kept)];
            if (cutsReady)
                (subset.Addresses, subset.NotReadyAddresses) = (left, null);
            else
                subset.NotReadyAddresses = left;
        }

        return true;
    }
}
