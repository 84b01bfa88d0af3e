using System.Globalization;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>A ReplicaSet of a Deployment while a step thinks about it: a copy, and whether it has to be written.</summary>
/// <param name="set">The copy.</param>
/// <param name="isNew">True when it does not exist yet.</param>
internal sealed class RolledSet(V1ReplicaSet set, bool isNew)
{
    public V1ReplicaSet Model { get; } = set;

    public bool IsNew { get; } = isNew;

    public bool IsChanged { get; set; }

    public string Name => Model.Metadata.Name;

    /// <summary>How many pods it asks for.</summary>
    public int Replicas => Model.Spec.Replicas ?? 1;

    /// <summary>How many it has.</summary>
    public int Actual => Model.Status?.Replicas ?? 0;

    /// <summary>True when its controller has seen what it asks for now, so that its status speaks of that.</summary>
    public bool IsObserved => (Model.Status?.ObservedGeneration ?? 0) >= (Model.Metadata.Generation ?? 0);

    /// <summary>How many of those that it asks for are available; what it says of more is of a moment before it was made smaller.</summary>
    public int Available => Math.Min(Model.Status?.AvailableReplicas ?? 0, Replicas);
}

/// <summary>The ReplicaSets of a Deployment: which is the newest, their revisions and annotations (kubernetes pkg/controller/deployment/util/deployment_util.go).</summary>
internal static class DeploymentSets
{
    public const string Revision = "deployment.kubernetes.io/revision", RevisionHistory = "deployment.kubernetes.io/revision-history";

    public const string Desired = "deployment.kubernetes.io/desired-replicas", Most = "deployment.kubernetes.io/max-replicas";

    public const string HashLabel = "pod-template-hash";

    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration", DeprecatedRollback = "deprecated.deployment.rollback.to";

    // The limit of the annotation with former revisions, in characters.
    private const int MaxHistoryLength = 2000;

    /// <summary>True when two templates are the same, the hash aside (EqualIgnoreHash).</summary>
    public static bool SameTemplate(V1PodTemplateSpec one, V1PodTemplateSpec other) => ModelCopy.Same(WithoutHash(one), WithoutHash(other));

    /// <summary>The oldest ReplicaSet that has the Deployment's template (FindNewReplicaSet), or null.</summary>
    public static RolledSet? Newest(V1Deployment deployment, IEnumerable<RolledSet> sets) =>
        ByAge(sets).FirstOrDefault(each => SameTemplate(each.Model.Spec.Template, deployment.Spec.Template));

    /// <summary>The oldest first.</summary>
    public static IEnumerable<RolledSet> ByAge(IEnumerable<RolledSet> sets) =>
        sets.OrderBy(each => each.Model.Metadata.CreationTimestamp ?? DateTime.MaxValue).ThenBy(each => each.Name, StringComparer.Ordinal);

    /// <summary>The revision of a ReplicaSet; 0: none.</summary>
    public static long RevisionOf(V1ReplicaSet set) => Number(set, Revision) ?? 0;

    /// <summary>A number in an annotation, or null.</summary>
    public static long? Number(V1ReplicaSet set, string annotation) =>
        set.Metadata.Annotations is { } all && all.TryGetValue(annotation, out string? text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    /// <summary>Writes how many pods the Deployment asks for, and how many there may be.</summary>
    /// <returns>True when that was not there.</returns>
    public static bool SetReplicas(V1ReplicaSet set, V1Deployment deployment)
    {
        int desired = deployment.Replicas(), most = desired + RollingBounds.MaxSurge(deployment);
        if (Number(set, Desired) == desired && Number(set, Most) == most)
            return false;
        set.Metadata.Annotations ??= new Dictionary<string, string>();
        set.Metadata.Annotations[Desired] = desired.ToString(CultureInfo.InvariantCulture);
        set.Metadata.Annotations[Most] = most.ToString(CultureInfo.InvariantCulture);
        return true;
    }

    /// <summary>Gives the newest ReplicaSet its revision and the Deployment's annotations (SetNewReplicaSetAnnotations).</summary>
    /// <returns>True when something changed.</returns>
    public static bool Annotate(V1Deployment deployment, RolledSet set, long revision)
    {
        V1ReplicaSet model = set.Model;
        bool isChanged = CopyAnnotations(deployment, model);
        model.Metadata.Annotations ??= new Dictionary<string, string>();
        long before = RevisionOf(model);
        if (before < revision)
        {
            model.Metadata.Annotations[Revision] = revision.ToString(CultureInfo.InvariantCulture);
            isChanged = true;
            // What was rolled back to keeps the numbers under which it was known.
            if (!set.IsNew && before > 0)
                Remember(model, before);
        }

        if (set.IsNew)
            isChanged |= SetReplicas(model, deployment);
        return isChanged;
    }

    /// <summary>A ReplicaSet for the Deployment's template.</summary>
    public static V1ReplicaSet Make(V1Deployment deployment, V1OwnerReference owner)
    {
        string hash = TemplateHash.Of(deployment.Spec.Template, deployment.Status?.CollisionCount);
        V1PodTemplateSpec template = ModelCopy.Of(deployment.Spec.Template);
        template.Metadata ??= new V1ObjectMeta();
        template.Metadata.Labels = new Dictionary<string, string>(template.Metadata.Labels ?? new Dictionary<string, string>()) { [HashLabel] = hash };
        V1LabelSelector selector = ModelCopy.Of(deployment.Spec.Selector);
        selector.MatchLabels = new Dictionary<string, string>(selector.MatchLabels ?? new Dictionary<string, string>()) { [HashLabel] = hash };
        return new V1ReplicaSet
        {
            Metadata = new V1ObjectMeta
            {
                Name = $"{deployment.Metadata.Name}-{hash}",
                NamespaceProperty = deployment.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string>(template.Metadata.Labels),
                OwnerReferences = [owner],
            },
            Spec = new V1ReplicaSetSpec { Replicas = 0, MinReadySeconds = deployment.Spec.MinReadySeconds, Selector = selector, Template = template },
        };
    }

    private static V1PodTemplateSpec WithoutHash(V1PodTemplateSpec template)
    {
        if (template.Metadata?.Labels?.ContainsKey(HashLabel) != true)
            return template;
        V1PodTemplateSpec copy = ModelCopy.Of(template);
        copy.Metadata.Labels.Remove(HashLabel);
        return copy;
    }

    private static bool CopyAnnotations(V1Deployment deployment, V1ReplicaSet set)
    {
        bool isChanged = false;
        foreach ((string name, string value) in deployment.Metadata.Annotations ?? new Dictionary<string, string>())
        {
            if (name is LastApplied or Revision or RevisionHistory or Desired or Most or DeprecatedRollback)
                continue;
            set.Metadata.Annotations ??= new Dictionary<string, string>();
            if (set.Metadata.Annotations.TryGetValue(name, out string? before) && before == value)
                continue;
            set.Metadata.Annotations[name] = value;
            isChanged = true;
        }

        return isChanged;
    }

    private static void Remember(V1ReplicaSet set, long revision)
    {
        string text = revision.ToString(CultureInfo.InvariantCulture);
        string before = set.Metadata.Annotations.TryGetValue(RevisionHistory, out string? found) ? found : "";
        List<string> all = [.. before.Split(',', StringSplitOptions.RemoveEmptyEntries), text];
        while (string.Join(',', all).Length > MaxHistoryLength)
            all.RemoveAt(0);
        set.Metadata.Annotations[RevisionHistory] = string.Join(',', all);
    }
}
