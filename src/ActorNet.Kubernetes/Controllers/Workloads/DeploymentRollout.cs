using System.Globalization;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>
/// One step of one Deployment, on copies: which ReplicaSets grow, shrink, come and go, and the status that results (kubernetes
/// pkg/controller/deployment: sync.go, rolling.go, recreate.go, progress.go).
/// </summary>
internal sealed class DeploymentRollout
{
    private readonly V1Deployment _deployment;
    private readonly KindDescriptor _kind;
    private readonly DateTimeOffset _now;
    private readonly List<RolledSet> _all;
    private readonly Dictionary<RolledSet, int> _sizesBefore;
    private RolledSet? _newest;
    private List<RolledSet> _old = [];

    public DeploymentRollout(V1Deployment deployment, KindDescriptor kind, IReadOnlyList<RolledSet> sets, DateTimeOffset now)
    {
        (_deployment, _kind, _now, _all) = (deployment, kind, now, [.. sets]);
        _sizesBefore = sets.ToDictionary(set => set, set => set.Replicas);
    }

    /// <summary>ReplicaSets to make or change.</summary>
    public IEnumerable<RolledSet> Written => _all.Where(set => set.IsNew || set.IsChanged);

    /// <summary>ReplicaSets beyond the history's limit.</summary>
    public List<RolledSet> Forgotten { get; } = [];

    /// <summary>True when the Deployment was scaled and its ReplicaSets do not know yet (isScalingEvent).</summary>
    public bool IsScaling => _all.Any(set => set.Replicas > 0 && DeploymentSets.Number(set.Model, DeploymentSets.Desired) is { } desired && desired != _deployment.Replicas());

    private int Wanted => _deployment.Replicas();

    /// <summary>The event for a ReplicaSet that changed its size; null: it did not.</summary>
    public EventWrite? ScaledEvent(RolledSet set)
    {
        int before = _sizesBefore.GetValueOrDefault(set), after = set.Replicas;
        if (before == after)
            return null;
        return EventWrite.Of(_deployment, _kind, "Normal", "ScalingReplicaSet", string.Create(CultureInfo.InvariantCulture, $"Scaled {(after > before ? "up" : "down")} replica set {set.Name} from {before} to {after}"));
    }

    /// <summary>Only the status (syncStatusOnly).</summary>
    public void Observe()
    {
        Sort(false);
        _deployment.Status = NewStatus();
    }

    /// <summary>A paused Deployment, or one that was scaled: the sizes only (sync).</summary>
    public void Scale()
    {
        DeploymentConditions.Pause(_deployment, _now);
        Sort(false);
        Resize();
        if (_deployment.Spec.Paused == true)
            CleanUp();
        _deployment.Status = NewStatus();
    }

    /// <summary>A rolling update (rolloutRolling).</summary>
    public void Roll()
    {
        DeploymentConditions.Pause(_deployment, _now);
        Sort(true);
        if (!Grow() && !Shrink() && DeploymentConditions.IsComplete(_deployment, _deployment.Status))
            CleanUp();
        Progress();
    }

    /// <summary>All old pods go before the first new one comes (rolloutRecreate).</summary>
    /// <param name="hasOldPods">Whether pods of others than the newest ReplicaSet are still there.</param>
    public void Recreate(Func<RolledSet?, IReadOnlyList<RolledSet>, bool> hasOldPods)
    {
        DeploymentConditions.Pause(_deployment, _now);
        Sort(false);
        bool shrank = false;
        foreach (RolledSet set in _old.Where(set => set.Replicas > 0))
            shrank |= SetSize(set, 0);
        if (!shrank && !hasOldPods(_newest, _old))
        {
            Sort(true);
            if (!SetSize(_newest!, Wanted) && DeploymentConditions.IsComplete(_deployment, _deployment.Status))
                CleanUp();
        }

        Progress();
    }

    // getAllReplicaSetsAndSyncRevision and getNewReplicaSet.
    private void Sort(bool makesNew)
    {
        _newest = DeploymentSets.Newest(_deployment, _all);
        _old = [.. _all.Where(set => set != _newest)];
        long revision = _old.Select(set => DeploymentSets.RevisionOf(set.Model)).DefaultIfEmpty(0).Max() + 1;
        if (_newest is { IsNew: false } found)
        {
            found.IsChanged |= DeploymentSets.Annotate(_deployment, found, revision);
            if ((found.Model.Spec.MinReadySeconds ?? 0) != (_deployment.Spec.MinReadySeconds ?? 0))
            {
                found.Model.Spec.MinReadySeconds = _deployment.Spec.MinReadySeconds;
                found.IsChanged = true;
            }

            SetRevision(DeploymentSets.RevisionOf(found.Model));
            if (DeploymentConditions.HasDeadline(_deployment) && DeploymentConditions.Find(_deployment.Status, DeploymentConditions.Progressing) is null)
                DeploymentConditions.Set(_deployment.Status, DeploymentConditions.Progressing, "True", "FoundNewReplicaSet", $"Found new replica set \"{found.Name}\"", _now);
        }
        else if (_newest is null && makesNew)
        {
            _newest = new RolledSet(DeploymentSets.Make(_deployment, OwnerRules.ReferenceTo(_deployment, _kind)), true);
            _all.Add(_newest);
            _newest.Model.Spec.Replicas = NewSize();
            DeploymentSets.Annotate(_deployment, _newest, revision);
            SetRevision(revision);
            if (DeploymentConditions.HasDeadline(_deployment))
                DeploymentConditions.Set(_deployment.Status, DeploymentConditions.Progressing, "True", "NewReplicaSetCreated", $"Created new replica set \"{_newest.Name}\"", _now);
        }
    }

    private void SetRevision(long revision)
    {
        _deployment.Metadata.Annotations ??= new Dictionary<string, string>();
        _deployment.Metadata.Annotations[DeploymentSets.Revision] = revision.ToString(CultureInfo.InvariantCulture);
    }

    // NewRSNewReplicas.
    private int NewSize()
    {
        if (!RollingBounds.IsRolling(_deployment))
            return Wanted;
        int now = _newest!.Replicas, room = Wanted + RollingBounds.MaxSurge(_deployment) - _all.Sum(set => set.Replicas);
        return room <= 0 ? now : now + Math.Min(room, Wanted - now);
    }

    // reconcileNewReplicaSet.
    private bool Grow()
    {
        if (_newest!.Replicas == Wanted || _newest.IsNew)
            return false;
        return SetSize(_newest, _newest.Replicas > Wanted ? Wanted : NewSize());
    }

    // reconcileOldReplicaSets.
    private bool Shrink()
    {
        // Upstream goes on with a status that may speak of another size; when a ReplicaSet shrank and grew again before its controller saw
        // either, pods would count as available that are about to go. We wait for that controller instead.
        if (_old.Sum(set => set.Replicas) == 0 || _all.Any(set => !set.IsObserved))
            return false;
        int least = Wanted - RollingBounds.MaxUnavailable(_deployment);
        int most = _all.Sum(set => set.Replicas) - least - (_newest!.Replicas - _newest.Available);
        if (most <= 0)
            return false;
        int gone = DropUnhealthy(most);
        return DropHealthy(least) || gone > 0;
    }

    // cleanupUnhealthyReplicas: what does not work anyway goes first.
    private int DropUnhealthy(int most)
    {
        int gone = 0;
        foreach (RolledSet set in DeploymentSets.ByAge(_old))
        {
            int drop = Math.Min(most - gone, set.Replicas - set.Available);
            if (drop <= 0)
                continue;
            gone += drop;
            SetSize(set, set.Replicas - drop);
        }

        return gone;
    }

    // scaleDownOldReplicaSetsForRollingUpdate.
    private bool DropHealthy(int least)
    {
        int spare = _all.Sum(set => set.Available) - least;
        bool isDone = false;
        foreach (RolledSet set in DeploymentSets.ByAge(_old))
        {
            int drop = Math.Min(set.Replicas, spare);
            if (drop <= 0)
                continue;
            spare -= drop;
            isDone |= SetSize(set, set.Replicas - drop);
        }

        return isDone;
    }

    // scale: one ReplicaSet takes it all, several share in proportion to their sizes.
    private void Resize()
    {
        RolledSet[] active = [.. _all.Where(set => set.Replicas > 0)];
        if (active.Length <= 1)
        {
            RolledSet? only = active.FirstOrDefault() ?? _newest ?? DeploymentSets.ByAge(_old).LastOrDefault();
            if (only is not null)
                SetSize(only, Wanted);
            return;
        }

        if (IsSaturated(_newest))
        {
            foreach (RolledSet set in _old.Where(set => set.Replicas > 0))
                SetSize(set, 0);
        }
        else if (RollingBounds.IsRolling(_deployment))
        {
            ResizeInProportion(active);
        }
    }

    private void ResizeInProportion(RolledSet[] active)
    {
        int allowed = Wanted > 0 ? Wanted + RollingBounds.MaxSurge(_deployment) : 0;
        int add = allowed - active.Sum(set => set.Replicas), added = 0;
        // When there is more to do than the proportions give, the largest and, of equals, the newest gets it, or the oldest loses it.
        IEnumerable<RolledSet> byAge = DeploymentSets.ByAge(active);
        RolledSet[] ordered = [.. (add > 0 ? byAge.Reverse() : byAge).OrderByDescending(set => set.Replicas)];
        var sizes = new int[ordered.Length];
        for (int i = 0; i < ordered.Length; i++)
        {
            int share = add == 0 ? 0 : Share(ordered[i], add, added);
            sizes[i] = ordered[i].Replicas + share;
            added += share;
        }

        if (add != 0)
            sizes[0] = Math.Max(0, sizes[0] + add - added);
        for (int i = 0; i < ordered.Length; i++)
            SetSize(ordered[i], sizes[i]);
    }

    // GetReplicaSetProportion and getReplicaSetFraction.
    private int Share(RolledSet set, int add, int added)
    {
        if (add == added)
            return 0;
        int fraction;
        if (Wanted == 0)
        {
            fraction = -set.Replicas;
        }
        else
        {
            long before = DeploymentSets.Number(set.Model, DeploymentSets.Most) is { } most and > 0 ? most : _deployment.Status.Replicas ?? 0;
            if (before == 0)
                return 0;
            double size = (double)set.Replicas * (Wanted + RollingBounds.MaxSurge(_deployment)) / before;
            fraction = (int)Math.Round(size, MidpointRounding.AwayFromZero) - set.Replicas;
        }

        return add > 0 ? Math.Min(fraction, add - added) : Math.Max(fraction, add - added);
    }

    private bool IsSaturated(RolledSet? set) =>
        set is not null && set.Replicas == Wanted && DeploymentSets.Number(set.Model, DeploymentSets.Desired) == Wanted && set.Available == Wanted;

    private bool SetSize(RolledSet set, int size)
    {
        bool isResized = set.Replicas != size;
        set.Model.Spec.Replicas = size;
        bool isAnnotated = DeploymentSets.SetReplicas(set.Model, _deployment);
        set.IsChanged |= isResized || isAnnotated;
        return isResized;
    }

    // cleanupDeployment: the oldest revisions beyond the limit, when nothing of them is left.
    private void CleanUp()
    {
        if (_deployment.Spec.RevisionHistoryLimit is not { } limit)
            return;
        RolledSet[] candidates = [.. _old.Where(set => set.Model.Metadata.DeletionTimestamp is null)];
        foreach (RolledSet set in candidates.OrderBy(set => DeploymentSets.RevisionOf(set.Model)).ThenBy(set => set.Model.Metadata.CreationTimestamp).Take(Math.Max(0, candidates.Length - limit)))
        {
            if (set.Actual == 0 && set.Replicas == 0 && set.Model.Metadata.Generation <= (set.Model.Status?.ObservedGeneration ?? 0))
                Forgotten.Add(set);
        }
    }

    // syncRolloutStatus.
    private void Progress()
    {
        V1DeploymentStatus status = NewStatus();
        DeploymentConditions.Progress(_deployment, status, _newest?.Name, _now);
        V1ReplicaSetCondition? failure = FailureOf(_newest) ?? _old.Select(FailureOf).FirstOrDefault(each => each is not null);
        if (failure is null)
            DeploymentConditions.Remove(status, DeploymentConditions.ReplicaFailure);
        else
            DeploymentConditions.Set(status, DeploymentConditions.ReplicaFailure, failure.Status, failure.Reason, failure.Message, _now);
        if (status.Conditions is { Count: 0 })
            status.Conditions = null;
        _deployment.Status = status;
    }

    private static V1ReplicaSetCondition? FailureOf(RolledSet? set) => set?.Model.Status?.Conditions?.FirstOrDefault(each => each is { Type: "ReplicaFailure", Status: "True" });

    // calculateStatus.
    private V1DeploymentStatus NewStatus()
    {
        int available = _all.Sum(set => set.Model.Status?.AvailableReplicas ?? 0);
        var status = new V1DeploymentStatus
        {
            ObservedGeneration = _deployment.Metadata.Generation,
            Replicas = Some(_all.Sum(set => set.Actual)),
            UpdatedReplicas = Some(_newest?.Actual ?? 0),
            ReadyReplicas = Some(_all.Sum(set => set.Model.Status?.ReadyReplicas ?? 0)),
            AvailableReplicas = Some(available),
            UnavailableReplicas = Some(Math.Max(0, _all.Sum(set => set.Replicas) - available)),
            CollisionCount = _deployment.Status.CollisionCount,
            Conditions = _deployment.Status.Conditions?.ToList(),
        };
        if (available >= Wanted - RollingBounds.MaxUnavailable(_deployment))
            DeploymentConditions.Set(status, DeploymentConditions.Available, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", _now);
        else
            DeploymentConditions.Set(status, DeploymentConditions.Available, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", _now);
        return status;
    }

    private static int? Some(int count) => count == 0 ? null : count;
}
