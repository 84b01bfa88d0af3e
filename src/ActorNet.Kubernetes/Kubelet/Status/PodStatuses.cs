using System.Text.Json.Nodes;
using ActorNet.Kubernetes.Kinds.Core;
using k8s;
using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Status;

/// <summary>What is known of a pod on its node.</summary>
public sealed record PodFacts
{
    /// <summary>Init containers in their order.</summary>
    public required IReadOnlyList<ContainerFacts> InitContainers { get; init; }

    /// <summary>Containers in their order.</summary>
    public required IReadOnlyList<ContainerFacts> Containers { get; init; }

    /// <summary>The pod's address, which stays after its network is gone; null before.</summary>
    public string? PodIp { get; init; }

    /// <summary>Whether its sandbox and network stand.</summary>
    public bool HasSandbox { get; init; }

    /// <summary>Its node's address.</summary>
    public required string HostIp { get; init; }

    /// <summary>When the kubelet took it.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>Nothing of it starts again.</summary>
    public bool WillNotRestart { get; init; }

    /// <summary>The phase that it ended in for a reason of its own, such as a deadline; null else.</summary>
    public PodFailure? Failure { get; init; }
}

/// <summary>Why a pod failed as a whole.</summary>
/// <param name="Reason">In one word.</param>
/// <param name="Message">Message.</param>
public sealed record PodFailure(string Reason, string Message);

/// <summary>A pod's status (kubernetes pkg/kubelet/kubelet_pods.go, generateAPIPodStatus).</summary>
public static class PodStatuses
{
    /// <summary>Makes the status.</summary>
    /// <param name="pod">The pod as the API has it; conditions that are not the kubelet's are kept.</param>
    /// <param name="facts">What is known.</param>
    /// <param name="last">The status told last: its terminal phase and its conditions' times stay; null for the first.</param>
    /// <param name="now">Time of conditions that change.</param>
    public static V1PodStatus Of(V1Pod pod, PodFacts facts, V1PodStatus? last, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(facts);
        bool hasInit = facts.InitContainers.Count > 0;
        V1ContainerStatus[] init = [.. facts.InitContainers.Select(c => ContainerStatuses.Of(c, hasInit))];
        V1ContainerStatus[] regular = [.. facts.Containers.Select(c => ContainerStatuses.Of(c, hasInit))];
        V1ContainerStatus[] all = [.. init, .. regular];
        string phase = Phase(pod, facts, last, all);
        var status = new V1PodStatus
        {
            Phase = phase,
            Reason = facts.Failure?.Reason,
            Message = facts.Failure?.Message,
            HostIP = facts.HostIp,
            HostIPs = [new V1HostIP { Ip = facts.HostIp }],
            PodIP = facts.PodIp,
            PodIPs = facts.PodIp is { } ip ? [new V1PodIP { Ip = ip }] : null,
            StartTime = ContainerStatuses.Seconds(facts.StartTime),
            QosClass = pod.Status?.QosClass ?? QualityOfService(pod.Spec),
            InitContainerStatuses = hasInit ? init : null,
            ContainerStatuses = [.. regular.OrderBy(static c => c.Name, StringComparer.Ordinal)],
        };
        status.Conditions = Conditions(pod, facts.HasSandbox, all, phase, last, now);
        return status;
    }

    /// <summary>The status of a pod that the kubelet does not take at all (kubernetes pkg/kubelet/kubelet.go, rejectPod).</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="why">Why.</param>
    /// <param name="now">When.</param>
    public static V1PodStatus Rejected(V1Pod pod, PodFailure why, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(why);
        return new V1PodStatus
        {
            Phase = PodPhase.Failed,
            Reason = why.Reason,
            Message = "Pod was rejected: " + why.Message,
            QosClass = pod.Status?.QosClass ?? QualityOfService(pod.Spec),
            StartTime = ContainerStatuses.Seconds(now),
        };
    }

    private static string Phase(V1Pod pod, PodFacts facts, V1PodStatus? last, V1ContainerStatus[] all)
    {
        if (facts.Failure is not null)
            return PodPhase.Failed;
        if (PodPhase.IsTerminal(last?.Phase))
            return last!.Phase;
        return PodPhase.IsTerminal(pod.Status?.Phase) ? pod.Status!.Phase : PodPhase.Of(pod.Spec, all, facts.WillNotRestart);
    }

    private static List<V1PodCondition> Conditions(V1Pod pod, bool hasSandbox, V1ContainerStatus[] all, string phase, V1PodStatus? last, DateTimeOffset now)
    {
        List<V1PodCondition> conditions = [.. (pod.Status?.Conditions ?? []).Where(static c => !PodConditions.IsOwned(c.Type))];
        int kept = conditions.Count;
        conditions.Add(PodConditions.Of(PodConditions.ReadyToStartContainers, hasSandbox));
        conditions.Add(PodConditions.OfInitialized(pod.Spec, all, phase));
        conditions.Add(PodConditions.OfReady(pod.Spec, conditions, all, phase));
        conditions.Add(PodConditions.OfContainersReady(pod.Spec, all, phase));
        conditions.Add(PodConditions.Of(PodConditions.PodScheduled, true));
        foreach (V1PodCondition condition in conditions.Skip(kept))
        {
            V1PodCondition? before = (last?.Conditions ?? pod.Status?.Conditions)?.FirstOrDefault(c => c.Type == condition.Type);
            condition.LastTransitionTime = before?.Status == condition.Status ? before.LastTransitionTime : ContainerStatuses.Seconds(now);
        }

        return conditions;
    }

    private static string QualityOfService(V1PodSpec spec) => PodSummary.QualityOfService(JsonNode.Parse(KubernetesJson.Serialize(spec))!.AsObject());
}
