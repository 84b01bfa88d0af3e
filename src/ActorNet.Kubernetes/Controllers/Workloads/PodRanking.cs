using System.Globalization;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>Which pods go first when there are too many (kubernetes pkg/controller/controller_utils.go, ActivePodsWithRanks).</summary>
internal sealed class PodRanking : IComparer<V1Pod>
{
    private const string DeletionCost = "controller.kubernetes.io/pod-deletion-cost";

    private readonly Dictionary<string, int> _onNode;
    private readonly DateTime _now;

    /// <summary>Prepares to compare.</summary>
    /// <param name="related">The pods beside which spreading is judged: a pod's rank is how many of them run on its node.</param>
    /// <param name="now">The time.</param>
    public PodRanking(IEnumerable<V1Pod> related, DateTimeOffset now)
    {
        _now = now.UtcDateTime;
        _onNode = related.Where(pod => pod.IsActive()).GroupBy(pod => pod.Spec.NodeName ?? "").ToDictionary(group => group.Key, group => group.Count());
    }

    /// <inheritdoc/>
    public int Compare(V1Pod? x, V1Pod? y)
    {
        if (x is null || y is null)
            return 0;
        int order = IsBound(x).CompareTo(IsBound(y));
        if (order == 0)
            order = PhaseRank(x).CompareTo(PhaseRank(y));
        if (order == 0)
            order = x.IsReady().CompareTo(y.IsReady());
        if (order == 0)
            order = Cost(x).CompareTo(Cost(y));
        if (order == 0)
            order = Rank(y).CompareTo(Rank(x));
        if (order == 0 && x.IsReady() && y.IsReady())
            order = Age(ReadySince(x)).CompareTo(Age(ReadySince(y)));
        if (order == 0)
            order = y.Restarts().CompareTo(x.Restarts());
        if (order == 0)
            order = Age(x.Metadata.CreationTimestamp).CompareTo(Age(y.Metadata.CreationTimestamp));
        return order != 0 ? order : string.CompareOrdinal(x.Metadata.Uid, y.Metadata.Uid);
    }

    private static bool IsBound(V1Pod pod) => !string.IsNullOrEmpty(pod.Spec.NodeName);

    private static int PhaseRank(V1Pod pod) => pod.Status?.Phase switch { "Running" => 2, "Unknown" => 1, _ => 0 };

    private static int Cost(V1Pod pod) =>
        pod.Metadata.Annotations is { } annotations && annotations.TryGetValue(DeletionCost, out string? text) && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int cost) ? cost : 0;

    private static DateTime? ReadySince(V1Pod pod) => pod.Condition("Ready")?.LastTransitionTime;

    private int Rank(V1Pod pod) => _onNode.GetValueOrDefault(pod.Spec.NodeName ?? "");

    // The younger goes first, by powers of two (feature LogarithmicScaleDown); without a time it is the youngest.
    private int Age(DateTime? since) => since is { } then && _now > then ? (int)Math.Log2((_now - then).Ticks) : -1;
}
