using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Lifecycle;

/// <summary>
/// Keeps the rules of ClusterRoles that are the sum of others (kubernetes pkg/controller/clusterroleaggregation): the rules of all that a selector of the
/// aggregationRule chooses, by name, each once.
/// </summary>
/// <param name="caches">What it sees.</param>
internal sealed class ClusterRoleAggregationController(ClusterCaches caches) : Controller
{
    /// <inheritdoc/>
    public override string Name => "clusterrole-aggregation-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue) => caches.ClusterRoles.Changed += _ =>
    {
        foreach (V1ClusterRole sum in caches.ClusterRoles.Snapshot.All.Where(static role => role.AggregationRule is not null))
            queue.Add(sum.Metadata.Name);
    };

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        if (caches.ClusterRoles.Snapshot.Find("", key) is not { AggregationRule: { } aggregation } sum)
            return Step.Nothing;
        var rules = new List<V1PolicyRule>();
        foreach (V1LabelSelector selector in aggregation.ClusterRoleSelectors ?? [])
        {
            var chosen = Labels.SelectorOf(selector);
            foreach (V1ClusterRole role in caches.ClusterRoles.Snapshot.All.Where(role => role.Metadata.Name != key && Labels.Meet(chosen, role.Metadata.Labels)).OrderBy(static role => role.Metadata.Name, StringComparer.Ordinal))
                rules.AddRange((role.Rules ?? []).Where(rule => !rules.Any(known => ModelCopy.Same(known, rule))));
        }

        if (ModelCopy.Same(sum.Rules ?? [], rules))
            return Step.Nothing;
        V1ClusterRole updated = ModelCopy.Of(sum);
        updated.Rules = rules;
        return new Step([new UpdateWrite<V1ClusterRole>(updated) { Tolerates = [404] }]);
    }
}
