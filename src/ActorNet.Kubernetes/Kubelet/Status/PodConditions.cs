using k8s.Models;

namespace ActorNet.Kubernetes.Kubelet.Status;

/// <summary>The conditions of a pod that its kubelet owns (kubernetes pkg/kubelet/status/generate.go).</summary>
public static class PodConditions
{
    /// <summary>Type of the condition that the pod has a node.</summary>
    public const string PodScheduled = "PodScheduled";

    /// <summary>Type of the condition that the sandbox and its network stand.</summary>
    public const string ReadyToStartContainers = "PodReadyToStartContainers";

    /// <summary>Type of the condition that the init containers are done.</summary>
    public const string Initialized = "Initialized";

    /// <summary>Type of the condition that all containers are ready.</summary>
    public const string ContainersReady = "ContainersReady";

    /// <summary>Type of the condition that the pod is ready.</summary>
    public const string Ready = "Ready";

    private const string UnknownContainerStatuses = "UnknownContainerStatuses";
    private const string PodCompleted = "PodCompleted";
    private const string PodFailed = "PodFailed";

    /// <summary>Whether the kubelet owns a condition; others are kept as the API has them.</summary>
    /// <param name="type">Type.</param>
    public static bool IsOwned(string type) => type is PodScheduled or ReadyToStartContainers or Initialized or ContainersReady or Ready;

    /// <summary>GenerateContainersReadyCondition.</summary>
    /// <param name="spec">The pod's spec.</param>
    /// <param name="statuses">Statuses of all containers; null when there are none yet.</param>
    /// <param name="phase">The pod's phase.</param>
    public static V1PodCondition OfContainersReady(V1PodSpec spec, IReadOnlyCollection<V1ContainerStatus>? statuses, string phase)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (statuses is null)
            return False(ContainersReady, UnknownContainerStatuses);
        string[] names = [.. (spec.InitContainers ?? []).Where(RestartRules.IsSidecar).Concat(spec.Containers).Select(static c => c.Name)];
        string[] unknown = [.. names.Where(n => PodPhase.Find(statuses, n) is null)];
        string[] unready = [.. names.Where(n => PodPhase.Find(statuses, n) is { Ready: false })];
        if (phase == PodPhase.Succeeded && unknown.Length == 0)
            return False(ContainersReady, PodCompleted);
        if (phase == PodPhase.Failed)
            return False(ContainersReady, PodFailed);
        string message = Messages(("containers with unknown status", unknown), ("containers with unready status", unready));
        return message.Length > 0 ? False(ContainersReady, "ContainersNotReady", message) : True(ContainersReady);
    }

    /// <summary>GeneratePodReadyCondition.</summary>
    /// <param name="spec">The pod's spec.</param>
    /// <param name="conditions">Its other conditions, where the readiness gates are.</param>
    /// <param name="statuses">Statuses of all containers; null when there are none yet.</param>
    /// <param name="phase">The pod's phase.</param>
    public static V1PodCondition OfReady(V1PodSpec spec, IReadOnlyCollection<V1PodCondition> conditions, IReadOnlyCollection<V1ContainerStatus>? statuses, string phase)
    {
        V1PodCondition containers = OfContainersReady(spec, statuses, phase);
        if (containers.Status != "True")
            return False(Ready, containers.Reason, containers.Message);
        string[] unmet = [.. (spec.ReadinessGates ?? []).Select(g => Unmet(g.ConditionType, conditions)).Where(static m => m is not null).Select(static m => m!)];
        return unmet.Length > 0 ? False(Ready, "ReadinessGatesNotReady", string.Join(", ", unmet)) : True(Ready);
    }

    /// <summary>GeneratePodInitializedCondition.</summary>
    /// <param name="spec">The pod's spec.</param>
    /// <param name="statuses">Statuses of all containers; null when there are none yet.</param>
    /// <param name="phase">The pod's phase.</param>
    public static V1PodCondition OfInitialized(V1PodSpec spec, IReadOnlyCollection<V1ContainerStatus>? statuses, string phase)
    {
        ArgumentNullException.ThrowIfNull(spec);
        IList<V1Container> inits = spec.InitContainers ?? [];
        if (statuses is null)
            return inits.Count > 0 ? False(Initialized, UnknownContainerStatuses) : True(Initialized);
        string[] unknown = [.. inits.Where(c => PodPhase.Find(statuses, c.Name) is null).Select(static c => c.Name)];
        string[] incomplete = [.. inits.Where(c => PodPhase.Find(statuses, c.Name) is { } s && !(RestartRules.IsSidecar(c) ? s.Started == true : s.Ready)).Select(static c => c.Name)];
        if (phase == PodPhase.Succeeded && unknown.Length == 0)
            return new V1PodCondition { Type = Initialized, Status = "True", Reason = PodCompleted };
        if (PodPhase.HasAnyRegularStarted(spec, statuses))
            return True(Initialized);
        string message = Messages(("containers with unknown status", unknown), ("containers with incomplete status", incomplete));
        return message.Length > 0 ? False(Initialized, "ContainersNotInitialized", message) : True(Initialized);
    }

    /// <summary>A condition that holds or not, without a reason.</summary>
    /// <param name="type">Type.</param>
    /// <param name="holds">Whether it holds.</param>
    public static V1PodCondition Of(string type, bool holds) => holds ? True(type) : False(type, null);

    private static string? Unmet(string gate, IReadOnlyCollection<V1PodCondition> conditions) => conditions.FirstOrDefault(c => c.Type == gate) switch
    {
        null => $"corresponding condition of pod readiness gate \"{gate}\" does not exist.",
        { Status: "True" } => null,
        { Status: var status } => $"the status of pod readiness gate \"{gate}\" is not \"True\", but {status}",
    };

    // Go prints a list of words with spaces between them, in brackets.
    private static string Messages(params (string What, string[] Names)[] parts) =>
        string.Join(", ", parts.Where(static p => p.Names.Length > 0).Select(static p => $"{p.What}: [{string.Join(' ', p.Names)}]"));

    private static V1PodCondition True(string type) => new() { Type = type, Status = "True" };

    private static V1PodCondition False(string type, string? reason, string? message = null) => new() { Type = type, Status = "False", Reason = reason, Message = message };
}
