using System.Globalization;
using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Caches;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Scheduling;

/// <summary>
/// Gives pods their nodes (kubernetes pkg/scheduler: schedule_one.go, framework/types.go FitError). All pods that wait are one key: a step
/// places them one after the other, each seeing what the ones before took, and the next step begins when the caches show the bindings.
/// There is no preemption, no inter-pod affinity, and topology spread is by owner and node alone.
/// </summary>
/// <param name="caches">What it sees.</param>
public sealed class SchedulerController(ClusterCaches caches) : Controller
{
    /// <summary>The scheduler that pods ask for by default.</summary>
    public const string DefaultName = "default-scheduler";

    private const string Key = "pods";
    private const int MostPerStep = 200;

    // A pod that cannot be placed is looked at again, and its event told again, after this long (podMaxInUnschedulablePodsDuration).
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(5);

    private readonly KindDescriptor _pods = caches.Kinds.Of<V1Pod>();
    private readonly Dictionary<string, DateTimeOffset> _told = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Name => DefaultName;

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.Pods.Changed += change =>
        {
            // A pod that waits, or one that leaves room behind.
            bool left = change is { Before.Spec.NodeName.Length: > 0 } && (change.After?.IsTerminal() != false);
            if (left || change.After is { } pod && IsWaiting(pod))
                queue.Add(Key);
        };
        caches.Nodes.Changed += change =>
        {
            if (change.Before is not { } before || change.After is not { } after || !IsSameFor(before, after))
                queue.Add(Key);
        };
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        ObjectSnapshot<V1Pod> pods = caches.Pods.Snapshot;
        V1Pod[] waiting = [.. pods.By(ClusterCaches.NodeIndex, "").Where(IsWaiting).OrderByDescending(pod => pod.Spec.Priority ?? 0).ThenBy(pod => pod.Metadata.CreationTimestamp).ThenBy(ObjectKey.Of, StringComparer.Ordinal)];
        if (waiting.Length == 0)
        {
            _told.Clear();
            return Step.Nothing;
        }

        NodeRoom[] rooms = [.. caches.Nodes.Snapshot.All.Select(node => new NodeRoom(node, pods.By(ClusterCaches.NodeIndex, node.Metadata.Name)))];
        var writes = new List<ApiWrite>();
        var events = new List<EventWrite>();
        bool isStuck = false;
        foreach (V1Pod pod in waiting)
        {
            if (Choose(pod, rooms, out string why) is { } room)
            {
                room.Take(pod);
                _told.Remove(pod.Metadata.Uid);
                writes.Add(Bind(pod, room.Node.Metadata.Name));
            }
            else
            {
                isStuck = true;
                Refuse(pod, why, now, writes, events);
            }

            // What is left comes when the caches show these.
            if (writes.Count >= MostPerStep)
                return new Step(writes, TimeSpan.Zero) { Events = events };
        }

        return new Step(writes, isStuck ? Again : null) { Events = events };
    }

    /// <summary>True when a pod is the default scheduler's to place.</summary>
    internal static bool IsWaiting(V1Pod pod) =>
        string.IsNullOrEmpty(pod.Spec.NodeName) && pod.IsActive() && (pod.Spec.SchedulerName ?? DefaultName) == DefaultName && pod.Spec.SchedulingGates is not { Count: > 0 };

    private static NodeRoom? Choose(V1Pod pod, NodeRoom[] rooms, out string why)
    {
        Dictionary<string, decimal> asked = PodRequests.Of(pod.Spec);
        var fits = new List<NodeRoom>();
        var refusals = new List<NodeRefusal>();
        foreach (NodeRoom room in rooms)
        {
            if (room.Refuses(pod, asked) is { } refusal)
                refusals.Add(refusal);
            else
                fits.Add(room);
        }

        why = fits.Count > 0 ? "" : Explain(refusals);
        if (fits.Count == 0)
            return null;
        string? owner = OwnerRules.ControllerOf(pod)?.Uid;
        int most = fits.Max(room => room.CountOf(owner));
        return fits.OrderByDescending(room => Score(pod, room, owner, most)).ThenBy(room => TieBreak(pod, room)).First();
    }

    // The weights are those of upstream's default plugins (apis/config/v1/default_plugins.go).
    private static double Score(V1Pod pod, NodeRoom room, string? owner, int most)
    {
        double spread = most == 0 ? 100 : 100.0 * (most - room.CountOf(owner)) / most;
        double soft = NodeMatch.Untolerated(room.Node, pod.Spec.Tolerations, "PreferNoSchedule") is null ? 100 : 0;
        double preferred = (pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Where(each => NodeMatch.Meets(each.Preference, room.Node)).Sum(each => each.Weight);
        return Math.Round((2 * spread) + (3 * soft) + (2 * Math.Min(100, preferred)) + room.LeastAllocated(pod.Spec) + room.Balanced(pod.Spec), 3);
    }

    // Upstream draws among equals; here the draw is a hash of pod and node.
    private static string TieBreak(V1Pod pod, NodeRoom room) => Workloads.TemplateHash.Of(pod.Metadata.Uid + room.Node.Metadata.Name, null);

    // FitError.Error and the message of the default preemption, which here never finds victims.
    private static string Explain(List<NodeRefusal> refusals)
    {
        int all = refusals.Count;
        if (all == 0)
            return "no nodes available to schedule pods";
        string preemption = Histogram(refusals.Select(refusal => refusal.IsFinal ? "Preemption is not helpful for scheduling" : "No preemption victims found for incoming pod"));
        return string.Create(CultureInfo.InvariantCulture, $"0/{all} nodes are available: {Histogram(refusals.SelectMany(refusal => refusal.Reasons))}. preemption: 0/{all} nodes are available: {preemption}.");
    }

    private static string Histogram(IEnumerable<string> reasons) =>
        string.Join(", ", reasons.GroupBy(reason => reason).Select(group => string.Create(CultureInfo.InvariantCulture, $"{group.Count()} {group.Key}")).Order(StringComparer.Ordinal));

    private BindWrite Bind(V1Pod pod, string node) => new(pod.Metadata.NamespaceProperty, pod.Metadata.Name, node)
    {
        // Upstream binds each pod in a goroutine of its own (schedule_one.go bindingCycle).
        IsIndependent = true,
        Tolerates = [404],
        Tells = EventWrite.Of(pod, _pods, "Normal", "Scheduled", $"Successfully assigned {pod.Metadata.NamespaceProperty}/{pod.Metadata.Name} to {node}"),
    };

    private void Refuse(V1Pod pod, string why, DateTimeOffset now, List<ApiWrite> writes, List<EventWrite> events)
    {
        V1PodCondition? before = pod.Condition("PodScheduled");
        bool isNew = before?.Status != "False" || before.Message != why;
        if (isNew)
        {
            string since = ScalarReader.Time(before?.Status == "False" && before.LastTransitionTime is { } then ? new DateTimeOffset(then, TimeSpan.Zero) : now);
            var condition = new JsonObject { ["type"] = "PodScheduled", ["status"] = "False", ["reason"] = "Unschedulable", ["message"] = why, ["lastProbeTime"] = null, ["lastTransitionTime"] = since };
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid }, ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
            writes.Add(new PatchWrite(_pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, PatchForm.Strategic, patch, "status") { Tolerates = [404, 409] });
        }

        if (!isNew && _told.TryGetValue(pod.Metadata.Uid, out DateTimeOffset last) && now - last < Again)
            return;
        _told[pod.Metadata.Uid] = now;
        events.Add(EventWrite.Of(pod, _pods, "Warning", "FailedScheduling", why));
    }

    // A heartbeat of a node changes nothing for the scheduler.
    private static bool IsSameFor(V1Node before, V1Node after) =>
        ModelCopy.Same(before.Spec, after.Spec) && ModelCopy.Same(before.Metadata.Labels, after.Metadata.Labels) && ModelCopy.Same(before.Status?.Allocatable, after.Status?.Allocatable);
}
