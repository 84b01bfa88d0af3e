using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Api;
using ActorNet.Kubernetes.Client;
using ActorNet.Kubernetes.Documents;
using ActorNet.Kubernetes.Kinds;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Controllers.Nodes;

/// <summary>
/// Watches over the heartbeats of Nodes: a Node that is silent for the grace period becomes Unknown, gets its taints, and its pods are no
/// longer ready (kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go). A heartbeat is a new renewTime of the Node's Lease or
/// a new heartbeat in its status, and what counts is when it was seen here, by this clock. Zones and their rate limits are left out; when no
/// node is ready, none is evicted from, as upstream does when all zones are disrupted.
/// </summary>
/// <param name="caches">What it sees.</param>
/// <param name="timing">How long to wait.</param>
public sealed class NodeLifecycleController(ClusterCaches caches, NodeTiming timing) : Controller
{
    private static readonly string[] Heard = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    private readonly KindDescriptor _kind = caches.Kinds.Of<V1Node>(), _pods = caches.Kinds.Of<V1Pod>();
    private readonly Dictionary<string, Heartbeat> _heartbeats = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public override string Name => "node-controller";

    /// <inheritdoc/>
    public override void Watch(WorkQueue queue)
    {
        caches.Nodes.Changed += change => queue.Add(change.Latest.Metadata.Name);
        caches.Leases.Changed += change =>
        {
            if (change.Latest.Metadata.NamespaceProperty == NodeState.LeaseNamespace)
                queue.Add(change.Latest.Metadata.Name);
        };
    }

    /// <inheritdoc/>
    public override Step Reconcile(string key, DateTimeOffset now)
    {
        if (caches.Nodes.Snapshot.Find("", key) is not { } node)
        {
            _heartbeats.Remove(key);
            return Step.Nothing;
        }

        var writes = new List<ApiWrite>();
        var events = new List<EventWrite>();
        if (!_heartbeats.TryGetValue(key, out Heartbeat? known) || known.Uid != node.Metadata.Uid)
            events.Add(EventWrite.Of(node, _kind, "Normal", "RegisteredNode", $"Node {key} event: Registered Node {key} in Controller"));
        Heartbeat beat = Observe(node, now);
        // Each step goes by what the cache shows: what a status leads to comes when it is there.
        if (now - beat.Seen > timing.GracePeriod && NodeState.Status(node, "Ready") != "Unknown")
        {
            _heartbeats[key] = beat;
            return new Step([Conditions(Silence(node, now))], timing.MonitorPeriod) { Events = events };
        }

        bool isReady = NodeState.IsReady(node);
        if (beat.WasReady && !isReady)
        {
            events.Add(EventWrite.Of(node, _kind, "Normal", "NodeNotReady", $"Node {key} status is now: NodeNotReady"));
            writes.AddRange(PodsNotReady(key, now));
        }

        _heartbeats[key] = beat with { WasReady = isReady };
        List<V1Taint> taints = NodeTaints.Of(node, caches.Nodes.Snapshot.All.Any(other => other.Metadata.Name != key && NodeState.IsReady(other)), now);
        if (!Same(node.Spec?.Taints, taints))
            writes.Add(Taints(node, taints));
        TimeSpan left = beat.Seen + timing.GracePeriod - now;
        // Just behind the end of the grace period, or at the next look.
        return new Step(writes, left > TimeSpan.Zero && left < timing.MonitorPeriod ? left + TimeSpan.FromMilliseconds(1) : timing.MonitorPeriod) { Events = events };
    }

    private Heartbeat Observe(V1Node node, DateTimeOffset now)
    {
        DateTime? renewed = caches.Leases.Snapshot.Find(NodeState.LeaseNamespace, node.Metadata.Name)?.Spec?.RenewTime;
        V1NodeCondition? ready = NodeState.Condition(node, "Ready");
        // What this controller wrote itself is no sign of life.
        DateTime? told = ready?.Status == "Unknown" ? null : ready?.LastHeartbeatTime;
        bool isKnown = _heartbeats.TryGetValue(node.Metadata.Name, out Heartbeat? before) && before.Uid == node.Metadata.Uid;
        if (isKnown && before!.Renewed == renewed && (told is null || before.Told == told))
            return before;
        return new Heartbeat(node.Metadata.Uid, renewed, told, now, isKnown ? before!.WasReady : ready?.Status == "True");
    }

    private static V1Node Silence(V1Node node, DateTimeOffset now)
    {
        V1Node judged = ModelCopy.Of(node);
        judged.Status ??= new V1NodeStatus();
        judged.Status.Conditions ??= [];
        foreach (string type in Heard)
        {
            V1NodeCondition? condition = NodeState.Condition(judged, type);
            if (condition is null)
            {
                judged.Status.Conditions.Add(new V1NodeCondition
                {
                    Type = type,
                    Status = "Unknown",
                    Reason = "NodeStatusNeverUpdated",
                    Message = "Kubelet never posted node status.",
                    LastHeartbeatTime = node.Metadata.CreationTimestamp,
                    LastTransitionTime = now.Seconds(),
                });
            }
            else if (condition.Status != "Unknown")
            {
                condition.Status = "Unknown";
                condition.Reason = "NodeStatusUnknown";
                condition.Message = "Kubelet stopped posting node status.";
                condition.LastTransitionTime = now.Seconds();
            }
        }

        return judged;
    }

    // The version is a condition: a status that came meanwhile is a sign of life.
    private PatchWrite Conditions(V1Node judged)
    {
        var conditions = JsonNode.Parse(KubernetesJson.Serialize(judged.Status.Conditions));
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = judged.Metadata.ResourceVersion }, ["status"] = new JsonObject { ["conditions"] = conditions } };
        return new PatchWrite(_kind, "", judged.Metadata.Name, PatchForm.Strategic, patch, "status") { Tolerates = [404] };
    }

    // taints have no merge key: the list is replaced, so nobody else may have changed the Node.
    private PatchWrite Taints(V1Node node, List<V1Taint> taints)
    {
        var list = new JsonArray([.. taints.Select(taint => JsonNode.Parse(KubernetesJson.Serialize(taint)))]);
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = node.Metadata.ResourceVersion }, ["spec"] = new JsonObject { ["taints"] = taints.Count == 0 ? null : list } };
        return new PatchWrite(_kind, "", node.Metadata.Name, PatchForm.Merge, patch) { Tolerates = [404] };
    }

    // MarkPodsNotReady (pkg/util/node, controller/util/node/controller_utils.go).
    private IEnumerable<ApiWrite> PodsNotReady(string node, DateTimeOffset now)
    {
        foreach (V1Pod pod in caches.Pods.Snapshot.By(ClusterCaches.NodeIndex, node).Where(pod => pod.IsReady()))
        {
            var condition = new JsonObject { ["type"] = "Ready", ["status"] = "False", ["lastTransitionTime"] = ScalarReader.Time(now) };
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid }, ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } };
            yield return new PatchWrite(_pods, pod.Metadata.NamespaceProperty, pod.Metadata.Name, PatchForm.Strategic, patch, "status") { Tolerates = [404, 409] };
        }
    }

    private static bool Same(IList<V1Taint>? before, List<V1Taint> after) =>
        (before?.Count ?? 0) == after.Count && after.All(taint => before!.Any(other => other.Key == taint.Key && other.Effect == taint.Effect && other.Value == taint.Value));

    /// <summary>What was heard of a Node last.</summary>
    /// <param name="Uid">The Node.</param>
    /// <param name="Renewed">The renewTime of its Lease.</param>
    /// <param name="Told">The heartbeat in its status.</param>
    /// <param name="Seen">When that was seen here.</param>
    /// <param name="WasReady">Whether it was ready at the last look.</param>
    private sealed record Heartbeat(string Uid, DateTime? Renewed, DateTime? Told, DateTimeOffset Seen, bool WasReady);
}
