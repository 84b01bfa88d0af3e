using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Workloads;

/// <summary>
/// Runs Jobs (kubernetes pkg/controller/job/job_controller.go, indexed_job_utils.go, backoff_utils.go; pkg/controller/ttlafterfinished). A
/// pod that ended is counted once: it keeps its finalizer until the status names its uid, and is added to the counts when it let go. Pod
/// failure policies, success policies and back-off limits per index are not carried out.
/// </summary>
/// <param name="caches">What it sees.</param>
public sealed class JobController(ClusterCaches caches) : Controller
{
    /// <summary>The finalizer of pods that are not counted yet.</summary>
    public const string TrackingFinalizer = "batch.kubernetes.io/job-tracking";

    private const string IndexName = "batch.kubernetes.io/job-completion-index";
    private const int MostPodsPerStep = 500;

    // DefaultJobPodFailureBackOff and MaxJobPodFailureBackOff.
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(10), LongestBackOff = TimeSpan.FromMinutes(10);

    private readonly KindDescriptor _kind = caches.Kinds.Of<V1Job>(), _pods = caches.Kinds.Of<V1Pod>();

    // The pods of a Job that failed one after the other, and when the last of them did.
    private readonly Dictionary<string, (HashSet<string> Failed, DateTimeOffset Last)> _backOff = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Name => "job-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.Jobs.Changed += change => queue.Add(ObjectKey.Of(change.Latest));
        PodOwners.Watch(caches.Pods, caches.Jobs, _kind, job => job.Spec.Selector, queue);
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        (string space, string name) = ObjectKey.Split(key);
        if (caches.Jobs.Snapshot.Find(space, name) is not { } found)
        {
            _backOff.Remove(key);
            return Step.Nothing;
        }

        var writes = new List<ApiWrite>();
        List<V1Pod> pods = OwnerRules.Claim(found, _kind, caches.Pods.Snapshot.InNamespace(space), _pods, Labels.SelectorOf(found.Spec.Selector), writes);
        if (found.Metadata.DeletionTimestamp is not null)
            return new Step([.. writes, .. pods.Where(HasFinalizer).Select(LetGo)]);
        V1Job job = ModelCopy.Of(found);
        job.Status ??= new V1JobStatus();
        bool wasFinished = IsFinished(job);
        List<ApiWrite> released = Count(job, key, pods, now);
        var step = new JobStep(pods);
        TimeSpan? requeue = null;
        if (!wasFinished)
            requeue = Advance(job, key, step, now);
        if (!ModelCopy.Same(job.Status, found.Status))
            writes.Add(new UpdateWrite<V1Job>(job, "status") { Tolerates = [404], Tells = step.Told is { } told ? EventWrite.Of(found, _kind, told.Type, told.Reason, told.Message) : null });
        writes.AddRange(released);
        foreach (V1Pod pod in step.Doomed)
        {
            // What is taken away because it is not needed does not count as failed.
            if (!step.IsFailing && HasFinalizer(pod))
                writes.Add(LetGo(pod));
            writes.Add(Delete(found, pod));
        }

        writes.AddRange(step.Made.Select(index => new CreateWrite<V1Pod>(NewPod(found, index)) { IsIndependent = true, Tells = EventWrite.Of(found, _kind, "Normal", "SuccessfulCreate", "Created pod: {0}") }));
        if (wasFinished)
            requeue = Expire(found, writes, now);
        return new Step(writes, requeue);
    }

    private static bool IsFinished(V1Job job) => job.Status?.Conditions?.Any(each => each is { Type: "Complete" or "Failed", Status: "True" }) == true;

    private static bool HasFinalizer(V1Pod pod) => pod.Metadata.Finalizers?.Contains(TrackingFinalizer) == true;

    // trackJobStatusAndRemoveFinalizers.
    private List<ApiWrite> Count(V1Job job, string key, List<V1Pod> pods, DateTimeOffset now)
    {
        V1JobStatus status = job.Status;
        Dictionary<string, V1Pod> held = pods.Where(HasFinalizer).ToDictionary(pod => pod.Metadata.Uid);
        List<string> succeeded = [.. status.UncountedTerminatedPods?.Succeeded ?? []], failed = [.. status.UncountedTerminatedPods?.Failed ?? []];
        status.Succeeded = (status.Succeeded ?? 0) + succeeded.RemoveAll(uid => !held.ContainsKey(uid));
        status.Failed = (status.Failed ?? 0) + failed.RemoveAll(uid => !held.ContainsKey(uid));
        bool isIndexed = job.Spec.CompletionMode == "Indexed";
        SortedSet<int> indexes = Indexes(status.CompletedIndexes);
        var released = new List<ApiWrite>();
        foreach (V1Pod pod in held.Values.OrderBy(pod => pod.Metadata.CreationTimestamp).ThenBy(pod => pod.Metadata.Name, StringComparer.Ordinal))
        {
            bool isKnown = succeeded.Contains(pod.Metadata.Uid) || failed.Contains(pod.Metadata.Uid);
            // A pod that is being deleted may never say how it ended: it counts as failed.
            bool isOver = pod.IsTerminal() || pod.IsTerminating();
            if (!isOver && !IsFinished(job))
                continue;
            if (!isKnown && pod.Status?.Phase == "Succeeded")
            {
                // Several pods of one index count as one.
                if (!isIndexed || (IndexOf(pod) is { } index && index < (job.Spec.Completions ?? 0) && indexes.Add(index)))
                    succeeded.Add(pod.Metadata.Uid);
                _backOff.Remove(key);
            }
            else if (!isKnown && isOver)
            {
                failed.Add(pod.Metadata.Uid);
                HashSet<string> behind = _backOff.TryGetValue(key, out (HashSet<string> Failed, DateTimeOffset Last) known) ? known.Failed : new(StringComparer.Ordinal);
                if (behind.Add(pod.Metadata.Uid))
                    _backOff[key] = (behind, now);
            }

            released.Add(LetGo(pod));
        }

        if (isIndexed)
            status.CompletedIndexes = indexes.Count == 0 ? null : Ranges(indexes);

        status.UncountedTerminatedPods = new V1UncountedTerminatedPods { Succeeded = succeeded.Count == 0 ? null : succeeded, Failed = failed.Count == 0 ? null : failed };
        if (status.Succeeded == 0)
            status.Succeeded = null;
        if (status.Failed == 0)
            status.Failed = null;
        return released;
    }

    // syncJob, behind the counting.
    private TimeSpan? Advance(V1Job job, string key, JobStep step, DateTimeOffset now)
    {
        V1JobStatus status = job.Status;
        int succeeded = (status.Succeeded ?? 0) + (status.UncountedTerminatedPods?.Succeeded?.Count ?? 0), failed = (status.Failed ?? 0) + (status.UncountedTerminatedPods?.Failed?.Count ?? 0);
        if (status.StartTime is null && job.Spec.Suspend != true)
            status.StartTime = now.Seconds();
        (string Reason, string Message)? failure = FailureOf(job, step.Active, failed, now);
        int active = step.Active.Count;
        if (failure is { } why)
        {
            step.IsFailing = true;
            step.Doom(step.Active);
            active = 0;
            Set(status, "FailureTarget", "True", why.Reason, why.Message, now);
            // The Job has failed when its last pod has.
            if (!step.HasTerminating && step.Active.Count == 0)
            {
                Set(status, "Failed", "True", why.Reason, why.Message, now);
                step.Told = ("Warning", why.Reason, why.Message);
            }
        }
        else if (IsComplete(job, succeeded, active))
        {
            step.Doom(step.Active);
            active = 0;
            Set(status, "SuccessCriteriaMet", "True", "CompletionsReached", "Reached expected number of succeeded pods", now);
            if (!step.HasTerminating && step.Active.Count == 0)
            {
                Set(status, "Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods", now);
                status.CompletionTime = now.Seconds();
                step.Told = ("Normal", "Completed", "Job completed");
            }
        }
        else if (job.Spec.Suspend == true)
        {
            step.Doom(step.Active);
            active = 0;
            if (status.Conditions?.Any(each => each is { Type: "Suspended", Status: "True" }) != true)
            {
                Set(status, "Suspended", "True", "JobSuspended", "Job suspended", now);
                step.Told = ("Normal", "Suspended", "Job suspended");
            }

            status.StartTime = null;
        }
        else
        {
            if (status.Conditions?.Any(each => each is { Type: "Suspended", Status: "True" }) == true)
            {
                Set(status, "Suspended", "False", "JobResumed", "Job resumed", now);
                status.StartTime = now.Seconds();
                step.Told = ("Normal", "Resumed", "Job resumed");
            }

            TimeSpan? wait = Manage(job, key, step, succeeded, now);
            status.Active = Some(step.Active.Count);
            Rest(status, step);
            return Sooner(wait, DeadlineOf(job, now));
        }

        status.Active = Some(active);
        Rest(status, step);
        return null;
    }

    private static void Rest(V1JobStatus status, JobStep step)
    {
        status.Ready = step.Active.Count(pod => pod.IsReady());
        status.Terminating = step.Terminating;
    }

    // manageJob.
    private TimeSpan? Manage(V1Job job, string key, JobStep step, int succeeded, DateTimeOffset now)
    {
        int parallel = job.Spec.Parallelism ?? 1, active = step.Active.Count;
        int wanted = job.Spec.Completions is { } completions ? Math.Min(parallel, Math.Max(0, completions - succeeded)) : succeeded > 0 ? Math.Min(parallel, active) : parallel;
        if (active > wanted)
        {
            step.Doom(step.Active.Order(new PodRanking(step.Active, now)).Take(active - wanted));
            return null;
        }

        int missing = Math.Min(wanted - active - (job.Spec.PodReplacementPolicy == "Failed" ? step.Terminating : 0), MostPodsPerStep);
        if (missing <= 0)
            return null;
        if (_backOff.TryGetValue(key, out (HashSet<string> Failed, DateTimeOffset Last) behind))
        {
            double seconds = FirstBackOff.TotalSeconds * Math.Pow(2, behind.Failed.Count - 1);
            TimeSpan delay = seconds < LongestBackOff.TotalSeconds ? TimeSpan.FromSeconds(seconds) : LongestBackOff;
            if (behind.Last + delay - now is var left && left > TimeSpan.Zero)
                return left;
        }

        if (job.Spec.CompletionMode == "Indexed")
        {
            HashSet<int> taken = [.. Indexes(job.Status.CompletedIndexes), .. step.Active.Select(IndexOf).OfType<int>()];
            step.Made.AddRange(Enumerable.Range(0, job.Spec.Completions ?? 0).Where(index => !taken.Contains(index)).Take(missing).Cast<int?>());
        }
        else
        {
            step.Made.AddRange(Enumerable.Repeat<int?>(null, missing));
        }

        return null;
    }

    private static (string Reason, string Message)? FailureOf(V1Job job, IReadOnlyList<V1Pod> active, int failed, DateTimeOffset now)
    {
        if (job.Status.Conditions?.FirstOrDefault(each => each is { Type: "FailureTarget", Status: "True" }) is { } decided)
            return (decided.Reason, decided.Message);
        int limit = job.Spec.BackoffLimit ?? 6;
        // With OnFailure containers start again in their pods, and those count (pastBackoffLimitOnFailure).
        int restarts = job.Spec.Template.Spec.RestartPolicy == "OnFailure"
            ? active.Sum(pod => (pod.Status?.InitContainerStatuses ?? []).Concat(pod.Status?.ContainerStatuses ?? []).Sum(each => each.RestartCount))
            : 0;
        if (failed > limit || (restarts > 0 && restarts >= limit))
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        return DeadlineOf(job, now) is { } left && left <= TimeSpan.Zero ? ("DeadlineExceeded", "Job was active longer than specified deadline") : null;
    }

    private static TimeSpan? DeadlineOf(V1Job job, DateTimeOffset now) =>
        job.Spec.ActiveDeadlineSeconds is { } seconds && job.Spec.Suspend != true && job.Status.StartTime is { } start ? start + TimeSpan.FromSeconds(seconds) - now.UtcDateTime : null;

    private static bool IsComplete(V1Job job, int succeeded, int active) =>
        job.Spec.Completions is { } completions ? succeeded >= completions : succeeded > 0 && active == 0;

    // ttlafterfinished_controller.go.
    private TimeSpan? Expire(V1Job job, List<ApiWrite> writes, DateTimeOffset now)
    {
        DateTime? end = job.Status.Conditions.First(each => each is { Type: "Complete" or "Failed", Status: "True" }).LastTransitionTime;
        if (job.Spec.TtlSecondsAfterFinished is not { } seconds || end is not { } finished)
            return null;
        TimeSpan left = finished + TimeSpan.FromSeconds(seconds) - now.UtcDateTime;
        if (left > TimeSpan.Zero)
            return left;
        writes.Add(new DeleteWrite(_kind, job.Metadata.NamespaceProperty, job.Metadata.Name, new DeleteOptions(PropagationPolicy: "Foreground", Uid: job.Metadata.Uid)) { Tolerates = [404] });
        return null;
    }

    private V1Pod NewPod(V1Job job, int? index)
    {
        V1Pod pod = PodTemplates.NewPod(job.Spec.Template, job, _kind);
        pod.Metadata.Finalizers = [.. pod.Metadata.Finalizers ?? [], TrackingFinalizer];
        if (index is not { } number)
            return pod;
        string text = number.ToString(CultureInfo.InvariantCulture);
        pod.Metadata.GenerateName = $"{job.Metadata.Name}-{text}-";
        pod.Metadata.Labels[IndexName] = text;
        pod.Metadata.Annotations = new Dictionary<string, string>(pod.Metadata.Annotations ?? new Dictionary<string, string>()) { [IndexName] = text };
        pod.Spec.Hostname = $"{job.Metadata.Name}-{text}";
        foreach (V1Container container in pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []))
        {
            if (container.Env?.Any(each => each.Name == "JOB_COMPLETION_INDEX") != true)
                container.Env = [.. container.Env ?? [], new V1EnvVar { Name = "JOB_COMPLETION_INDEX", ValueFrom = new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { FieldPath = $"metadata.labels['{IndexName}']" } } }];
        }

        return pod;
    }

    private PatchWrite LetGo(V1Pod pod)
    {
        var metadata = new JsonObject { ["uid"] = pod.Metadata.Uid, ["$deleteFromPrimitiveList/finalizers"] = new JsonArray(TrackingFinalizer) };
        return new PatchWrite(_pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, PatchForm.Strategic, new JsonObject { ["metadata"] = metadata }) { Tolerates = [404] };
    }

    private DeleteWrite Delete(V1Job job, V1Pod pod) =>
        new(_pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, new DeleteOptions(Uid: pod.Metadata.Uid))
        {
            Tolerates = [404],
            Tells = EventWrite.Of(job, _kind, "Normal", "SuccessfulDelete", "Deleted pod: {0}"),
        };

    private static int? IndexOf(V1Pod pod) =>
        pod.Metadata.Annotations is { } all && all.TryGetValue(IndexName, out string? text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index : null;

    /// <summary>The numbers of a text such as "0-2,5".</summary>
    private static SortedSet<int> Indexes(string? text)
    {
        var indexes = new SortedSet<int>();
        foreach (string range in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = range.Split('-');
            for (int index = int.Parse(ends[0], CultureInfo.InvariantCulture); index <= int.Parse(ends[^1], CultureInfo.InvariantCulture); index++)
                indexes.Add(index);
        }

        return indexes;
    }

    private static string Ranges(SortedSet<int> indexes)
    {
        var ranges = new List<string>();
        int first = indexes.Min, last = first;
        foreach (int index in indexes.Skip(1).Append(int.MaxValue))
        {
            if (index == last + 1)
            {
                last = index;
                continue;
            }

            // Two in a row are written one by one, as upstream does.
            ranges.Add(last == first ? $"{first}" : last == first + 1 ? $"{first},{last}" : $"{first}-{last}");
            first = last = index;
        }

        return string.Join(',', ranges);
    }

    private static void Set(V1JobStatus status, string type, string value, string reason, string message, DateTimeOffset now)
    {
        status.Conditions ??= [];
        V1JobCondition? before = status.Conditions.FirstOrDefault(each => each.Type == type);
        if (before?.Status == value)
            return;
        if (before is not null)
            status.Conditions.Remove(before);
        status.Conditions.Add(new V1JobCondition { Type = type, Status = value, Reason = reason, Message = message, LastProbeTime = now.Seconds(), LastTransitionTime = now.Seconds() });
    }

    private static TimeSpan? Sooner(TimeSpan? one, TimeSpan? other) => one is null ? other : other is null ? one : one < other ? one : other;

    private static int? Some(int count) => count == 0 ? null : count;

    /// <summary>What a step thinks about.</summary>
    private sealed class JobStep(List<V1Pod> pods)
    {
        public IReadOnlyList<V1Pod> Active { get; } = [.. pods.Where(pod => pod.IsActive())];

        public int Terminating { get; } = pods.Count(pod => pod.IsTerminating() && !pod.IsTerminal());

        public bool HasTerminating => Terminating > 0;

        public List<V1Pod> Doomed { get; } = [];

        /// <summary>Pods to make, by index; null: without.</summary>
        public List<int?> Made { get; } = [];

        public (string Type, string Reason, string Message)? Told { get; set; }

        /// <summary>True when pods are deleted because the Job failed.</summary>
        public bool IsFailing { get; set; }

        public void Doom(IEnumerable<V1Pod> pods) => Doomed.AddRange(pods);
    }
}
